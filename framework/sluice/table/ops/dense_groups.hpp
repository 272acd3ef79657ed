/// Groups of an integer key whose values lie close together: an array instead of a hash table. Not
/// for users.
#pragma once

#include "sluice/table/ops/group_calls.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::table::detail {

/// States by the distance of the key from the least one; one more for NULL.
class dense_groups {
public:
  /// Whether a key of these columns may be looked up so.
  static bool possible(const std::vector<data_type>& keys);

  explicit dense_groups(const group_calls& calls) : calls_(&calls), value_size_(calls.size()) {}
  ~dense_groups() { clear(); }
  dense_groups(const dense_groups&) = delete;

  std::size_t size() const noexcept { return used_.size(); }

  /// Makes room for the keys of a batch; false if they lie too far from each other. Then nothing
  /// was changed. What is in the table moves.
  bool make_room(const column& keys, std::size_t rows);
  /// The states of the key of each row, new ones where it is missing. REQUIRES: `make_room`.
  void find_or_insert(const column& keys, std::size_t rows, std::byte** values);

  /// Calls `f(value, key)` for each key; none is NULL.
  template <class F>
  void for_each(F&& f) {
    for (auto slot : used_)
      f(value_at(slot), slot == 0 ? std::optional<std::int64_t>() : least_ + (slot - 1));
  }
  void clear();

private:
  std::byte* value_at(std::size_t slot) { return memory_.data() + slot * value_size_; }
  void resize(std::int64_t least, std::size_t slots);
  template <class T>
  void find_keys(const column& keys, std::size_t rows, std::byte** values);

  const group_calls* calls_;
  std::size_t value_size_;
  raw_buffer memory_;
  std::int64_t least_ = 0;
  std::size_t slots_ = 0; ///< with the one for NULL
  std::vector<std::uint8_t> is_used_;
  std::vector<std::uint32_t> used_; ///< in the order in which they came
};

} // namespace sluice::table::detail
