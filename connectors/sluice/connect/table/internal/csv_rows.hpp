/// The rows of a chunk of CSV: where they and their fields are, and which are good as a whole.
#pragma once

#include "sluice/connect/format/detail/byte_kernels.hpp"
#include "sluice/connect/format/record_format.hpp"
#include "sluice/connect/table/internal/csv_settings.hpp"
#include "sluice/table/column/selection.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table::internal {

/// A row that cannot be used, and why.
struct csv_bad_row {
  std::size_t row = 0; ///< of the index
  std::string reason;
};

/// Finds rows and fields, once per chunk.
///
/// Invariant: the rows in `good()` have at least one field, as many as there are columns unless
/// errors are ignored, and well-formed quotes.
class csv_rows {
public:
  explicit csv_rows(const csv_settings& settings) : settings_(settings) {}

  void set_columns(std::size_t count) noexcept { num_columns_ = count; }

  /// Finds up to `max_rows` rows that end in `chunk`. 64 bytes behind it are readable.
  void find(std::string_view chunk, bool last, std::size_t max_rows);

  /// Makes each message a row. `text` holds the messages one behind the other with one byte between
  /// them, ending at `ends`.
  void find_messages(std::string_view text, std::span<const std::size_t> ends);

  std::size_t num_rows() const noexcept { return num_rows_; }
  /// The end of row `r` with its line end.
  std::size_t end_of(std::size_t r) const noexcept;
  std::size_t begin_of(std::size_t r) const noexcept;
  /// Without the line end.
  std::string_view text_of(std::size_t r) const noexcept;

  /// Sorts the rows [from, num_rows) into good and bad ones; passes over empty lines and comments.
  /// Stops in front of a bad one unless `all`; returns the first row not looked at.
  std::size_t check(std::size_t from, bool all);

  const std::vector<std::uint32_t>& good() const noexcept { return good_; }
  /// Of the good rows, only `rows` stay good.
  void keep(const selection& rows);
  const std::vector<csv_bad_row>& bad() const noexcept { return bad_; }
  /// Whether some good row has fewer fields than there are columns.
  bool some_short() const noexcept { return some_short_; }
  std::size_t columns() const noexcept { return num_columns_; }

  /// The raw bytes of a field of the `i`-th good row, quotes and all. REQUIRES: `has(i, column)`.
  std::string_view raw(std::size_t i, std::size_t column) const noexcept {
    auto at = first_end_[i] + column;
    std::size_t begin = column == 0 ? begin_[i] : index_.ends[at - 1] + 1;
    std::size_t end = index_.ends[at];
    if (column + 1 == fields_[i] && end > begin && chunk_[end - 1] == '\r') --end;
    return {chunk_.data() + begin, end - begin};
  }
  bool has(std::size_t i, std::size_t column) const noexcept { return column < fields_[i]; }

  /// Resolves quotes and escapes; the text is `raw` itself or in `scratch`. False: wrong quotes.
  bool resolve(std::string_view raw, std::string& scratch, std::string_view& text) const;

private:
  void find_irregular(std::size_t max_rows);
  void add_last_row();
  std::size_t check_rows(std::size_t from, bool all);
  std::size_t find_quote(std::size_t from) const noexcept;
  bool check_row(std::size_t r, bool quotes);
  void add_good(std::size_t r, std::size_t fields);
  std::size_t fields_of(std::size_t r) const noexcept {
    return index_.rows[r] - (r == 0 ? 0 : index_.rows[r - 1]);
  }

  const csv_settings& settings_;
  std::size_t num_columns_ = 0;
  std::string_view chunk_;
  ::sluice::detail::csv_index index_;
  std::size_t num_rows_ = 0;
  /// Where messages begin: not where the row before ends, as in a chunk of lines.
  std::vector<std::size_t> message_begins_;
  bool unclosed_ = false; // the last row ends inside quotes
  bool some_short_ = false;
  std::size_t num_good_ = 0;             // while rows are checked, of the lists below
  std::vector<std::uint32_t> good_;      // rows of the index
  std::vector<std::uint32_t> first_end_; // of each good row, in index_.ends
  std::vector<std::uint32_t> begin_;
  std::vector<std::uint32_t> fields_;
  std::vector<csv_bad_row> bad_;
  std::string scratch_;
};

} // namespace sluice::table::internal
