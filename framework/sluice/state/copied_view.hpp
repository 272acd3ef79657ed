/// The view of a hash table at a barrier for entries that are plain bytes. See cow_view.hpp.
#pragma once

#include "sluice/state/save_arena.hpp"
#include "sluice/state/table_storage.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace sluice {

namespace detail {

/// Copies memory that another thread may be writing to; what it wrote meanwhile may come in pieces.
/// A function of its own so that ThreadSanitizer can be told (cmake/tsan.supp).
[[gnu::noinline]] inline void copy_while_written(void* to, const void* from, std::size_t size) {
  std::memcpy(to, from, size);
}

/// Copies the slots that `ctrl` calls full, one behind the other, from memory that another thread
/// may be writing to. `at[i]` becomes the number of those before slot `i`. Returns how many they
/// are. REQUIRES: room for `size` slots at `to`.
template <std::size_t SlotSize>
[[gnu::noinline]] std::size_t pack_while_written(std::byte* to, const void* slots,
                                                 const std::uint8_t* ctrl, std::size_t size,
                                                 std::uint16_t* at) {
  auto* from = static_cast<const std::byte*>(slots);
  std::size_t n = 0;
  for (std::size_t i = 0; i < size; ++i) { // without a branch: nobody can guess what is full
    std::memcpy(to + n * SlotSize, from + i * SlotSize, SlotSize);
    at[i] = static_cast<std::uint16_t>(n);
    n += ctrl[i] >> 7;
  }
  return n;
}

/// What was stored before is seen by whoever sees a later store. (For a CPU like x86, which keeps
/// the order of stores, this keeps the compiler from changing it.)
inline void store_fence() noexcept {
#if defined(__SANITIZE_THREAD__)
  // ThreadSanitizer knows no fences, and is told not to look at what this one guards.
#else
  std::atomic_thread_fence(std::memory_order_release);
#endif
}

/// Likewise for loads: later ones are not done before.
inline void load_fence() noexcept {
#if !defined(__SANITIZE_THREAD__)
  std::atomic_thread_fence(std::memory_order_acquire);
#endif
}

} // namespace detail

/// A view of entries that can be copied byte by byte: nobody ever waits, and saving an entry takes
/// no atomic read-modify-write.
///
/// The writer copies a chunk of the table while the actor may be changing it, and mends the copy
/// with the entries that the actor has saved. That is enough, because the actor saves an entry
/// before it changes it: if the copy has any of the change in it, then the writer, which looks
/// afterwards, finds the saved entry.
template <class K, class V>
class copied_view {
public:
  using storage = table_storage<K, V>;
  using slot = typename storage::slot;

  copied_view(std::shared_ptr<storage> table, std::shared_ptr<detail::save_arena> arena)
    : table_(std::move(table)), arena_(std::move(arena)),
      num_chunks_((table_->capacity() + chunk_slots - 1) / chunk_slots),
      chunks_(new chunk[num_chunks_]()),
      saved_(new std::uint64_t[(table_->capacity() + 63) / 64]()) {}

  /// Called by the actor some time before `before_write(index)`, or for a slot close to that.
  [[gnu::always_inline]] void prefetch(std::size_t index) const noexcept {
    __builtin_prefetch(&chunks_[index / chunk_slots], 1);
    __builtin_prefetch(&saved_[index / 64], 1);
  }

