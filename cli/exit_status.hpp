/// Exit statuses of commands.
#pragma once

namespace sluice::cli {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_unreachable = 3;
inline constexpr int exit_interrupted = 130;

} // namespace sluice::cli
