/// A running (or ended) job, as its starter sees it.
#pragma once

#include "sluice/core/errors.hpp"
#include "sluice/core/time.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

enum class job_status : std::uint8_t {
  created,
  running,
  restarting, ///< a failure is being recovered from
  finished,
  cancelled,
  failed,
};

std::string_view to_string(job_status status) noexcept;

/// What one task has done so far. Names follow Flink's where one exists.
struct task_metrics {
  std::string task; ///< the chain's name
  std::uint32_t vertex = 0;
  std::uint32_t subtask = 0;
  std::uint32_t attempt = 0;
  bool is_source = false; ///< what comes in has been read from outside of the job
  std::uint64_t num_records_in = 0;
  std::uint64_t num_records_out = 0;
  std::uint64_t num_bytes_in = 0;
  std::uint64_t num_bytes_out = 0;
  std::uint64_t num_late_records_dropped = 0;
  duration busy_time{0};          ///< handling batches
  duration idle_time{0};          ///< waiting for input
  duration backpressured_time{0}; ///< waiting for credit
  std::uint64_t num_credit_waits = 0;
  timestamp current_input_watermark = min_timestamp;
  /// Processing time minus the watermark, when there is one.
  std::optional<duration> watermark_lag;
  std::uint64_t state_bytes = 0;
  std::uint64_t last_checkpoint_bytes = 0;
  /// Of these: what an unaligned checkpoint found in the task's queues.
  std::uint64_t last_persisted_in_flight_bytes = 0;
  /// Records that may be under way to the task, as its speed allows; see `buffer_debloat_target`.
  std::uint64_t input_window_records = 0;
  /// Longest time the task stood still for one checkpoint's alignment-free part.
  duration longest_checkpoint_stop{0};
  std::map<std::string, std::uint64_t> counters; ///< of connectors and user functions
};

/// Checkpoints of a job.
struct checkpoint_metrics {
  std::uint64_t num_completed = 0;
  std::uint64_t num_failed = 0;
  std::uint64_t last_id = 0;
  std::uint64_t last_bytes = 0;
  std::uint64_t last_persisted_in_flight_bytes = 0; ///< 0: the last one was aligned everywhere
  duration last_duration{0};
  std::string last_path;
};

struct job_metrics {
  std::vector<task_metrics> tasks;
  checkpoint_metrics checkpoints;
  std::uint32_t num_restarts = 0;
};

/// How a job ended.
struct job_result {
  job_status status = job_status::finished;
  duration runtime{0};
  std::uint32_t num_restarts = 0;
};

/// What a runtime gives for a submitted job. Thread safety: all calls from any thread.
class job_control {
public:
  virtual ~job_control() = default;

  virtual job_status status() const = 0;

  /// Waits for the end, at most until `deadline`. Nothing: not ended yet. Errors: `job_error`.
  virtual std::optional<job_result> wait_until(std::chrono::steady_clock::time_point deadline) = 0;

  virtual void cancel() = 0;
  virtual job_metrics metrics() const = 0;

  /// Takes a savepoint into a new folder of `directory` and returns its path. Errors:
  /// `state_error`.
  virtual std::string savepoint(const std::string& directory, bool then_stop) = 0;

  /// Takes a checkpoint now. Returns its path. Errors: `state_error`.
  virtual std::string checkpoint() = 0;
};

/// Handle of a job. Copies refer to the same job; dropping the last one does not cancel it.
class job_handle {
public:
  explicit job_handle(std::shared_ptr<job_control> control) : control_(std::move(control)) {}

  job_status status() const { return control_->status(); }

  /// Waits for the end. Errors: `job_error` when the job failed, `job_cancelled` when cancelled.
  job_result wait() {
    for (;;)
      if (auto r = wait_for(std::chrono::hours(1))) return *r;
  }

  /// Waits at most `time`. Nothing: the job goes on. Errors: as `wait`.
  std::optional<job_result> wait_for(std::chrono::nanoseconds time) {
    return control_->wait_until(
      std::chrono::steady_clock::now()
      + std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
  }

  /// Asks the job to end without finishing; `wait` then throws `job_cancelled`.
  void cancel() { control_->cancel(); }

  job_metrics metrics() const { return control_->metrics(); }

  /// Takes a savepoint: a checkpoint that the user owns. Returns its path. Errors: `state_error`.
  std::string savepoint(const std::string& directory) {
    return control_->savepoint(directory, false);
  }

  /// Takes a savepoint and ends the job at exactly this point, what it has written until there
  /// being committed; `wait` then returns as after any other end. Returns the savepoint's path.
  /// Errors: `state_error`; `job_error` naming the savepoint when something could not be committed.
  std::string stop_with_savepoint(const std::string& directory) {
    return control_->savepoint(directory, true);
  }

  /// Takes a checkpoint now, besides the periodic ones. Returns its path. Errors: `state_error`.
  std::string checkpoint() { return control_->checkpoint(); }

private:
  std::shared_ptr<job_control> control_;
};

} // namespace sluice
