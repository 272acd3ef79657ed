/// A coordinator in this process and workers in others, for jobs of this program.
#pragma once

#include "child.hpp"

#include "sluice/api/environment.hpp"
#include "sluice/cluster/coordinator_process.hpp"
#include "sluice/plan/executor.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// A job that this process supervises and that workers of `sluice-bench internal-remote-job` run.
class remote_cluster final : public sluice::executor {
public:
  /// The workers build the program `kind` of remote_programs.cpp, for `records`.
  remote_cluster(const std::string& kind, std::uint64_t records, std::uint32_t workers,
                 std::uint32_t slots);
  ~remote_cluster() override;

  std::shared_ptr<sluice::job_control> submit(sluice::job_graph graph) override;

  /// kill -9.
  void kill_worker(std::size_t index) { workers_.at(index)->kill(); }

  /// CPU seconds of the workers, which have ended by then.
  double finish();

private:
  std::vector<std::unique_ptr<child>> workers_; // wait for their ends after the coordinator's
  std::unique_ptr<sluice::cluster::coordinator_process> coordinator_;
  std::uint64_t next_ = 0;
};

} // namespace bench
