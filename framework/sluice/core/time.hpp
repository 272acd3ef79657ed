/// Event time and durations as every layer spells them.
#pragma once

#include <chrono>
#include <concepts>
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

/// A point of event or processing time, however it is spelled: microseconds since the epoch as a
/// number, a duration since the epoch, or a `std::chrono` time point of the system clock. Finer
/// parts of a microsecond are cut off towards the past.
constexpr timestamp to_timestamp(std::integral auto t) noexcept {
  return static_cast<timestamp>(t);
}
template <class Rep, class Period>
constexpr timestamp to_timestamp(std::chrono::duration<Rep, Period> since_epoch) {
  return std::chrono::floor<duration>(since_epoch).count();
}
template <class Duration>
constexpr timestamp to_timestamp(std::chrono::time_point<std::chrono::system_clock, Duration> t) {
  return to_timestamp(t.time_since_epoch());
}

/// What `to_timestamp` takes.
template <class T>
concept time_like = requires(const T& t) { to_timestamp(t); };

/// Adds `d` to `t`, staying at the ends of the range instead of overflowing.
constexpr timestamp saturating_add(timestamp t, std::int64_t d) noexcept {
  timestamp result = 0;
  if (!__builtin_add_overflow(t, d, &result)) return result;
  return d > 0 ? max_timestamp : min_timestamp;
}

} // namespace sluice
