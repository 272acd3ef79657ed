/// `sluice cluster`: a cluster for trying things, and certificates.
#pragma once

namespace sluice::cli {

/// Returns the exit status.
int run_cluster_command(int argc, char** argv);

} // namespace sluice::cli
