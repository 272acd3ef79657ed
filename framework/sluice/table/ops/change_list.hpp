/// Collects the changes that an operator puts out, and makes batches of them. Not for users.
#pragma once

#include "sluice/ops/output.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace sluice::table::detail {

/// Changes whose columns are taken from two sets of columns: each change names a row in both.
class change_list {
public:
  void add(row_kind kind, std::uint32_t left, std::uint32_t right) {
    kinds_.push_back(kind);
    left_.push_back(left);
    right_.push_back(right);
  }
  bool empty() const noexcept { return kinds_.empty(); }

  /// Puts them all out, the columns of `left` before those of `right`, and forgets them.
  void flush(std::span<const column* const> left, std::span<const column* const> right,
             output_port& port);

private:
  std::vector<row_kind> kinds_;
  std::vector<std::uint32_t> left_;
  std::vector<std::uint32_t> right_;
  columnar_batch out_;
};

/// Empty columns of these types, with memory for so many rows.
std::vector<std::shared_ptr<column>> make_columns(const std::vector<data_type>& types,
                                                  std::size_t rows = 0);
/// Empties columns that may be shared by now.
void clear_columns(std::vector<std::shared_ptr<column>>& columns);
std::vector<column*> pointers_to(const std::vector<std::shared_ptr<column>>& columns);
std::vector<const column*> views_of(const std::vector<std::shared_ptr<column>>& columns);

} // namespace sluice::table::detail
