/// What operators on keyed streams share: the hashes of a batch, and prefetching.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/ops/partitioner.hpp"
#include "sluice/ops/record_loop.hpp"
#include "sluice/state/keyed_table.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace sluice::ops {

/// Applies a key selector to records of one input and gets at their hashes.
template <class T, class KeyF>
class key_access {
public:
  using selected = std::invoke_result_t<KeyF&, const T&>;
  using key = std::remove_cvref_t<selected>;

  explicit key_access(KeyF f) : f_(std::move(f)) {}

  /// The key of a record: a reference where the selector gives one.
  decltype(auto) operator()(const T& record) { return std::invoke(f_, record); }

  /// Where in the record its key is; null where the selector computes it.
  const void* address_in(const T& record) {
    if constexpr (std::is_reference_v<selected>)
      return std::addressof(std::invoke(f_, record));
    else
      return nullptr;
  }

  /// The hashes of all records of `b`: sent along, or computed now.
  const std::uint64_t* hashes(typed_batch<T>& b) {
    if (b.has_hashes()) return b.hashes();
    hashes_.reserve(b.size(), 0);
    auto* out = hashes_.data();
    const auto* rows = b.data();
    detail::for_each_record(
      b, b.size(), [&](std::size_t i) { out[i] = stable_hash<key>(std::invoke(f_, rows[i])); });
    return out;
  }

private:
  KeyF f_;
  recycling_buffer<std::uint64_t> hashes_;
};

/// How far ahead of use a table slot is fetched: long enough to cover a miss to memory.
inline constexpr std::size_t prefetch_distance = 16;

/// Tables up to this size stay in the caches by themselves.
inline constexpr std::size_t cached_table_bytes = 256 * 1024;

/// Calls `body(i, hash)` for each record with the table slots of later records on their way.
template <class K, class V, class Body>
void for_each_prefetched(keyed_table<K, V>& table, const batch& b, std::size_t n,
                         const std::uint64_t* hashes, Body&& body) {
  if (table.memory_bytes() <= cached_table_bytes) {
    detail::for_each_record(b, n, [&](std::size_t i) { body(i, hashes[i]); });
    return;
  }
  auto ahead = std::min(n, prefetch_distance);
  for (std::size_t i = 0; i < ahead; ++i) table.prefetch(hashes[i]);
  detail::for_each_record(b, n, [&](std::size_t i) {
    if (i + prefetch_distance < n) table.prefetch(hashes[i + prefetch_distance]);
    body(i, hashes[i]);
  });
}

/// Records whose values are looked up before the first of them is used.
inline constexpr std::size_t lookup_run = 64;

/// Remembers where the entries of a small table are: looking one up here takes a fifth of the
/// instructions of a probe. Only for tables from which nothing is erased.
template <class K, class V>
class value_cache {
public:
  using slot = typename group_table<K, V>::slot;

  /// Whether to use the cache for `table` now: not during a snapshot, which must be told of writes.
  bool use_for(const keyed_table<K, V>& table) {
    if (table.snapshotting() || table.memory_bytes() > max_slots * sizeof(slot)) return false;
    if (slots_.empty()) slots_.resize(max_slots);
    return true;
  }

  V* find(keyed_table<K, V>& table, std::uint64_t hash, const K& key) {
    auto*& known = slots_[hash % max_slots];
    if (known != nullptr && keys_equal(known->key, key)) [[likely]]
      return &known->value;
    known = table.table_of(hash).find_slot(hash, key);
    return known != nullptr ? &known->value : nullptr;
  }

  /// The entries moved.
  void clear() { slots_.clear(); }

private:
  static constexpr std::size_t max_slots = 4096;
  std::vector<slot*> slots_;
};

/// Calls `body(i, value, fresh)` for each record with the value of its key, which `make(i)` makes
/// when it is `fresh`. `key_of(i)` gives the key. REQUIRES: nothing but this inserts into or erases
/// from `table`.
///
/// In runs of two passes: the first only reads, so that the CPU looks up several keys at once; the
/// second changes the values that the first has brought near.
template <class K, class V, class KeyOf, class Make, class Body>
void for_each_value(keyed_table<K, V>& table, value_cache<K, V>& cache, const batch& b,
                    std::size_t n, const std::uint64_t* hashes, KeyOf&& key_of, Make&& make,
                    Body&& body) {
  std::array<V*, lookup_run> values;
  auto caching = cache.use_for(table);
  const auto prefetching = !caching && table.memory_bytes() > cached_table_bytes;
  if (prefetching)
    for (std::size_t i = 0; i < std::min(n, prefetch_distance); ++i) table.prefetch(hashes[i]);
  for (std::size_t first = 0; first < n; first += lookup_run) {
    auto last = std::min(n, first + lookup_run);
    if (caching) {
      detail::for_each_record(b, first, last, [&](std::size_t i) {
        values[i - first] = cache.find(table, hashes[i], key_of(i));
      });
    } else {
      detail::for_each_record(b, first, last, [&](std::size_t i) {
        if (prefetching && i + prefetch_distance < n) table.prefetch(hashes[i + prefetch_distance]);
        values[i - first] = table.find_for_update(hashes[i], key_of(i));
      });
    }
    auto moved = false; // an insertion made a table grow, so that `values` are stale
    detail::for_each_record(b, first, last, [&](std::size_t i) {
      auto* value = values[i - first];
      if (value != nullptr && !moved) [[likely]] {
        body(i, *value, false);
        return;
      }
      auto& group = table.table_of(hashes[i]);
      const auto* memory = group.memory();
      auto [inserted, fresh] = group.find_or_insert(hashes[i], key_of(i), [&] { return make(i); });
      moved = moved || memory != group.memory();
      body(i, *inserted, fresh);
    });
    if (moved) {
      cache.clear();
      caching = caching && cache.use_for(table);
    }
  }
}

} // namespace sluice::ops
