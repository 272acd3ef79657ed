/// What the first of two phases of aggregation hands to the second. Not for users.
#pragma once

#include "sluice/table/ops/group_calls.hpp"

namespace sluice::table::detail {

/// Partial results of a batch: keys, then a column with the states of all calls of each key.
class partial_groups {
public:
  /// `calls` lays out the memory into which states are read.
  explicit partial_groups(const group_calls& calls) : calls_(&calls) {}
  ~partial_groups() { clear(); }
  partial_groups(const partial_groups&) = delete;

  /// Reads column `states` of a batch. Errors: `format_error`.
  void read(const columnar_batch& in, std::size_t states);
  void clear() noexcept;

  /// Rows that are in partial result `i`.
  std::int64_t rows(std::size_t i) const noexcept { return rows_[i]; }
  /// Adds the partial results of `rows` to values.
  void merge_into(std::byte* const* values, const selection& rows);

  /// Writes one.
  static void write(const group_calls& calls, const std::byte* value, std::int64_t rows,
                    byte_writer& out) {
    out.raw(rows);
    calls.encode(value, out);
  }

private:
  const group_calls* calls_;
  raw_buffer memory_;
  std::size_t count_ = 0;
  std::vector<std::int64_t> rows_;
  std::vector<const std::byte*> from_;
};

} // namespace sluice::table::detail
