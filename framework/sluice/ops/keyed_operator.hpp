/// What operators on keyed streams share: the hashes of a batch, and prefetching.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/ops/partitioner.hpp"
#include "sluice/ops/record_loop.hpp"
#include "sluice/state/keyed_table.hpp"

#include <functional>
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

} // namespace sluice::ops
