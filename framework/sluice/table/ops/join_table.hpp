/// The hash table of a batch join.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::table {

/// Finds rows by the hashes of their keys. Flat: an array of first rows and their tags, and one
/// that chains rows of the same slot. Rows are numbered from 0 in the order of their hashes.
class join_table {
public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// Row i of `size` has `hashes[i]`, which must stay where they are; rows with `skip[i]` are left
  /// out (`skip` may be null).
  void build(const std::uint64_t* hashes, std::size_t size, const std::uint8_t* skip);
  void clear();

  std::size_t bytes() const noexcept { return heads_.capacity() * 8 + next_.capacity() * 4; }

  /// Writes the first row that has the hash of each of `count` keys, or `none`.
  void find(const std::uint64_t* hashes, std::size_t count, std::uint32_t* first) const noexcept;

  /// The next row with this hash after `row`, or `none`.
  std::uint32_t next(std::uint32_t row, std::uint64_t hash) const noexcept {
    if (!chained_) return none;
    for (row = next_[row]; row != none; row = next_[row])
      if (hashes_[row] == hash) return row;
    return none;
  }

private:
  std::size_t slot_of(std::uint64_t hash) const noexcept { return hash & (heads_.size() - 1); }

  std::vector<std::uint64_t> heads_; ///< upper half of the hash, then the row plus 1; 0: empty
  std::vector<std::uint32_t> next_;
  const std::uint64_t* hashes_ = nullptr;
  bool chained_ = false;
};

} // namespace sluice::table
