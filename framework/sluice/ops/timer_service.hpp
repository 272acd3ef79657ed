/// Timers per key: deduplicated, ordered by time, part of the keyed state.
#pragma once

#include "sluice/state/state_entry.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace sluice {

namespace detail {

struct nothing {
  friend bool operator==(nothing, nothing) = default;
};

/// A timer as it is stored.
template <class K>
struct timer_id {
  timestamp time = 0;
  K key{};
};

/// Group bits from the key's hash, slot bits from the time too, so that many timers of one key
/// spread over its group's table.
template <class K>
std::uint64_t hash_of_timer(timestamp time, std::uint64_t key_hash) noexcept {
  return (key_hash & 0xffffffff00000000ull)
         | (combine_hash(key_hash, static_cast<std::uint64_t>(time)) & 0xffffffffull);
}

} // namespace detail

/// The timers of one time domain of one keyed operator.
///
/// A heap orders them; the table that is also their state says which still count, so deleting is
/// constant time and a snapshot costs no sorting. Owner: one operator.
template <class K>
class timer_queue {
public:
  timer_queue(key_group_range groups, std::uint32_t max_parallelism)
    : entry_(groups, max_parallelism) {
    entry_.set_hash([](const detail::timer_id<K>& t) {
      return detail::hash_of_timer<K>(t.time, stable_hash(t.key));
    });
  }

  state_entry& entry() noexcept { return entry_; }

  /// Adds a timer unless the key has one at this time already.
  void add(timestamp time, const K& key, std::uint64_t key_hash) {
    detail::timer_id<K> id{time, key};
    auto hash = detail::hash_of_timer<K>(time, key_hash);
    auto fresh = entry_.table().find_or_insert(hash, id, [] { return detail::nothing{}; }).second;
    if (fresh) push(time, key, key_hash);
  }

  void remove(timestamp time, const K& key, std::uint64_t key_hash) {
    entry_.table().erase(detail::hash_of_timer<K>(time, key_hash), detail::timer_id<K>{time, key});
  }

  /// Time of the next timer (perhaps of one that was deleted).
  std::optional<timestamp> next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().time;
  }

  /// Calls `fire(time, key, key_hash)` for all timers up to `now`, in order of time. `fire` may add
  /// and remove timers.
  template <class F>
  void advance(timestamp now, F&& fire) {
    while (!heap_.empty() && heap_.front().time <= now) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      auto timer = std::move(heap_.back());
      heap_.pop_back();
      auto hash = detail::hash_of_timer<K>(timer.time, timer.hash);
      if (!entry_.table().erase(hash, detail::timer_id<K>{timer.time, timer.key})) continue;
      fire(timer.time, timer.key, timer.hash);
    }
  }

  /// Fills the heap after the table was restored.
  void restored() {
    heap_.clear();
    entry_.table().for_each([&](const detail::timer_id<K>& t, detail::nothing&) {
      push(t.time, t.key, stable_hash(t.key));
    });
  }

private:
  struct item {
    timestamp time;
    std::uint64_t hash;
    K key;
  };

  static bool later(const item& a, const item& b) noexcept { return a.time > b.time; }

  void push(timestamp time, const K& key, std::uint64_t hash) {
    heap_.push_back({time, hash, key});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  keyed_table_entry<detail::timer_id<K>, detail::nothing> entry_;
  std::vector<item> heap_;
};

} // namespace sluice
