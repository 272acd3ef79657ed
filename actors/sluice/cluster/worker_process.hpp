/// A process as a worker of a cluster.
#pragma once

#include "sluice/cluster/options.hpp"
#include "sluice/plan/job_graph.hpp"
#include "sluice/runtime/cluster_messages.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace sluice::cluster {

/// What the process can run. The functions are called by threads of the worker.
struct worker_programs {
  /// Texts that the coordinator gives it, not a program of its own.
  bool takes_statements = false;
  /// May block. Errors: any; `plan_error` if trying again cannot help.
  std::function<std::shared_ptr<const job_graph>(const runtime::program_ref&,
                                                 std::uint32_t rescaled_to)>
    graph_of;
  /// Programs that wait for the end of their jobs, and their fingerprints.
  std::function<std::map<std::uint64_t, std::string>()> waiting;
  std::function<void(const std::map<std::uint64_t, runtime::program_end>&)> on_ended;
};

/// Joins a cluster and makes tasks for it, again and again: when the coordinator is lost, all tasks
/// are stopped, and the worker looks for a coordinator as a new one.
class worker_process {
public:
  /// Errors: `plan_error` for options; `io_error` if the data directory cannot be written to,
  /// `state_error` if another worker has it.
  worker_process(options o, worker_programs programs);
  ~worker_process();

  /// Returns when the coordinator, or `stop`, says that it is over. Errors: `plan_error` when the
  /// cluster does not want this worker; `io_error` when there is no coordinator for longer than
  /// `join_timeout`, and at once when it cannot listen for other workers.
  void run();

  /// Ends `run` soon. Any thread.
  void stop();

private:
  class session;
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice::cluster
