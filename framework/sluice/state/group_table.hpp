/// The hash table of one key group, whose snapshots do not stop its writer.
#pragma once

#include "sluice/core/hash.hpp"
#include "sluice/state/cow_view.hpp"
#include "sluice/state/table_storage.hpp"

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {

namespace detail {

/// Bit i is set where `ctrl[i] == value`, i < probe_width.
inline std::uint32_t match_bytes(const std::uint8_t* ctrl, std::uint8_t value) noexcept {
#if defined(__SSE2__)
  auto group = _mm_loadu_si128(reinterpret_cast<const __m128i*>(ctrl));
  // Spread by a multiplication, not by _mm_set1_epi8: for that GCC may spill the byte and load
  // four, which stalls until the store has left the buffer (15 ns a probe instead of 5).
  auto wanted = _mm_set1_epi32(static_cast<int>(value * 0x01010101u));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(group, wanted)));
#else
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < probe_width; ++i)
    mask |= static_cast<std::uint32_t>(ctrl[i] == value) << i;
  return mask;
#endif
}

} // namespace detail

/// Open-addressing hash table with byte tags (after Google's Swiss tables), linear probing and
/// copy-on-write snapshots.
///
/// Owner: one actor. Pointers to values stay valid until the next insertion.
template <class K, class V>
class group_table {
public:
  using storage = table_storage<K, V>;
  using slot = typename storage::slot;

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return mask_ == 0 ? 0 : mask_ + 1; }
  std::size_t memory_bytes() const noexcept { return capacity() * (sizeof(slot) + 1); }

  /// Where the entries are: another place after they moved.
  const void* memory() const noexcept { return slots_; }

  /// Inline by force: GCC takes a function of nothing but prefetches for one without effects, and
  /// leaves out the calls of it.
  [[gnu::always_inline]] void prefetch(std::uint64_t hash) const noexcept {
    auto i = hash & mask_;
    __builtin_prefetch(ctrl_ + i);
    __builtin_prefetch(slots_ + i, 1);
    if (cow_) [[unlikely]]
      cow_->prefetch(i);
  }

  /// The value of `key` to read; null if absent.
  const V* find(std::uint64_t hash, const K& key) const noexcept {
    auto i = find_index(hash, key);
    return i == npos ? nullptr : &slots_[i].value;
  }

  /// The entry of `key`, to change while no snapshot is being written; null if absent.
  slot* find_slot(std::uint64_t hash, const K& key) const noexcept {
    auto i = find_index(hash, key);
    return i == npos ? nullptr : slots_ + i;
  }

  /// The value of `key` to change; null if absent.
  V* find_for_update(std::uint64_t hash, const K& key) {
    auto i = find_index(hash, key);
    if (i == npos) return nullptr;
    if (cow_) [[unlikely]]
      before_write(i);
    return &slots_[i].value;
  }

  /// The value of `key` to change, and whether it is new (then made by `make()`).
  template <class Make>
  std::pair<V*, bool> find_or_insert(std::uint64_t hash, const K& key, Make&& make) {
    auto i = find_index(hash, key);
    if (i != npos) [[likely]] {
      if (cow_) [[unlikely]]
        before_write(i);
      return {&slots_[i].value, false};
    }
    if (growth_left_ == 0) [[unlikely]]
      grow();
    i = free_index(hash);
    if (cow_) [[unlikely]]
      before_write(i);
    std::construct_at(slots_ + i, slot{key, make()});
    if (storage_->ctrl()[i] == detail::ctrl_empty) --growth_left_;
    storage_->set_ctrl(i, tag_of(hash));
    ++size_;
    return {&slots_[i].value, true};
  }

  /// Removes `key`; false if it was absent.
  bool erase(std::uint64_t hash, const K& key) {
    auto i = find_index(hash, key);
    if (i == npos) return false;
    if (cow_) [[unlikely]]
      before_write(i);
    std::destroy_at(slots_ + i);
    // Nobody probes past an empty slot, so a slot before one need not be a tombstone.
    if (storage_->ctrl()[(i + 1) & mask_] == detail::ctrl_empty) {
      storage_->set_ctrl(i, detail::ctrl_empty);
      ++growth_left_;
    } else {
      storage_->set_ctrl(i, detail::ctrl_deleted);
    }
    --size_;
    return true;
  }

  /// Calls `f(const K&, V&)` for each entry; `f` must not insert or erase.
  template <class F>
  void for_each(F&& f) {
    for (std::size_t i = 0; i < capacity(); ++i) {
      if (!storage_->full(i)) continue;
      if (cow_) [[unlikely]]
        before_write(i);
      f(static_cast<const K&>(slots_[i].key), slots_[i].value);
    }
  }

  /// Calls `f(const K&, const V&)` for each entry; `f` must not change the table.
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t i = 0; i < capacity(); ++i)
      if (storage_->full(i)) f(std::as_const(slots_[i].key), std::as_const(slots_[i].value));
  }

  /// Empties the table; keeps its memory unless a snapshot still reads it or it was mostly unused.
  void clear() {
    if (size_ == 0 && growth_left_ == max_load(capacity())) return;
    const auto shared = view_in_use();
    if (capacity() > min_shrink && size_ < capacity() / 16) {
      reset(std::bit_ceil(std::max(detail::probe_width, 2 * size_)));
    } else if (shared) {
      reset(capacity());
    } else {
      for (std::size_t i = 0; i < capacity(); ++i) {
        if constexpr (!std::is_trivially_destructible_v<slot>)
          if (storage_->full(i)) std::destroy_at(slots_ + i);
        storage_->set_ctrl(i, detail::ctrl_empty);
      }
      size_ = 0;
      growth_left_ = max_load(capacity());
    }
  }

  /// Whether a snapshot may still be reading.
  bool snapshotting() const noexcept {
    return cow_ != nullptr && !cow_->finished() && cow_.use_count() > 1;
  }

  /// Forgets the last snapshot. REQUIRES: it is finished or given up.
  void end_snapshot() noexcept { cow_.reset(); }

  /// Starts a snapshot. REQUIRES: the one before is finished or given up. Null when the table is
  /// empty. What is saved aside while the snapshot is written goes to `arena`, which tables of one
  /// actor may share.
  std::shared_ptr<cow_view<K, V>> snapshot(std::shared_ptr<detail::save_arena> arena
                                           = std::make_shared<detail::save_arena>()) {
    end_snapshot();
    if (size_ == 0) return nullptr;
    cow_ = std::make_shared<cow_view<K, V>>(storage_, std::move(arena));
    return cow_;
  }

