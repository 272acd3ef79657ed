#include "sluice/runtime/job_board.hpp"

namespace sluice::runtime {

void job_board::set_status(job_status status) {
  std::lock_guard lock(mutex_);
  if (!over_) status_ = status;
}

job_status job_board::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void job_board::end(job_status status, std::exception_ptr error, job_result result) {
  std::lock_guard lock(mutex_);
  status_ = status;
  error_ = std::move(error);
  result_ = result;
  over_ = true;
  ended_.notify_all();
}

std::optional<job_result> job_board::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (!ended_.wait_until(lock, deadline, [&] { return over_; })) return std::nullopt;
  if (error_) std::rethrow_exception(error_);
  return result_;
}

bool job_board::ended() const {
  std::lock_guard lock(mutex_);
  return over_;
}

void job_board::set_probes(std::vector<std::shared_ptr<task_probe>> probes) {
  std::lock_guard lock(mutex_);
  probes_ = std::move(probes);
  reports_.clear();
}

void job_board::report(const std::vector<task_metrics>& tasks) {
  std::lock_guard lock(mutex_);
  for (auto& t : tasks) reports_[{t.vertex, t.subtask}] = t;
}

void job_board::set_checkpoints(const checkpoint_metrics& metrics) {
  std::lock_guard lock(mutex_);
  checkpoints_ = metrics;
}

void job_board::count_restart(std::string failure) {
  std::lock_guard lock(mutex_);
  ++restarts_;
  last_failure_ = std::move(failure);
}

std::string job_board::last_failure() const {
  std::lock_guard lock(mutex_);
  return last_failure_;
}

job_metrics job_board::metrics(timestamp now) const {
  std::lock_guard lock(mutex_);
  job_metrics m;
  for (auto& p : probes_) m.tasks.push_back(p->read(now));
  for (auto& [task, report] : reports_) m.tasks.push_back(report);
  m.checkpoints = checkpoints_;
  m.num_restarts = restarts_;
  return m;
}

} // namespace sluice::runtime
