/// Random numbers that depend on a seed and a row's number only.
#pragma once

#include <cstdint>

namespace sluice::table::internal {

/// The sequence of SplitMix64 from a start that `seed` and `row` give.
class random_bits {
public:
  random_bits(std::uint64_t seed, std::uint64_t row) noexcept
    : state_(mixed(seed + row * 0xd1342543de82ef95ull)) {}

  std::uint64_t next() noexcept { return mixed(state_ += 0x9e3779b97f4a7c15ull); }

  /// As if `next` had been called so often.
  void skip(std::uint64_t numbers) noexcept { state_ += numbers * 0x9e3779b97f4a7c15ull; }

  /// 0 to `bound` - 1. REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound) noexcept {
    __extension__ using wide = unsigned __int128;
    return static_cast<std::uint64_t>(static_cast<wide>(next()) * bound >> 64);
  }

  /// 0 to 1, without 1.
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

private:
  static std::uint64_t mixed(std::uint64_t z) noexcept {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

} // namespace sluice::table::internal
