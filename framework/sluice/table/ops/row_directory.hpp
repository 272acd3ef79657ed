/// The directory of a table of keys. Not for users.
#pragma once

#include "sluice/table/ops/memory_block.hpp"
#include "sluice/table/ops/row_store.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::table::detail {

/// Which rows are where: a flat table of addresses, probed one after the other. An entry is the
/// address of a row (48 bits) and above it 16 bits of the key's hash, so that most keys that differ
/// are told apart without a look at the row.
class row_directory {
public:
  using entry = std::uint64_t;
  static constexpr entry empty = 0;
  static constexpr entry deleted = 1;

  row_directory() { reset(smallest); }

  std::size_t size() const noexcept { return size_; }
  std::size_t memory_bytes() const noexcept { return memory_.size(); }
  /// Another one after entries have moved.
  std::uint64_t generation() const noexcept { return generation_; }
  std::size_t start_of(std::uint32_t hash) const noexcept { return hash & mask_; }
  std::size_t after(std::size_t at) const noexcept { return (at + 1) & mask_; }
  entry at(std::size_t i) const noexcept { return entries_[i]; }
  void prefetch(std::size_t i) const noexcept { __builtin_prefetch(entries_ + i); }

  static std::byte* row_of(entry e) noexcept {
    return reinterpret_cast<std::byte*>(e & ((entry{1} << 48) - 1));
  }
  /// Whether the entry may be of a key with this hash.
  static bool may_be(entry e, std::uint32_t hash) noexcept {
    return e >> 48 == hash >> 16 && e > deleted;
  }

  bool full() const noexcept { return room_ == 0; }

  /// REQUIRES: not full; entry `i` is empty.
  void set(std::size_t i, std::uint32_t hash, std::byte* row) noexcept {
    entries_[i] = static_cast<entry>(hash >> 16) << 48 | reinterpret_cast<std::uintptr_t>(row);
    --room_;
    ++size_;
  }

  void insert(std::uint32_t hash, std::byte* row) noexcept {
    auto i = start_of(hash);
    while (entries_[i] != empty) i = after(i);
    set(i, hash, row);
  }

  void erase(const std::byte* row) noexcept {
    auto i = start_of(key_layout::hash_of(row));
    while (row_of(entries_[i]) != row) i = after(i);
    // Nobody probes past an empty entry, so one before it may be empty as well.
    if (entries_[after(i)] == empty) {
      entries_[i] = empty;
      ++room_;
    } else {
      entries_[i] = deleted;
    }
    --size_;
  }

  /// Makes room, and forgets what was deleted.
  void rebuild(row_store& rows) {
    auto capacity = mask_ + 1;
    reset(size_ > capacity / 4 ? 2 * capacity : capacity);
    constexpr std::size_t block = 64; // so many cache misses go on at a time
    std::array<std::byte*, block> found{};
    std::size_t n = 0;
    auto flush = [&] {
      for (std::size_t k = 0; k < n; ++k) insert(key_layout::hash_of(found[k]), found[k]);
      n = 0;
    };
    rows.for_each_chunk([&](row_chunk& c) {
      for (std::uint32_t s = 0; s < c.used; ++s) {
        if (!c.holds(s)) continue;
        auto* row = rows.row_at(c, s);
        prefetch(start_of(key_layout::hash_of(row)));
        found[n++] = row;
        if (n == block) flush();
      }
    });
    flush();
  }

private:
  static constexpr std::size_t smallest = 64;

  void reset(std::size_t capacity) {
    memory_ = memory_block(capacity * sizeof(entry), 64);
    entries_ = reinterpret_cast<entry*>(memory_.data());
    std::fill_n(entries_, capacity, empty);
    mask_ = capacity - 1;
    room_ = capacity / 2 + capacity / 8;
    size_ = 0;
    ++generation_;
  }

  memory_block memory_;
  entry* entries_ = nullptr;
  std::size_t mask_ = 0;
  std::size_t room_ = 0; ///< entries that may become non-empty
  std::size_t size_ = 0;
  std::uint64_t generation_ = 0;
};

} // namespace sluice::table::detail
