/// Groups of an integer key whose values lie close together: an array instead of a hash table. Not
/// for users.
#pragma once

#include "sluice/table/ops/group_calls.hpp"
#include "sluice/table/ops/memory_block.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::table::detail {

/// States by the distance of the key from the least one; one more for NULL.
class dense_groups {
public:
  /// Room for this many keys of 64 bytes fills a second-level cache of a megabyte.
  static constexpr std::size_t slots_in_cache = 16 * 1024;

  /// Whether a key of these columns may be looked up so.
  static bool possible(const std::vector<data_type>& keys);

  /// There is never room for more than `most_slots` keys, least to greatest.
  explicit dense_groups(const group_calls& calls, std::size_t most_slots = slots_in_cache);
  ~dense_groups() { clear(); }
  dense_groups(const dense_groups&) = delete;

  std::size_t size() const noexcept { return used_.size(); }
  /// How many keys there are from the least to the greatest that came. Takes a look at all of them.
  std::size_t span() const noexcept;

  /// The states of the key of each row, new ones where it is missing; what is there may move. False
  /// if the keys lie too far from each other: then the table is as it was, but for new states that
  /// have seen no row.
  ///
  /// `next`: columns whose rows are read right after this. They are loaded on the way, as a pass
  /// over a column by itself is over before the processor has noticed that it is one.
  bool find_or_insert(const column& keys, std::size_t rows, std::byte** values,
                      std::span<const column* const> next = {});

  /// Calls `f(value, key)` for the next `most` keys; no key is NULL. `position` says where to begin
  /// (at first 0) and afterwards where to go on; returns whether no key is left.
  template <class F>
  bool for_some(std::size_t& position, std::size_t most, F&& f) {
    const bool few = used_.size() < slots_ / 8;
    const auto end = few ? used_.size() : slots_; // if there are many, in the order of the memory
    for (; position < end && most > 0; ++position) {
      const std::size_t slot = few ? used_[position] : position;
      if (is_used_[slot] == 0) continue;
      --most;
      f(value_at(slot),
        slot == 0 ? std::optional<std::int64_t>()
                  : std::optional<std::int64_t>(least_ + static_cast<std::int64_t>(slot - 1)));
    }
    return position >= end;
  }
  /// Forgets all keys. The room stays if it is not large: the next keys are likely to be the same.
  void clear();

private:
  std::byte* value_at(std::size_t slot) { return memory_.data() + slot * value_size_; }
  /// Makes room for the keys of a batch; false if they lie too far from each other.
  bool make_room(const column& keys, std::size_t rows);
  void resize(std::int64_t least, std::size_t slots);
  void make_state(std::size_t slot);
  /// False at a key for which there is no room.
  template <class T, bool Far>
  bool find_keys(const column& keys, std::size_t rows, std::byte** values,
                 std::span<const column* const> next);

  const group_calls* calls_;
  std::size_t value_size_;
  std::size_t most_slots_;
  memory_block memory_;
  std::int64_t least_ = 0;
  std::size_t slots_ = 0; ///< with the one for NULL
  std::vector<std::uint8_t> is_used_;
  std::vector<std::uint32_t> used_; ///< in the order in which they came
  memory_block fresh_;              ///< a value that has seen no row, if values can be copied
};

} // namespace sluice::table::detail
