/// Event time and durations as every layer spells them.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace sluice {

/// Event time: microseconds since the Unix epoch, UTC. Negative values are times before it.
using timestamp = std::int64_t;

/// Spans of event or processing time. Coarser `std::chrono` durations convert implicitly.
using duration = std::chrono::microseconds;

/// "No time has passed yet": the watermark of a stream before its first one.
inline constexpr timestamp min_timestamp = std::numeric_limits<timestamp>::min();

/// "Time is over": the watermark that a bounded stream ends with.
inline constexpr timestamp max_timestamp = std::numeric_limits<timestamp>::max();

/// Adds `d` to `t`, staying at the ends of the range instead of overflowing.
constexpr timestamp saturating_add(timestamp t, std::int64_t d) noexcept {
  timestamp result = 0;
  if (!__builtin_add_overflow(t, d, &result)) return result;
  return d > 0 ? max_timestamp : min_timestamp;
}

} // namespace sluice
