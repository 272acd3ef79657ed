/// What a job's actor tells the threads that watch the job.
#pragma once

#include "sluice/plan/job_handle.hpp"
#include "sluice/runtime/probe.hpp"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice::runtime {

/// Thread safety: all methods from any thread.
class job_board {
public:
  void set_status(job_status status);
  job_status status() const;

  /// The job has ended; `error` is null if it finished.
  void end(job_status status, std::exception_ptr error, job_result result);

  /// Waits for the end. Errors: rethrows the job's.
  std::optional<job_result> wait_until(std::chrono::steady_clock::time_point deadline);
  bool ended() const;

  /// The tasks of a new attempt that run in this process.
  void set_probes(std::vector<std::shared_ptr<task_probe>> probes);
  /// What tasks in another process have done so far.
  void report(const std::vector<task_metrics>& tasks);
  void set_checkpoints(const checkpoint_metrics& metrics);
  /// Because of `failure`, which is for people to read.
  void count_restart(std::string failure);
  /// Why the job was restarted last; empty if it was not.
  std::string last_failure() const;
  job_metrics metrics(timestamp now) const;

private:
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  job_status status_ = job_status::created;
  bool over_ = false;
  std::exception_ptr error_;
  job_result result_;
  std::vector<std::shared_ptr<task_probe>> probes_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, task_metrics> reports_; ///< by vertex, subtask
  checkpoint_metrics checkpoints_;
  std::uint32_t restarts_ = 0;
  std::string last_failure_;
};

} // namespace sluice::runtime
