/// Rows of columns as bytes, for rows that an operator keeps one by one.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::table {

/// Encoded rows, one after the other, in memory that is used again.
class encoded_rows {
public:
  std::size_t size() const noexcept { return leading_.size(); }
  std::string_view row(std::size_t i) const noexcept {
    return {bytes_.data() + offsets_[i], offsets_[i + 1] - offsets_[i]};
  }
  /// The part of row `i` that holds the leading columns.
  std::string_view leading(std::size_t i) const noexcept {
    return {bytes_.data() + offsets_[i], leading_[i]};
  }

private:
  friend class row_codec;
  std::vector<char> bytes_;
  std::vector<std::size_t> offsets_;
  std::vector<std::uint32_t> leading_;
  std::vector<std::size_t> cursors_;
};

/// Turns rows of given types into bytes and back, a column at a time.
///
/// Rows have the same bytes just if their values have (so 0.0 differs from -0.0, and maps by the
/// order of their entries): what is taken back is found by comparing bytes. Unaligned, of no fixed
/// width, without the types. Thread-safe.
class row_codec {
public:
  /// Rows that agree in the `leading` columns begin with the same bytes, and others do not.
  explicit row_codec(std::vector<data_type> types, std::vector<std::size_t> leading = {});

  const std::vector<data_type>& types() const noexcept { return types_; }
  std::size_t num_columns() const noexcept { return types_.size(); }

  /// A guess of a row's bytes.
  std::size_t typical_bytes() const noexcept;

  /// `out.row(k)` becomes row `rows[k]` of the columns, which have the types.
  void encode(const columnar_batch& in, const selection& rows, encoded_rows& out) const;

  /// Column c of the rows becomes `*out[c]`; columns whose `out` is null are left out. A null row
  /// is NULL in all columns. REQUIRES: the bytes are what `encode` wrote; see `check`.
  void decode(const char* const* rows, std::size_t count, std::span<column* const> out) const;

  /// Whether the bytes are a row. For bytes that come from a file.
  bool check(std::string_view bytes) const noexcept;

  /// For the schema of a state.
  std::string schema() const;

private:
  std::vector<data_type> types_;
  std::vector<std::size_t> order_; ///< columns as they are written
  std::size_t num_leading_;
};

} // namespace sluice::table