private:
  static constexpr std::size_t npos = ~std::size_t{0};

  /// Capacity up to which `clear()` never gives memory back.
  static constexpr std::size_t min_shrink = 256;

  static std::uint8_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint8_t>(0x80 | (hash >> 25));
  }

  static std::size_t max_load(std::size_t capacity) noexcept { return capacity - capacity / 8; }

  std::size_t find_index(std::uint64_t hash, const K& key) const noexcept {
    auto tag = tag_of(hash);
    for (auto i = hash & mask_;; i = (i + detail::probe_width) & mask_) {
      auto candidates = detail::match_bytes(ctrl_ + i, tag);
      while (candidates != 0) {
        auto at = (i + static_cast<std::size_t>(std::countr_zero(candidates))) & mask_;
        if (keys_equal(slots_[at].key, key)) [[likely]]
          return at;
        candidates &= candidates - 1;
      }
      if (detail::match_bytes(ctrl_ + i, detail::ctrl_empty) != 0) return npos;
    }
  }

  std::size_t free_index(std::uint64_t hash) const noexcept {
    for (auto i = hash & mask_;; i = (i + detail::probe_width) & mask_) {
      auto free = detail::match_bytes(ctrl_ + i, detail::ctrl_empty)
                  | detail::match_bytes(ctrl_ + i, detail::ctrl_deleted);
      if (free != 0) return (i + static_cast<std::size_t>(std::countr_zero(free))) & mask_;
    }
  }

  void before_write(std::size_t i) {
    if (cow_->before_write(i)) [[unlikely]]
      view_in_use();
  }

  /// Whether a snapshot is still to be written or being written; forgets it if not. One that nobody
  /// else holds was given up (its checkpoint was aborted).
  bool view_in_use() {
    if (snapshotting()) return true;
    std::atomic_thread_fence(std::memory_order_acquire);
    cow_.reset();
    return false;
  }

  void reset(std::size_t capacity) {
    storage_ = std::make_shared<storage>(capacity);
    ctrl_ = storage_->ctrl();
    slots_ = storage_->slots();
    mask_ = capacity - 1;
    size_ = 0;
    growth_left_ = max_load(capacity);
    cow_.reset();
  }

  void grow() {
    auto old = std::move(storage_);
    auto old_capacity = capacity();
    auto shared = view_in_use();
    // Tombstones alone do not make a table grow.
    reset(std::max<std::size_t>(
      probe_width_capacity, size_ > max_load(old_capacity) / 2 ? 2 * old_capacity : old_capacity));
    if (!old) return;
    for (std::size_t i = 0; i < old_capacity; ++i) {
      if (!old->full(i)) continue;
      auto& from = old->slots()[i];
      auto hash_of_slot = rehash_(from.key);
      auto at = free_index(hash_of_slot);
      if (shared)
        std::construct_at(slots_ + at, from); // the snapshot's writer still reads the old memory
      else
        std::construct_at(slots_ + at, std::move(from));
      storage_->set_ctrl(at, tag_of(hash_of_slot));
      --growth_left_;
      ++size_;
    }
  }

public:
  /// How to hash a stored key again, when the table grows.
  using rehash_function = std::uint64_t (*)(const K&);
  void set_rehash(rehash_function f) noexcept { rehash_ = f; }

private:
  static constexpr std::size_t probe_width_capacity = detail::probe_width;

  /// What an empty table probes: memory is allocated at the first insertion.
  inline static const std::uint8_t no_ctrl[detail::probe_width] = {};

  const std::uint8_t* ctrl_ = no_ctrl;
  slot* slots_ = nullptr;
  std::size_t mask_ = 0;
  std::size_t growth_left_ = 0;
  std::size_t size_ = 0;
  std::shared_ptr<storage> storage_;
  std::shared_ptr<cow_view<K, V>> cow_;
  rehash_function rehash_ = [](const K& key) { return stable_hash(key); };
};

} // namespace sluice