  /// Called by the actor before it changes slot `index` of the table. True now and then: time to
  /// see whether anybody still needs the view.
  bool before_write(std::size_t index) {
    auto& c = chunks_[index / chunk_slots];
    if (c.taken.load(std::memory_order_acquire)) return finished();
    auto& word = saved_[index / 64];
    const auto bit = std::uint64_t{1} << (index % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
    return save(c, index);
  }

  /// Calls `f(key, value)` for every entry at the time of the barrier, and now and then
  /// `between()`. Called once by the writer.
  template <class F, class B>
  void for_each(F&& f, B&& between) {
    for_each_chunk([&](copy& c, std::size_t size) {
      for (std::size_t i = 0; i < size; ++i)
        if ((c.ctrl()[i] & detail::ctrl_full) != 0) f(c.slots()[i].key, c.slots()[i].value);
      between();
    });
  }

  /// Copies the slots of all entries at the time of the barrier, one behind the other, to where
  /// `room(n)` says that there is place for `n` bytes; `filled(n)` is told how many it were. Called
  /// once by the writer, instead of `for_each`.
  template <class Room, class Filled>
  void copy_entries(Room&& room, Filled&& filled) {
    const auto size = std::min(chunk_slots, table_->capacity());
    packed p(size);
    for (std::size_t n = 0; n < num_chunks_; ++n) {
      auto* to = reinterpret_cast<std::byte*>(room(size * sizeof(slot)));
      filled(take_packed(n, size, p, to) * sizeof(slot));
    }
    finished_.store(true, std::memory_order_release);
  }

  /// Whether every chunk was taken, so that the actor may stop asking.
  bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }

private:
  static constexpr std::size_t chunk_slots = 4096;
  static constexpr std::uint32_t entries_per_run = 16;

  struct saved_entry {
    std::uint32_t index; // in the chunk
    bool full;
    alignas(slot) std::byte bytes[sizeof(slot)];
  };

  struct saved_run {
    saved_run* next; // set once there is one
    saved_entry entries[entries_per_run];
  };

  struct chunk {
    saved_run* first = nullptr; // set before `num_saved` is, which the writer asks first
    saved_run* last = nullptr;  // the actor's
    std::atomic<std::uint32_t> num_saved{0};
    std::atomic<bool> taken{false};
  };

  /// A chunk as it was, in the writer's hands.
  class copy {
  public:
    explicit copy(std::size_t size)
      : bytes_(static_cast<std::byte*>(
        ::operator new(size * sizeof(slot), std::align_val_t{alignof(slot)}))),
        ctrl_(new std::uint8_t[size]) {}
    copy(const copy&) = delete;
    copy& operator=(const copy&) = delete;
    ~copy() { ::operator delete(bytes_, std::align_val_t{alignof(slot)}); }

    std::byte* at(std::size_t i) noexcept { return bytes_ + i * sizeof(slot); }
    std::uint8_t* ctrl() noexcept { return ctrl_.get(); }
    const slot* slots() const noexcept { return reinterpret_cast<const slot*>(bytes_); }

  private:
    std::byte* bytes_;
    std::unique_ptr<std::uint8_t[]> ctrl_;
  };

  /// What `take_packed` knows of a chunk.
  struct packed {
    explicit packed(std::size_t size) : ctrl(new std::uint8_t[size]), at(new std::uint16_t[size]) {}
    std::unique_ptr<std::uint8_t[]> ctrl;
    std::unique_ptr<std::uint16_t[]> at;
  };

  bool save(chunk& c, std::size_t index) {
    const auto n = c.num_saved.load(std::memory_order_relaxed);
    const auto in_run = n % entries_per_run;
    if (in_run == 0) add_run(c);
    auto& e = c.last->entries[in_run];
    e.index = static_cast<std::uint32_t>(index % chunk_slots);
    e.full = table_->full(index);
    if (e.full) std::memcpy(e.bytes, table_->slots() + index, sizeof(slot));
    c.num_saved.store(n + 1, std::memory_order_release);
    detail::store_fence(); // and only then change the slot
    return in_run == 0;
  }

  void add_run(chunk& c) {
    auto* run = static_cast<saved_run*>(arena_->allocate(sizeof(saved_run)));
    (c.last != nullptr ? c.last->next : c.first) = run;
    c.last = run;
  }

  template <class F>
  void for_each_chunk(F f) {
    const auto size = std::min(chunk_slots, table_->capacity());
    copy c(size);
    for (std::size_t n = 0; n < num_chunks_; ++n) {
      take(n, size, c);
      f(c, size);
    }
    finished_.store(true, std::memory_order_release);
  }

