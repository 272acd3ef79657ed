/// What can be set on any operator, right after the call that adds it.
#pragma once

#include "sluice/api/program.hpp"

namespace sluice {

/// Settings of the operator that `Stream` is the output of. All return the stream.
///
/// Errors: `plan_error` when the stream is not the direct output of one operator (a union, or a
/// stream that was repartitioned).
template <class Stream>
class operator_settings {
public:
  /// A name for plans, logs, metrics and errors.
  Stream name(std::string value) const {
    node().name = std::move(value);
    return self();
  }

  /// Identifies the operator's state in snapshots, so that it survives changes of the program.
  Stream uid(std::string value) const {
    if (value.empty()) throw plan_error("a uid must not be empty");
    node().uid = std::move(value);
    node().uid_given = true;
    return self();
  }

  Stream set_parallelism(std::uint32_t value) const {
    node().parallelism = value;
    return self();
  }
  Stream set_max_parallelism(std::uint32_t value) const {
    node().max_parallelism = value;
    return self();
  }

  /// The operator becomes the head of a chain: it runs on an actor of its own with what follows.
  Stream start_new_chain() const {
    node().chaining = chaining_strategy::head;
    return self();
  }

  /// The operator runs on an actor of its own, alone.
  Stream disable_chaining() const {
    node().chaining = chaining_strategy::never;
    return self();
  }

  /// Operators of different groups take different slots of a cluster, so they can be kept apart;
  /// those of one group share slots. Default: the group of the operator's inputs, if they agree, or
  /// "default".
  Stream slot_sharing_group(std::string group) const {
    if (group.empty()) throw plan_error("a slot sharing group needs a name");
    node().slot_group = std::move(group);
    return self();
  }

  /// How long the operator's output may wait for a batch to fill; 0: not at all.
  Stream set_buffer_timeout(duration value) const {
    if (value.count() < 0) throw plan_error("the buffer timeout must not be negative");
    node().buffer_timeout = value;
    return self();
  }

protected:
  ~operator_settings() = default;

private:
  const Stream& self() const { return static_cast<const Stream&>(*this); }
  stream_node& node() const { return self().operator_node(); }
};

/// A sink that was added to the program.
class stream_sink : public operator_settings<stream_sink> {
public:
  stream_sink(std::shared_ptr<detail::program> program, node_id id)
    : program_(std::move(program)), id_(id) {}

  stream_node& operator_node() const { return program_->node(id_); }

private:
  std::shared_ptr<detail::program> program_;
  node_id id_;
};

} // namespace sluice
