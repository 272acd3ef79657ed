/// Views of a hash table as it was at a barrier, which are written while the table goes on
/// changing.
///
/// The table's actor and one writer thread share a view. The writer goes through the table part by
/// part; the actor saves an entry aside before it changes it, unless the writer was there already.
/// Entries and not parts are saved: keys hit at random would make the actor copy all of a large
/// table within milliseconds.
#pragma once

#include "sluice/state/save_arena.hpp"
#include "sluice/state/table_storage.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice {

namespace detail {

inline void spin_pause() noexcept {
#if defined(__SSE2__)
  _mm_pause();
#endif
}

/// Copies memory that another thread may be writing to; what it wrote meanwhile may come in pieces.
/// A function of its own so that ThreadSanitizer can be told (cmake/tsan.supp).
[[gnu::noinline]] inline void copy_while_written(void* to, const void* from, std::size_t size) {
  std::memcpy(to, from, size);
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
    for_each_chunk([&](copy& c, std::size_t size) {
      char* to = room(size * sizeof(slot));
      std::size_t n = 0;
      for (std::size_t i = 0; i < size; ++i) { // without a branch: nobody can guess what is full
        std::memcpy(to + n * sizeof(slot), c.at(i), sizeof(slot));
        n += c.ctrl()[i] >> 7;
      }
      filled(n * sizeof(slot));
    });
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
    saved_entry entries[entries_per_run];
    saved_run* next;
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
    auto& c = chunks_[n];
    const auto first = n * chunk_slots;
    detail::copy_while_written(to.at(0), table_->slots() + first, size * sizeof(slot));
    detail::copy_while_written(to.ctrl(), table_->ctrl() + first, size);
    detail::load_fence();
    c.taken.store(true, std::memory_order_release);
    auto left = c.num_saved.load(std::memory_order_acquire);
    for (auto* run = c.first; left > 0;) {
      const auto here = std::min(left, entries_per_run);
      for (std::uint32_t i = 0; i < here; ++i) {
        auto& e = run->entries[i];
        to.ctrl()[e.index] = e.full ? detail::ctrl_full : detail::ctrl_empty;
        if (e.full) std::memcpy(to.at(e.index), e.bytes, sizeof(slot));
      }
      left -= here;
      if (left > 0) run = run->next;
    }
  }

  static_assert(detail::ctrl_full == 1 << 7);

  std::shared_ptr<storage> table_;
  std::shared_ptr<detail::save_arena> arena_; // of the actor
  std::size_t num_chunks_;
  std::unique_ptr<chunk[]> chunks_;
  std::unique_ptr<std::uint64_t[]> saved_; // a bit per slot, the actor's
  std::atomic<bool> finished_{false};
};

/// A view of entries that have to be copied by their constructors, and so by one thread at a time:
/// a lock per block of 64 slots.
template <class K, class V>
class locked_view {
public:
  using storage = table_storage<K, V>;
  using slot = typename storage::slot;

  locked_view(std::shared_ptr<storage> table, std::shared_ptr<detail::save_arena>)
    : table_(std::move(table)), num_blocks_((table_->capacity() + block_slots - 1) / block_slots),
      blocks_(new block[num_blocks_]()) {}

  /// See `copied_view`.
  bool before_write(std::size_t index) {
    auto& b = blocks_[index / block_slots];
    const auto bit = std::uint64_t{1} << (index % block_slots);
    if ((b.saved & bit) != 0) return false;
    if (!lock(b)) return finished();
    unlock_at_exit guard{b, pending};
    auto ask = false;
    if (table_->full(index)) {
      ask = entries_.empty() || entries_.back().size() == entries_.back().capacity();
      if (ask) entries_.emplace_back().reserve(entries_per_piece);
      b.last_entry
        = &entries_.back().emplace_back(saved_entry{table_->slots()[index], b.last_entry});
    }
    b.saved |= bit;
    return ask;
  }

  /// See `copied_view`. The actor may have to wait for `f`, which must not block; `between()` may.
  template <class F, class B>
  void for_each(F&& f, B&& between) {
    for (std::size_t n = 0; n < num_blocks_; ++n) {
      take(n, f);
      between();
    }
    finished_.store(true, std::memory_order_release);
  }

  bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }

private:
  static constexpr std::size_t block_slots = 64; // a bit for each
  static constexpr std::size_t entries_per_piece = 256;

  enum : std::uint8_t { pending, busy, done };

  struct saved_entry {
    slot value;
    saved_entry* before;
  };

  struct block {
    std::uint64_t saved = 0; // changed by the actor alone; the writer reads it when it has the lock
    saved_entry* last_entry = nullptr; // guarded by the lock, as is what it leads to
    std::atomic<std::uint8_t> state{pending};
  };

  struct unlock_at_exit {
    block& b;
    std::uint8_t to;
    ~unlock_at_exit() { b.state.store(to, std::memory_order_release); }
  };

  /// False if the writer is done with the block.
  static bool lock(block& b) noexcept {
    for (int spins = 0;; ++spins) {
      std::uint8_t expected = pending;
      if (b.state.compare_exchange_weak(expected, busy, std::memory_order_acquire)) return true;
      if (expected == done) return false;
      // The other holds it for some microseconds, unless it was suspended just then.
      if (spins < 1000)
        detail::spin_pause();
      else
        std::this_thread::yield();
    }
  }

  template <class F>
  void take(std::size_t n, F& f) {
    auto& b = blocks_[n];
    lock(b);
    unlock_at_exit guard{b, done};
    const auto first = n * block_slots;
    const auto count = std::min(block_slots, table_->capacity() - first);
    for (std::size_t i = 0; i < count; ++i) {
      if ((b.saved >> i & 1) != 0 || !table_->full(first + i)) continue;
      auto& entry = std::as_const(*table_).slots()[first + i];
      f(entry.key, entry.value);
    }
    for (auto* e = b.last_entry; e != nullptr; e = e->before)
      f(std::as_const(e->value.key), std::as_const(e->value.value));
  }

  std::shared_ptr<storage> table_;
  std::size_t num_blocks_;
  std::unique_ptr<block[]> blocks_;
  std::vector<std::vector<saved_entry>>
    entries_; // never moved: the writer follows pointers to them
  std::atomic<bool> finished_{false};
};

/// Whether entries can be copied byte by byte. (Not `is_trivially_copyable`, which `std::pair` is
/// not, as it can be assigned to through references.)
template <class K, class V>
inline constexpr bool copied_by_bytes
  = std::is_trivially_copy_constructible_v<K> && std::is_trivially_destructible_v<K>
    && std::is_trivially_copy_constructible_v<V> && std::is_trivially_destructible_v<V>;

/// A view of a table as it was at the moment of a barrier.
template <class K, class V>
using cow_view = std::conditional_t<copied_by_bytes<K, V>, copied_view<K, V>, locked_view<K, V>>;

} // namespace sluice
