/// A cluster of processes on this machine, for trying things.
#pragma once

#include "sluice/cluster/options.hpp"

#include <string>

namespace sluice::cli {

struct local_cluster_options {
  int workers = 3;
  int slots = 1;
  std::string data_dir; ///< empty: a new one below the directory for temporary files
  cluster::options network;
};

/// Starts the processes, says how to use them, and ends them all on Ctrl-C, or when the coordinator
/// ends. Returns the exit status. Errors: `usage_error`, `io_error`, `state_error`.
int run_local_cluster(const local_cluster_options& o);

} // namespace sluice::cli
