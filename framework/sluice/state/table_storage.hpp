/// Memory of a hash table that snapshots share.
#pragma once

#include "sluice/core/large_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace sluice {

namespace detail {

/// Control bytes that a probe looks at together.
inline constexpr std::size_t probe_width = 16;

inline constexpr std::uint8_t ctrl_empty = 0;
inline constexpr std::uint8_t ctrl_deleted = 1;

/// Of full slots; the other bits are the tag.
inline constexpr std::uint8_t ctrl_full = 0x80;

} // namespace detail

/// Memory of a `group_table`; shared with a snapshot that is being written.
template <class K, class V>
class table_storage {
public:
  struct slot {
    K key;
    [[no_unique_address]] V value;
  };

  explicit table_storage(std::size_t capacity)
    : capacity_(capacity), ctrl_(new std::uint8_t[capacity + detail::probe_width]()),
      slots_(static_cast<slot*>(detail::allocate_large(capacity * sizeof(slot), alignment))) {}

  table_storage(const table_storage&) = delete;
  table_storage& operator=(const table_storage&) = delete;

  ~table_storage() {
    if constexpr (!std::is_trivially_destructible_v<slot>)
      for (std::size_t i = 0; i < capacity_; ++i)
        if (full(i)) std::destroy_at(slots_ + i);
    detail::free_large(slots_, capacity_ * sizeof(slot), alignment);
  }

  std::size_t capacity() const noexcept { return capacity_; }
  bool full(std::size_t i) const noexcept { return (ctrl_[i] & detail::ctrl_full) != 0; }
  const std::uint8_t* ctrl() const noexcept { return ctrl_.get(); }
  slot* slots() noexcept { return slots_; }
  const slot* slots() const noexcept { return slots_; }

  void set_ctrl(std::size_t i, std::uint8_t value) noexcept {
    ctrl_[i] = value;
    if (i < detail::probe_width) ctrl_[capacity_ + i] = value; // probes read past the end
  }

private:
  static constexpr std::size_t alignment = std::max<std::size_t>(64, alignof(slot));

  std::size_t capacity_;
  std::unique_ptr<std::uint8_t[]> ctrl_;
  slot* slots_;
};

} // namespace sluice