  /// Copies chunk `n`, then puts back what the actor has saved of it.
  void take(std::size_t n, std::size_t size, copy& to) {
    const auto first = n * chunk_slots;
    detail::copy_while_written(to.at(0), table_->slots() + first, size * sizeof(slot));
    detail::copy_while_written(to.ctrl(), table_->ctrl() + first, size);
    auto& c = chunks_[n];
    mend(to, c, close(c));
  }

  /// Likewise, but copies only the entries, one behind the other. Returns how many they are.
  std::size_t take_packed(std::size_t n, std::size_t size, packed& p, std::byte* to) {
    const auto first = n * chunk_slots;
    detail::copy_while_written(p.ctrl.get(), table_->ctrl() + first, size);
    const auto num = detail::pack_while_written<sizeof(slot)>(to, table_->slots() + first,
                                                              p.ctrl.get(), size, p.at.get());
    auto& c = chunks_[n];
    const auto num_saved = close(c);
    auto same_slots = true;
    for_each_saved(c, num_saved, [&](const saved_entry& e) {
      const auto full = (p.ctrl[e.index] & detail::ctrl_full) != 0;
      same_slots = same_slots && full == e.full;
      if (full && e.full) std::memcpy(to + p.at[e.index] * sizeof(slot), e.bytes, sizeof(slot));
    });
    return same_slots ? num : repack(c, num_saved, size, p, to);
  }

  /// For a chunk in which entries have come or gone since the barrier: puts the slots back to where
  /// they are in the table, mends that, and packs it again.
  std::size_t repack(const chunk& c, std::uint32_t num_saved, std::size_t size, const packed& p,
                     std::byte* to) {
    copy whole(size);
    std::memcpy(whole.ctrl(), p.ctrl.get(), size);
    for (std::size_t i = 0; i < size; ++i)
      if ((p.ctrl[i] & detail::ctrl_full) != 0)
        std::memcpy(whole.at(i), to + p.at[i] * sizeof(slot), sizeof(slot));
    mend(whole, c, num_saved);
    return detail::pack_while_written<sizeof(slot)>(to, whole.slots(), whole.ctrl(), size,
                                                    p.at.get());
  }

  /// Tells the actor that the chunk was copied. Returns how many entries it has saved until then.
  static std::uint32_t close(chunk& c) noexcept {
    detail::load_fence();
    c.taken.store(true, std::memory_order_release);
    return c.num_saved.load(std::memory_order_acquire);
  }

  template <class F>
  static void for_each_saved(const chunk& c, std::uint32_t left, F f) {
    for (auto* run = c.first; left > 0;) {
      const auto here = std::min(left, entries_per_run);
      left -= here;
      auto* next = left > 0 ? run->next : nullptr;
      __builtin_prefetch(next);
      for (std::uint32_t i = 0; i < here; ++i) f(run->entries[i]);
      run = next;
    }
  }

  static void mend(copy& to, const chunk& c, std::uint32_t num_saved) {
    for_each_saved(c, num_saved, [&](const saved_entry& e) {
      to.ctrl()[e.index] = e.full ? detail::ctrl_full : detail::ctrl_empty;
      if (e.full) std::memcpy(to.at(e.index), e.bytes, sizeof(slot));
    });
  }

  static_assert(detail::ctrl_full == 1 << 7);
  static_assert(chunk_slots <= 1 << 16); // `packed::at` counts them

  std::shared_ptr<storage> table_;
  std::shared_ptr<detail::save_arena> arena_; // of the actor
  std::size_t num_chunks_;
  std::unique_ptr<chunk[]> chunks_;
  std::unique_ptr<std::uint64_t[]> saved_; // a bit per slot, the actor's
  std::atomic<bool> finished_{false};
};

} // namespace sluice
