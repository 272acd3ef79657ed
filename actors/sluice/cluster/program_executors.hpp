/// Executors of a program that all processes of a cluster run.
#pragma once

#include "sluice/cluster/launch.hpp"
#include "sluice/plan/executor.hpp"

#include <memory>

namespace sluice::cluster {

/// The executor of a process with this role, which is not `local`. Errors: `plan_error`,
/// `io_error`, `state_error`.
///
/// All processes go through the same `execute()` calls in the same order. At the coordinator, a
/// call runs its job; at a worker, it makes the job's tasks; everywhere it ends when the job does,
/// in the same way.
std::unique_ptr<executor> make_program_executor(const launch_options& o);

} // namespace sluice::cluster
