/// Key groups: the unit in which keyed state is owned, snapshotted and moved between subtasks.
#pragma once

#include <cstdint>

namespace sluice {

/// Number of a key group, in [0, max_parallelism).
using key_group = std::uint32_t;

inline constexpr std::uint32_t default_max_parallelism = 128;

/// Upper bound of `max_parallelism`, as in Flink.
inline constexpr std::uint32_t max_parallelism_limit = 1u << 15;

/// The key group of a key with this `stable_hash`. Uses the upper half of the hash: the lower half
/// chooses the slot inside the group's hash table, so that both stay evenly spread.
constexpr key_group key_group_of(std::uint64_t hash, std::uint32_t max_parallelism) noexcept {
  return static_cast<key_group>(((hash >> 32) * max_parallelism) >> 32);
}

/// The subtask that owns `group`: ranges of groups, as even as they can be.
constexpr std::uint32_t subtask_of(key_group group, std::uint32_t max_parallelism,
                                   std::uint32_t parallelism) noexcept {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(group) * parallelism
                                    / max_parallelism);
}

/// A run of key groups [first, last).
struct key_group_range {
  key_group first = 0;
  key_group last = 0;

  constexpr std::uint32_t size() const noexcept { return last - first; }
  constexpr bool contains(key_group group) const noexcept { return group >= first && group < last; }
  friend constexpr bool operator==(const key_group_range&, const key_group_range&) = default;
};

/// The groups that `subtask` of `parallelism` owns: inverse of `subtask_of`.
constexpr key_group_range groups_of(std::uint32_t subtask, std::uint32_t max_parallelism,
                                    std::uint32_t parallelism) noexcept {
  auto bound = [&](std::uint64_t i) {
    return static_cast<key_group>((i * max_parallelism + parallelism - 1) / parallelism);
  };
  return {bound(subtask), bound(subtask + std::uint64_t{1})};
}

} // namespace sluice
