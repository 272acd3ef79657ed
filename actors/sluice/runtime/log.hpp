/// The runtime's log.
#pragma once

#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::runtime {

// Levels: `info` is the life of a job (start, running, end, restore, complete checkpoints), `debug`
// that of its tasks, `warn` what it survives (restarts, failed checkpoints), `error` what somebody
// must look at: a job that failed and that nobody waits for, a checkpoint that cannot be read.

/// What every line about a job starts with: `job "name"`.
std::string job_label(std::string_view job);

/// What every line about a task starts with: `job "name", operator "chain", subtask 2`.
std::string task_label(std::string_view job, std::string_view operator_name, std::uint32_t subtask);

/// A logger of its own, on standard error, so that it never mixes with a job's output. The level is
/// `warn`; the environment variable SLUICE_LOG (trace, debug, info, warn, error, off) sets another.
spdlog::logger& log();

} // namespace sluice::runtime
