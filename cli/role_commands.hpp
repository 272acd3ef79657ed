/// `sluice coordinator` and `sluice worker`: processes of a cluster that runs SQL.
#pragma once

namespace sluice::cli {

/// They run until SIGINT or SIGTERM, or until they fail, and return the exit status.
int run_coordinator(int argc, char** argv);
int run_worker(int argc, char** argv);

} // namespace sluice::cli
