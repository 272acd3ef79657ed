/// The contract of sinks: a writer per task and, for exactly-once, a two-phase commit.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/io/io_context.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

/// What a writer contributes to a checkpoint.
struct writer_snapshot {
  /// The writer's own state, handed to `restore` of a later attempt.
  std::string state;
  /// What `commit` makes visible once the checkpoint is complete. Each is committed at least once,
  /// perhaps by another subtask or process.
  std::vector<std::string> committables;
};

/// Writes the records of one subtask. Called on its actor only and must never block it: blocking
/// work goes to `io_context::post_blocking`, which keeps the order.
///
/// Errors: what a method, or work it posted, throws fails the task.
class sink_writer {
public:
  virtual ~sink_writer() = default;

  /// Called once, before all else, with the states of the writers whose work this one goes on with
  /// (none on a fresh start, several after scaling in).
  virtual void open(io_context& context, const std::vector<std::string>& states) = 0;

  /// Takes all records of `records`; may take over the batch's contents.
  virtual void write(batch& records) = 0;

  /// Whether it can take another batch now. If not, it calls `io_context::wakeup()` when it can.
  virtual bool ready() const { return true; }

  /// Hands on what it has buffered, because no more input is at hand for now.
  virtual void flush() {}

  /// Processing time at which `flush` is to be called even if nothing comes (when a file gets too
  /// old, say). Asked after every call of `write` and `flush`.
  virtual std::optional<timestamp> flush_due() const { return std::nullopt; }

  /// At a barrier (and at the end of input): returns work that, on the task's blocking strand,
  /// makes durable what was written so far and tells what to commit.
  virtual std::function<writer_snapshot()> prepare_commit(std::uint64_t checkpoint_id,
                                                          bool end_of_input) {
    (void)checkpoint_id;
    (void)end_of_input;
    return nullptr;
  }

  /// Called, on the blocking strand, when the checkpoint that holds `committables` is complete; and
  /// again after a recovery, so it must be idempotent.
  virtual void commit(const std::vector<std::string>& committables) { (void)committables; }
};

/// A sink as the program describes it.
class sink_base {
public:
  virtual ~sink_base() = default;

  virtual const element_type& type() const noexcept = 0;
  virtual std::string name() const = 0;
  virtual std::unique_ptr<sink_writer> make_writer() const = 0;

  /// Whether output becomes visible only when a checkpoint completes.
  virtual bool transactional() const noexcept { return false; }

  /// Whether the records go to memory of this process, so that writers elsewhere would lose them.
  virtual bool process_local() const noexcept { return false; }

  /// Checks options that need no I/O. Errors: `plan_error`.
  virtual void validate() const {}

  /// The parallelism this sink insists on (one file is written by one), if any.
  virtual std::optional<std::uint32_t> fixed_parallelism() const { return std::nullopt; }
};

/// A sink of `T`.
template <class T>
class sink : public sink_base {
public:
  using value_type = T;
  const element_type& type() const noexcept override { return element_type_of<T>(); }
};

template <class T>
using sink_ptr = std::shared_ptr<const sink<T>>;

} // namespace sluice
