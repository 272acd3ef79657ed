/// One keyed state of one subtask: a hash table per key group that the subtask owns.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/core/codec.hpp"
#include "sluice/core/key_group.hpp"
#include "sluice/state/group_table.hpp"
#include "sluice/state/snapshot.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace sluice {

/// Maps keys to values, partitioned by key group so that it can be snapshotted and rescaled.
///
/// Why a table per group and not one per subtask: a group is what moves between subtasks, and a
/// table of a group grows in a millisecond where a subtask's would stop it for a hundred.
/// Owner: one actor. All calls take the key's `stable_hash`, so that it is computed once.
template <class K, class V>
class keyed_table {
public:
  keyed_table(key_group_range groups, std::uint32_t max_parallelism)
    : groups_(groups), max_parallelism_(max_parallelism), tables_(groups.size()) {}

  void set_rehash(typename group_table<K, V>::rehash_function f) {
    for (auto& t : tables_) t.set_rehash(f);
  }

  group_table<K, V>& table_of(std::uint64_t hash) noexcept {
    return tables_[key_group_of(hash, max_parallelism_) - groups_.first];
  }

  /// Number of key groups, and the table of the one with this index (from the first own group).
  std::uint32_t num_groups() const noexcept { return static_cast<std::uint32_t>(tables_.size()); }
  group_table<K, V>& group_at(std::uint32_t index) noexcept { return tables_[index]; }

  [[gnu::always_inline]] void prefetch(std::uint64_t hash) noexcept {
    table_of(hash).prefetch(hash);
  }

  const V* find(std::uint64_t hash, const K& key) noexcept {
    return table_of(hash).find(hash, key);
  }

  V* find_for_update(std::uint64_t hash, const K& key) {
    return table_of(hash).find_for_update(hash, key);
  }

  template <class Make>
  std::pair<V*, bool> find_or_insert(std::uint64_t hash, const K& key, Make&& make) {
    return table_of(hash).find_or_insert(hash, key, make);
  }

  bool erase(std::uint64_t hash, const K& key) { return table_of(hash).erase(hash, key); }

  std::size_t size() const noexcept {
    std::size_t n = 0;
    for (auto& t : tables_) n += t.size();
    return n;
  }

  std::size_t memory_bytes() const noexcept {
    std::size_t n = 0;
    for (auto& t : tables_) n += t.memory_bytes();
    return n;
  }

  /// Whether a snapshot of any group may still be reading.
  bool snapshotting() const noexcept {
    for (auto& t : tables_)
      if (t.snapshotting()) return true;
    return false;
  }

  /// What keys and values own beyond their slots. Looks at every entry unless they own nothing.
  std::size_t owned_bytes() const {
    std::size_t n = 0;
    if constexpr (!std::is_trivially_copyable_v<K> || !std::is_trivially_copyable_v<V>)
      for (auto& t : tables_)
        t.for_each([&](const K& key, const V& value) {
          n += std::max(memory_size(key), sizeof(K)) - sizeof(K);
          n += std::max(memory_size(value), sizeof(V)) - sizeof(V);
        });
    return n;
  }

  template <class F>
  void for_each(F&& f) {
    for (auto& t : tables_) t.for_each(f);
  }

  void clear() {
    for (auto& t : tables_) t.clear();
  }

  /// A view of one group at a barrier.
  struct group_view {
    key_group group;
    std::shared_ptr<cow_view<K, V>> view;
  };

  /// Views of the groups that are not empty. REQUIRES: earlier views were written out or given up.
  std::vector<group_view> snapshot() {
    for (auto& t : tables_) t.end_snapshot();
    reuse_arena();
    std::vector<group_view> views;
    for (std::uint32_t i = 0; i < tables_.size(); ++i)
      if (auto view = tables_[i].snapshot(arena_))
        views.push_back({groups_.first + i, std::move(view)});
    return views;
  }

private:
  /// Takes the memory of the snapshot before, unless somebody still holds one of its views.
  void reuse_arena() {
    if (arena_.use_count() != 1) {
      arena_ = std::make_shared<detail::save_arena>();
      return;
    }
    detail::load_fence(); // what the writer has read came before it let go of its last view
    arena_->clear();
  }

  key_group_range groups_;
  std::uint32_t max_parallelism_;
  std::vector<group_table<K, V>> tables_;
  std::shared_ptr<detail::save_arena> arena_; ///< of the last snapshot
};

} // namespace sluice
