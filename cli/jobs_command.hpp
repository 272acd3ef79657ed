/// `sluice jobs` and `sluice workers`: what a cluster does, and what it is to do.
#pragma once

namespace sluice::cli {

/// They return the exit status.
int run_jobs_command(int argc, char** argv);
int run_workers_command(int argc, char** argv);

} // namespace sluice::cli
