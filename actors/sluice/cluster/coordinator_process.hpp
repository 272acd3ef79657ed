/// A process as the coordinator of a cluster.
#pragma once

#include "sluice/cluster/options.hpp"
#include "sluice/plan/job_graph.hpp"
#include "sluice/plan/job_handle.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sluice::cluster {

/// Runs jobs on workers. Resumes, of those in its data directory, the ones that have not ended.
///
/// Thread safety: all methods from any thread.
class coordinator_process {
public:
  /// Listens from now on. `load` makes the graphs of jobs that clients submit as text; without it,
  /// only this process's program runs. Errors: `plan_error`, `io_error`, `state_error`.
  explicit coordinator_process(options o,
                               std::function<job_graph(const std::string& text)> load = {});

  /// Sends the workers away. Jobs that run are not ended: they go on with the next coordinator of
  /// the data directory.
  ~coordinator_process();

  std::uint16_t port() const noexcept;

  /// Runs job number `ordinal` of the program of this process: starts it, goes on with it, or, if
  /// it had ended before, tells how. Errors: `plan_error`, `state_error`.
  std::shared_ptr<job_control> run(std::uint64_t ordinal, job_graph graph);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice::cluster
