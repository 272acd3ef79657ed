/// What the benchmarks read: records computed from their numbers, the same for Sluice and the
/// loops.
#pragma once

#include <cstdint>

namespace bench {

/// The finaliser of splitmix64 applied to the `n`-th state of the stream with seed 0.
constexpr std::uint64_t splitmix64(std::uint64_t n) noexcept {
  auto z = (n + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// Maps a random number to [0, bound) evenly, without a division.
constexpr std::uint64_t scale(std::uint64_t random, std::uint64_t bound) noexcept {
  __extension__ using wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<wide>(random) * bound) >> 64);
}

struct event {
  std::uint64_t key;
  std::int64_t value;
  std::uint64_t ts;
};

/// Record `n` of a stream of `keys` keys, uniformly at random. The value depends on the key only,
/// so that the running sums of a key are the same in whatever order its records arrive, and a
/// parallel run can be checked against a sequential one.
constexpr event make_event(std::uint64_t n, std::uint64_t keys, std::uint64_t records_per_tick) {
  auto key = scale(splitmix64(n), keys);
  return {key, static_cast<std::int64_t>(key % 256) + 1, n / records_per_tick};
}

// -- tumbling_count -----------------------------------------------------------

inline constexpr std::uint64_t records_per_tick = 100;
inline constexpr std::uint64_t tumbling_size = 1'000; ///< ticks

/// What the count of one key in one window adds to the checksum: not linear, so that a record
/// counted in the wrong window is noticed.
constexpr std::uint64_t window_checksum(std::int64_t count) noexcept {
  return static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(count);
}

/// Numbers the records of a bounded generator so that its readers advance through event time
/// together. A generator gives each of `parts` readers a range of [0, records); as such the last
/// reader would begin where the first one ends, with all of the windows between open at once. Here
/// the k-th reader makes the records k, k + parts, k + 2 * parts...
///
/// REQUIRES: `records` is a multiple of `parts`. Not thread-safe: a copy per reader.
class round_robin {
public:
  round_robin(std::uint64_t records, std::uint64_t parts) : size_(records / parts), parts_(parts) {}

  std::uint64_t operator()(std::uint64_t n) noexcept {
    if (n - first_ >= size_) [[unlikely]] {
      part_ = n / size_;
      first_ = part_ * size_;
    }
    return (n - first_) * parts_ + part_;
  }

private:
  std::uint64_t size_;
  std::uint64_t parts_;
  std::uint64_t first_ = 0; ///< of the range that is being read
  std::uint64_t part_ = 0;  ///< its number
};

} // namespace bench
