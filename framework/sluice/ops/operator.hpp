/// The contract between an operator and the actor that hosts it.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/core/clock.hpp"
#include "sluice/core/key_group.hpp"
#include "sluice/io/io_context.hpp"
#include "sluice/io/sink.hpp"
#include "sluice/ops/output.hpp"
#include "sluice/state/state_entry.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice {

/// Whether results are given continuously or once, when the bounded input has ended.
enum class execution_mode : std::uint8_t { streaming, batch, automatic };

/// What the hosting task lends to an operator; lives as long as it.
class operator_context : public io_context {
public:
  virtual std::uint32_t max_parallelism() const noexcept = 0;
  virtual key_group_range key_groups() const noexcept = 0;

  /// `streaming` or `batch`, never `automatic`.
  virtual execution_mode mode() const noexcept = 0;

  /// Asks for a call of `on_processing_time` at `at` or soon after. Several calls may ask for
  /// several times; asking again for a time already asked for does nothing.
  virtual void request_processing_time(timestamp at) = 0;

  /// Records that came after their windows were gone and went nowhere.
  virtual void count_late_records(std::uint64_t n) noexcept = 0;
};

/// What a finished checkpoint part needs besides state: work to do on the blocking strand.
using prepare_commit_work = std::function<writer_snapshot()>;

/// An operator instance. Owned by one actor and called on it only.
///
/// Contract: `process`, `on_watermark`, `on_processing_time` and `finish` may push to the ports and
/// leave nothing behind in a collector when they return, so that a barrier may follow at once.
class stream_operator {
public:
  virtual ~stream_operator() = default;

  /// Registers states and opens the user's function. Called before `restore` fills the states and
  /// before any record.
  virtual void open(operator_context& context) { context_ = &context; }

  /// All states are filled: rebuild what derives from them.
  virtual void restored() {}

  /// Handles all records of `b`, whose contents may be taken over, from input 0 or 1.
  virtual void process(batch& b, std::uint32_t input) = 0;

  /// The combined event time of all inputs has reached `w`.
  virtual void on_watermark(timestamp w, bool exact) { forward_watermark(w, exact); }

  virtual void on_status(bool idle) {
    for (auto& p : ports_) p.status(idle);
  }

  virtual void on_processing_time(timestamp now) { (void)now; }

  /// Input 0 or 1 has ended and all its records were handled; other inputs may go on. Comes before
  /// `finish`, once for each input of a task. Not told while records are put on disk (see
  /// `finish_keys`, which is for both inputs then), nor to operators behind others in a chain.
  virtual void finish_input(std::uint32_t input) { (void)input; }

  /// All input was handled; the last chance to emit.
  virtual void finish() {}

  /// Whether one record may become many, so that a task should hand over its input in slices.
  virtual bool may_expand() const noexcept { return false; }

  /// Batch mode, keyed operators: all records of the keys seen since the last call (or the start)
  /// were handled. Emits what is left to emit for them, forgets them, and is at the beginning of
  /// time again, ready for other keys.
  virtual void finish_keys() {}

  /// Batch mode, keyed operators: drops all keyed state and goes back to the beginning of time. The
  /// state was snapshotted and may be restored later.
  virtual void forget_keys() {}

  /// Asynchronous snapshots of all states. Called at a barrier.
  std::vector<std::unique_ptr<state_snapshot>> snapshot() { return states_.snapshot(); }

  /// A sink's contribution to a checkpoint; empty for others.
  virtual prepare_commit_work prepare_commit(std::uint64_t checkpoint_id, bool end_of_input) {
    (void)checkpoint_id;
    (void)end_of_input;
    return nullptr;
  }

  /// A sink's state from an earlier attempt. Called before `open`.
  virtual void restore_writers(std::vector<std::string> states) { (void)states; }

  /// On the blocking strand: makes what a complete checkpoint covers visible.
  virtual void commit(const std::vector<std::string>& committables) { (void)committables; }

  /// Whether another batch may be processed now; if not, the operator wakes its task up later.
  virtual bool ready() const { return true; }

  /// No input is at hand: hand on what is buffered outside of Sluice (a sink's buffer).
  virtual void on_idle() {}

  state_registry& states() noexcept { return states_; }

  /// Output 0 is the main one; the others are side outputs in the order of the plan.
  std::vector<output_port>& ports() noexcept { return ports_; }

protected:
  void forward_watermark(timestamp w, bool exact) {
    for (auto& p : ports_) p.watermark(w, exact);
  }

  operator_context* context_ = nullptr;
  state_registry states_;
  std::vector<output_port> ports_ = std::vector<output_port>(1);
};

/// Makes instances of an operator, one per subtask; kept by the plan, called at deployment.
using operator_factory = std::function<std::unique_ptr<stream_operator>()>;

} // namespace sluice
