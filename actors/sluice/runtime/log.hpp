/// The runtime's log.
#pragma once

#include <spdlog/spdlog.h>

namespace sluice::runtime {

/// A logger of its own, on standard error, so that it never mixes with a job's output. The level is
/// `warn`; the environment variable SLUICE_LOG (trace, debug, info, warn, error, off) sets another.
spdlog::logger& log();

} // namespace sluice::runtime
