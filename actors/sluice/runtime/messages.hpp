/// Everything that actors of a job say to each other.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/io/sink.hpp"
#include "sluice/io/source.hpp"
#include "sluice/plan/job_handle.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::runtime {

using checkpoint_id = std::uint64_t;

/// The most that may be under way, unprocessed, in a channel.
inline constexpr std::uint32_t max_window_batches = 8;
inline constexpr std::int64_t max_window_bytes = 512 * 1024;

/// The same between two processes, where batches are larger and on their way for longer, and credit
/// is given back for several at once.
inline constexpr std::uint32_t max_remote_window_batches = 32;
inline constexpr std::int64_t max_remote_window_bytes = 2 * 1024 * 1024;

/// A subtask of a chain.
struct task_id {
  std::uint32_t vertex = 0;
  std::uint32_t subtask = 0;

  friend auto operator<=>(const task_id&, const task_id&) = default;
};

/// A batch inside a message. CAF wants messages to be copyable, though these are only ever moved;
/// a copy would be a bug and throws.
class batch_box {
public:
  batch_box() = default;
  explicit batch_box(std::unique_ptr<batch> b) : batch_(std::move(b)) {}
  batch_box(batch_box&&) = default;
  batch_box& operator=(batch_box&&) = default;
  batch_box(const batch_box& other) { SLUICE_CHECK(!other.batch_, "a batch in flight was copied"); }
  batch_box& operator=(const batch_box& other) {
    SLUICE_CHECK(!other.batch_, "a batch in flight was copied");
    return *this;
  }

  batch* operator->() const noexcept { return batch_.get(); }
  batch& operator*() const noexcept { return *batch_; }
  explicit operator bool() const noexcept { return batch_ != nullptr; }
  std::unique_ptr<batch> take() { return std::move(batch_); }

private:
  std::unique_ptr<batch> batch_;
};

enum class barrier_kind : std::uint8_t {
  checkpoint, ///< tasks snapshot when it has come from all inputs
  loop_probe, ///< asks whether a feedback loop is empty; see `iteration_head`
};

/// Marks a place in every channel.
struct barrier {
  checkpoint_id id = 0;
  barrier_kind kind = barrier_kind::checkpoint;
  std::uint32_t loop = 0; ///< loop_probe: which; see `loops_of_edges`
  /// checkpoint: processing time from which it overtakes what is in its way, which then becomes
  /// part of the checkpoint. `max_timestamp`: never.
  timestamp overtake_at = max_timestamp;
  bool halt = false; ///< checkpoint: the job is to stop at this place: handle nothing behind it
};

/// What travels in a channel, in order.
struct channel_element {
  enum class type : std::uint8_t { records, watermark, status, barrier, end_of_input };

  type kind = type::records;
  bool flag = false; ///< watermark: exact; status: idle
  /// `watermark`: the event time; `records`: event time behind the batch, if it advanced.
  timestamp time = min_timestamp;
  runtime::barrier mark;
  batch_box records;
};

// -- data plane
// -------------------------------------------------------------------------------------

/// Sender to receiver. Normal priority.
struct element_msg {
  std::uint32_t attempt = 0;
  std::uint32_t channel = 0; ///< the receiver's number of the channel
  channel_element element;
};

/// Receiver to sender: a batch was processed. High priority.
struct credit_msg {
  std::uint32_t attempt = 0;
  std::uint32_t channel = 0; ///< the sender's number of the channel
  std::uint32_t batches = 0;
  std::int64_t bytes = 0;
  /// Change of the window, in batches (negative: it shrinks).
  std::int32_t window_batches = 0;
  /// Most records that a batch should have from now on; 0: as before.
  std::uint32_t batch_records = 0;
  batch_box recycled;
};

// -- control: job actor to tasks. High priority
// -----------------------------------------------------

struct start_msg {};
struct cancel_msg {};

/// To sources and iteration heads, and to tasks whose inputs have all ended: start a checkpoint.
struct trigger_msg {
  checkpoint_id id = 0;
  timestamp overtake_at = max_timestamp; ///< as in `barrier`
  bool inputs_finished = false;          ///< all senders have finished: no barrier will come
  bool halt = false;                     ///< as in `barrier`
};

struct checkpoint_complete_msg {
  checkpoint_id id = 0;
  bool final_output = false; ///< what the task wrote at its end is covered, too
};

struct checkpoint_aborted_msg {
  checkpoint_id id = 0;
};

