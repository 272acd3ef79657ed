/// The view of a hash table at a barrier for entries that have constructors. See cow_view.hpp.
#pragma once

#include "sluice/state/save_arena.hpp"
#include "sluice/state/table_storage.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
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

} // namespace detail

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
  [[gnu::always_inline]] void prefetch(std::size_t index) const noexcept {
    __builtin_prefetch(&blocks_[index / block_slots], 1);
  }

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

} // namespace sluice
