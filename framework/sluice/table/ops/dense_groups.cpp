#include "sluice/table/ops/dense_groups.hpp"

#include <algorithm>
#include <limits>

namespace sluice::table::detail {

namespace {

constexpr std::uint64_t fewest_slots = 1024;

/// Keys between two looks ahead: a cache line of BIGINTs.
constexpr std::size_t rows_at_once = 8;
/// How far the look ahead goes.
constexpr std::size_t rows_ahead = 128;

/// Loads `rows_at_once` rows from row `i` on, if that takes a cache line or less.
void prefetch_rows(const column& c, std::size_t i) {
  if (!c.is_flat()) return;
  const auto width = width_of(c.physical());
  if (width <= 8) __builtin_prefetch(c.values<std::byte>() + i * width);
}

/// Least and greatest of the values that are not NULL; the least is greater if there are none.
template <class T>
std::pair<std::int64_t, std::int64_t> bounds_of(const column& c, std::size_t rows) {
  T least = std::numeric_limits<T>::max();
  T greatest = std::numeric_limits<T>::min();
  if (c.is_flat() && !c.may_have_nulls()) {
    const auto* values = c.values<T>();
    for (std::size_t i = 0; i < rows; ++i) {
      least = std::min(least, values[i]);
      greatest = std::max(greatest, values[i]);
    }
  } else {
    for (std::size_t i = 0; i < rows; ++i) {
      if (c.is_null(i)) continue;
      least = std::min(least, c.value<T>(i));
      greatest = std::max(greatest, c.value<T>(i));
    }
  }
  return {least, greatest};
}

template <class F>
decltype(auto) with_integer(physical_type type, F&& f) {
  switch (type) {
  case physical_type::int8:
    return f(std::int8_t{});
  case physical_type::int16:
    return f(std::int16_t{});
  case physical_type::int32:
    return f(std::int32_t{});
  default:
    return f(std::int64_t{});
  }
}

} // namespace

dense_groups::dense_groups(const group_calls& calls, std::size_t most_slots)
  : calls_(&calls), value_size_(calls.size()), most_slots_(most_slots) {
  if (!calls.trivial() || value_size_ == 0) return;
  fresh_ = memory_block(value_size_, 64);
  std::memset(fresh_.data(), 0, value_size_);
  calls.create(fresh_.data());
}

bool dense_groups::possible(const std::vector<data_type>& keys) {
  if (keys.size() != 1) return false;
  auto physical = keys[0].physical();
  return physical >= physical_type::int8 && physical <= physical_type::int64;
}

std::size_t dense_groups::span() const noexcept {
  if (slots_ == 0) return 0;
  auto first = std::find(is_used_.begin() + 1, is_used_.end(), 1); // but for NULL
  auto last = std::find(is_used_.rbegin(), is_used_.rend() - 1, 1);
  return first < last.base() ? static_cast<std::size_t>(last.base() - first) : 0;
}

bool dense_groups::make_room(const column& keys, std::size_t rows) {
  auto [least, greatest] = with_integer(
    keys.physical(), [&](auto zero) { return bounds_of<decltype(zero)>(keys, rows); });
  if (least > greatest) { // only NULLs
    if (slots_ == 0) resize(0, fewest_slots);
    return true;
  }
  if (slots_ > 0) {
    const bool only_null = used_.size() == is_used_[0];
    auto last = least_ + static_cast<std::int64_t>(slots_ - 2);
    if (least >= least_ && greatest <= last) return true;
    if (!only_null) {
      least = std::min(least, least_);
      greatest = std::max(greatest, last);
    }
  }
  auto span = static_cast<std::uint64_t>(greatest) - static_cast<std::uint64_t>(least);
  if (span >= most_slots_ - 1) return false;
  auto slots
    = std::max<std::uint64_t>(fewest_slots, std::min<std::uint64_t>(most_slots_, 2 * (span + 2)));
  // Room on both sides: other keys may be less, or greater.
  auto below = static_cast<std::int64_t>((slots - 2 - span) / 2);
  constexpr auto first = std::numeric_limits<std::int64_t>::min();
  least = least < first + below ? first : least - below;
  // Room for keys near the end of the range would overflow; those are looked up otherwise.
  if (least > std::numeric_limits<std::int64_t>::max() - static_cast<std::int64_t>(2 * slots))
    return false;
  resize(least, slots);
  return true;
}

void dense_groups::resize(std::int64_t least, std::size_t slots) {
  memory_block fresh(slots * value_size_, 64);
  std::vector<std::uint8_t> is_used(slots, 0);
  for (auto& slot : used_) {
    auto to = slot == 0
                ? 0u
                : static_cast<std::uint32_t>(least_ - least + static_cast<std::int64_t>(slot));
    auto* from = value_at(slot);
    auto* value = fresh.data() + to * value_size_;
    if (calls_->trivial()) {
      std::memcpy(value, from, value_size_);
    } else { // functions need not be movable, but what they keep can be added up
      std::memcpy(value, from, calls_->count() > 0 ? calls_->offset(0) : value_size_);
      calls_->create(value);
      const std::byte* source = from;
      calls_->merge(&value, &source, 1);
      calls_->destroy(from);
    }
    is_used[to] = 1;
    slot = to;
  }
  memory_.swap(fresh);
  is_used_.swap(is_used);
  least_ = least;
  slots_ = slots;
}

void dense_groups::make_state(std::size_t slot) {
  auto* value = value_at(slot);
  is_used_[slot] = 1;
  used_.push_back(static_cast<std::uint32_t>(slot));
  if (fresh_.data()) {
    std::memcpy(value, fresh_.data(), value_size_);
    return;
  }
  std::memset(value, 0, calls_->count() > 0 ? calls_->offset(0) : value_size_);
  calls_->create(value);
}

/// `Far`: the states are not in the cache, so that loading them begins as soon as it is known where
/// they are.
template <class T, bool Far>
bool dense_groups::find_keys(const column& keys, std::size_t rows, std::byte** values,
                             std::span<const column* const> next) {
  // In registers, as what is written to `values` might be anything.
  auto* const memory = memory_.data();
  const auto* const is_used = is_used_.data();
  const auto size = value_size_;
  const auto first = static_cast<std::uint64_t>(least_) - 1;
  const auto slots = slots_;
  auto take = [&](std::size_t i, std::size_t slot) {
    values[i] = memory + slot * size;
    if constexpr (Far) __builtin_prefetch(values[i], 1);
    if (is_used[slot] == 0) [[unlikely]]
      make_state(slot);
  };
  // Slot 0 is that of NULL, so a key in it is out of range like those that are too large.
  auto slot_of
    = [first](T key) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(key)) - first; };
  if (keys.is_flat() && !keys.may_have_nulls()) {
    const auto* k = keys.values<T>();
    for (std::size_t i = 0; i < rows;) {
      __builtin_prefetch(k + std::min(i + rows_ahead, rows - 1));
      for (const auto* c : next) prefetch_rows(*c, i);
      for (const auto end = std::min(i + rows_at_once, rows); i < end; ++i) {
        auto slot = slot_of(k[i]);
        if (slot - 1 >= slots - 1) [[unlikely]]
          return false;
        take(i, slot);
      }
    }
    return true;
  }
  for (std::size_t i = 0; i < rows; ++i) {
    auto slot = keys.is_null(i) ? 0 : slot_of(keys.value<T>(i));
    if (!keys.is_null(i) && slot - 1 >= slots - 1) return false;
    take(i, slot);
  }
  return true;
}

bool dense_groups::find_or_insert(const column& keys, std::size_t rows, std::byte** values,
                                  std::span<const column* const> next) {
  auto find = [&] {
    return with_integer(keys.physical(), [&](auto zero) {
      using key = decltype(zero);
      return slots_ > slots_in_cache ? find_keys<key, true>(keys, rows, values, next)
                                     : find_keys<key, false>(keys, rows, values, next);
    });
  };
  if (slots_ > 0 && find()) return true;
  return make_room(keys, rows) && find();
}

void dense_groups::clear() {
  const bool large = slots_ > slots_in_cache;
  if (!calls_->trivial())
    for (auto slot : used_) calls_->destroy(value_at(slot));
  if (!large)
    for (auto slot : used_) is_used_[slot] = 0;
  used_.clear();
  if (!large) return;
  memory_ = memory_block();
  is_used_ = {};
  slots_ = 0;
}

} // namespace sluice::table::detail