struct assign_splits_msg {
  std::vector<source_split> splits;
  bool no_more = false;
};

/// To iteration heads: is the loop empty? And: it is, so end it.
struct probe_loop_msg {
  std::uint64_t round = 0;
};
struct end_loop_msg {};

// -- a task to itself
// -------------------------------------------------------------------------------

/// Go on after having given way to others.
struct continue_msg {};
/// A barrier that is still in a queue may overtake now.
struct overtake_msg {
  checkpoint_id id = 0;
};
/// Processing time that somebody asked for has come.
struct timer_msg {
  timestamp at = 0;
};
/// A reader or writer has become ready.
struct wakeup_msg {};
/// Work on the blocking strand is done.
struct strand_done_msg {
  enum class what : std::uint8_t {
    restored,
    prepared,
    finished,
    committed,
    torn_down,
    failed,
    apply
  };
  what step = what::restored;
  checkpoint_id id = 0;
  std::exception_ptr error;
  std::uint64_t bytes = 0;
  /// Per operator of the chain (by index): what to commit when the checkpoint completes.
  std::map<std::uint32_t, std::vector<std::string>> committables;
  /// What `apply` runs on the task.
  std::shared_ptr<std::function<void()>> work;
};

// -- tasks to the job actor
// -------------------------------------------------------------------------

struct task_ready_msg {
  std::uint32_t attempt = 0;
  task_id task;
};

/// What went wrong, as users see it.
struct failure {
  std::string operator_name;
  std::uint32_t subtask = 0;
  std::optional<timestamp> record_time;
  std::string what;
  bool fatal = false;            ///< restarting cannot help (the program or the snapshot is wrong)
  bool corrupt_snapshot = false; ///< restarting from the checkpoint before may help
  std::string worker{};          ///< where the task was; empty where there is but one process
};

struct task_failed_msg {
  std::uint32_t attempt = 0;
  task_id task;
  failure cause;
};

/// All input handled, all output sent and durable.
struct task_finished_msg {
  std::uint32_t attempt = 0;
  task_id task;
  /// By operator index in the chain.
  std::map<std::uint32_t, std::vector<std::string>> committables;
};

struct split_request_msg {
  std::uint32_t attempt = 0;
  task_id task;
};

/// A task's part of a checkpoint is durable.
struct snapshot_ack_msg {
  std::uint32_t attempt = 0;
  task_id task;
  checkpoint_id id = 0;
  std::string file; ///< name inside the checkpoint's folder; empty if it has no state
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
  std::vector<source_split> splits; ///< of a source
  std::uint64_t in_flight_bytes = 0;
  std::vector<std::uint32_t> in_flight_edges; ///< of the graph
};

struct snapshot_declined_msg {
  std::uint32_t attempt = 0;
  task_id task;
  checkpoint_id id = 0;
  std::string why;
};

/// Output covered by the end of the job is visible.
struct committed_msg {
  std::uint32_t attempt = 0;
  task_id task;
};

/// An iteration head has seen the end of its regular inputs.
struct loop_input_ended_msg {
  std::uint32_t attempt = 0;
  task_id task;
};

/// A probe came back: how many records had come back meanwhile.
struct loop_probed_msg {
  std::uint32_t attempt = 0;
  task_id task;
  std::uint64_t round = 0;
  std::uint64_t records = 0;
};

// -- others to the job actor
// ------------------------------------------------------------------------

struct job_start_msg {};
struct job_cancel_msg {};

/// Somebody wants a checkpoint or savepoint now; `reply` gets its path.
struct checkpoint_request_msg {
  std::shared_ptr<std::promise<std::string>> reply;
  std::string savepoint_directory; ///< empty: a checkpoint
  bool then_stop = false;
  std::uint32_t then_rescale_to = 0; ///< go on with this parallelism; 0: as it is
  std::uint32_t max_slots = 0;       ///< that it may need then; 0: any
};

/// A timer of the job actor: `attempt` and `id` say whether it still matters.
struct job_timer_msg {
  enum class what : std::uint8_t { checkpoint_due, checkpoint_timeout, restart, discover };
  what kind = what::checkpoint_due;
  std::uint32_t attempt = 0;
  std::uint64_t id = 0;
};

/// Blocking work for the job actor is done; `apply` runs on it.
struct job_work_done_msg {
  std::uint32_t attempt = 0;
  std::shared_ptr<std::function<void()>> apply;
};

} // namespace sluice::runtime
