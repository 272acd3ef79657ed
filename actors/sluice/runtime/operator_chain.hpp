/// The operators of one task, built and wired.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/ops/source_operator.hpp"
#include "sluice/plan/job_graph.hpp"
#include "sluice/runtime/io_services.hpp"
#include "sluice/runtime/output_channel.hpp"
#include "sluice/runtime/probe.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::runtime {

/// What the operators of a chain need from their task; outlives them.
struct chain_services {
  std::shared_ptr<const job_graph> graph;
  std::uint32_t vertex = 0;
  std::uint32_t subtask = 0;
  std::shared_ptr<task_probe> probe;
  io_services* io = nullptr;
  std::shared_ptr<blocking_strand> strand;
  /// Makes the task look again; any thread, any time.
  std::function<void()> wakeup;
  /// Fails the task with what operator `index` of the chain threw; any thread, any time.
  std::function<void(std::uint32_t index, std::exception_ptr)> fail;
  /// The task must call `on_processing_time` at this time. On the task's actor only.
  std::function<void(timestamp)> request_timer;
  /// The operator that is being made, to be named if that fails.
  std::uint32_t* building = nullptr;
};

/// Owner: one task. Calls that run user code may throw; the task is lost then.
class operator_chain {
public:
  operator_chain(chain_services services, std::vector<std::unique_ptr<output_edge>> edges);
  ~operator_chain();

  std::size_t size() const noexcept { return operators_.size(); }
  stream_operator& at(std::size_t i) { return *operators_[i]; }
  stream_operator& head() { return *operators_.front(); }
  ops::source_operator* source() noexcept { return source_; }
  const stream_node& node(std::size_t i) const;

  /// Opens the operators, downstream first, as nobody may be given records before it is open.
  void open();
  void restored();

  void process(batch& b, std::uint32_t input) { head().process(b, input); }

  /// Gives `b` to operator `index` of the chain, past those before it.
  void inject(std::uint32_t index, batch& b);

  void watermark(timestamp w, bool exact) { head().on_watermark(w, exact); }
  void status(bool idle) { head().on_status(idle); }
  void processing_time(timestamp now);
  void finish_input(std::uint32_t input) { head().finish_input(input); }
  /// Lets the operators emit what is left, one after the other. False: there is more; to be called
  /// again when there is room for it.
  bool finish_some();
  void on_idle();
  bool ready();

  /// As of `stream_operator`, of operator `index`.
  prepare_commit_work prepare_commit(std::uint32_t index, std::uint64_t checkpoint,
                                     bool end_of_input);

  std::vector<std::unique_ptr<output_edge>>& edges() noexcept { return edges_; }

  /// Operator that was running last, for error messages.
  std::uint32_t current() const noexcept { return current_; }

  std::uint64_t state_bytes() const noexcept;

  /// The event time that an operator within the chain, or the next task, was told last.
  timestamp watermark() const noexcept;

  /// Bytes of records that left the chain so far, for sinks and other tasks.
  std::uint64_t output_bytes() const noexcept;

  /// Whether one record of the input may become many of the output.
  bool may_expand() const noexcept;

private:
  class context;
  class link;

  output_port& port_of(std::uint32_t index, std::uint32_t port);

  chain_services services_;
  std::vector<std::unique_ptr<context>> contexts_;
  std::vector<std::unique_ptr<stream_operator>> operators_;
  std::vector<std::unique_ptr<link>> links_;
  std::vector<std::unique_ptr<output_edge>> edges_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> exits_; ///< operator, port
  ops::source_operator* source_ = nullptr;
  std::vector<std::uint32_t> can_refuse_; ///< sinks
  std::uint32_t current_ = 0;
  timestamp watermark_ = min_timestamp;
  std::uint32_t finished_ = 0; ///< operators
};

} // namespace sluice::runtime
