/// Rows in memory that are to be sorted.
#pragma once

#include "sluice/table/ops/order_key.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::table {

/// Collects rows with their keys; gives them back in order, those with equal keys as they came.
///
/// With a bound, keeps just rows that may be among the first ones: half of what it holds is thrown
/// away whenever that is twice the bound, and from then on rows behind the last of the kept ones do
/// not even get in.
class sort_buffer {
public:
  sort_buffer(std::vector<data_type> types, std::vector<sort_key> keys,
              std::optional<std::uint64_t> bound);

  void add(const columnar_batch& in);

  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  /// Memory in use.
  std::size_t bytes() const noexcept;

  /// Orders the rows; after that, and until rows are added, `row` and `key` say which is where.
  void sort();
  std::uint32_t row(std::size_t place) const noexcept { return entries_[place].row; }
  std::string_view key(std::size_t place) const noexcept { return key_of(entries_[place]); }
  const columnar_batch& rows() const noexcept { return rows_; }

  /// Forgets the rows, not the bound.
  void clear();

private:
  struct entry {
    std::uint64_t prefix;
    std::uint32_t row;
    std::uint32_t key_size;
  };
  std::string_view key_of(const entry& e) const noexcept {
    return {key_bytes_.data() + key_offsets_[e.row], e.key_size};
  }
  bool before(const entry& a, const entry& b) const noexcept;
  void throw_away();

  std::vector<data_type> types_;
  order_key_codec codec_;
  std::optional<std::uint64_t> bound_;
  columnar_batch rows_;
  std::vector<char> key_bytes_;
  std::vector<std::size_t> key_offsets_; ///< per row
  std::vector<entry> entries_;
  order_keys keys_;
  std::vector<std::uint32_t> chosen_;
  std::optional<std::vector<char>> worst_; ///< key of the last row that is among the first
};

} // namespace sluice::table
