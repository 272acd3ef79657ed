/// The runtime of one process: an actor system that jobs are submitted to.
#pragma once

#include "sluice/plan/executor.hpp"

#include <cstdint>
#include <memory>

namespace sluice::runtime {

/// Settings of a runtime.
struct runtime_config {
  /// Threads that run actors; 0: as many as the machine has cores.
  std::uint32_t worker_threads = 0;
};

/// Runs jobs as actors in this process. Threads start with it; its destructor cancels what runs.
///
/// Thread safety: `submit` from any thread. Handles of jobs must not be waited on from an operator.
class local_runtime final : public executor {
public:
  explicit local_runtime(runtime_config config = {});
  ~local_runtime() override;

  std::shared_ptr<job_control> submit(job_graph graph) override;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice::runtime
