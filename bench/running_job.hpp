/// A job without end that is measured while it runs.
#pragma once

#include "sluice/api/environment.hpp"

namespace bench {

/// Starts the job and cancels it at the end of the scope.
class running_job {
public:
  explicit running_job(sluice::stream_environment& env, std::string name)
    : job_(env.execute_async(std::move(name))) {}
  running_job(const running_job&) = delete;
  running_job& operator=(const running_job&) = delete;
  ~running_job() {
    job_.cancel();
    try {
      job_.wait();
    } catch (const std::exception&) { // cancelled, or failed: then `rest` has told
    }
  }

  /// Lets the job run for a while. Errors: those of the job, if it fails meanwhile.
  void rest(std::chrono::nanoseconds time) {
    if (job_.wait_for(time)) throw std::runtime_error("the job has ended too early");
  }

  sluice::job_metrics metrics() const { return job_.metrics(); }

private:
  sluice::job_handle job_;
};

} // namespace bench
