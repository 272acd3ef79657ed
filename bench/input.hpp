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

} // namespace bench
