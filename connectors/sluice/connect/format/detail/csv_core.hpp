/// The part of CSV decoding that knows no record type: finding rows and fields.
#pragma once

#include "sluice/connect/format/csv_options.hpp"
#include "sluice/connect/format/detail/byte_kernels.hpp"
#include "sluice/connect/format/record_format.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::detail {

/// A field of a row, without its quotes.
struct csv_field {
  std::string_view text;
  bool quoted = false;
};

/// What a record type wants to find in a row.
struct csv_wish {
  std::string_view name; ///< empty: by position
  bool optional = false; ///< its column may be missing altogether
};

/// Finds rows and fields; the typed decoder derived from it fills records.
///
/// Invariant: `index_` describes the chunk of the current call.
class csv_decoder_core : public record_decoder {
public:
  csv_decoder_core(std::shared_ptr<const csv_options> options, std::vector<csv_wish> wishes);

  void begin(std::string_view header) override;

  decode_result decode(std::string_view chunk, bool last, batch& out, std::size_t max_records,
                       decode_sink& sink) override;

protected:
  static constexpr std::size_t no_column = static_cast<std::size_t>(-1);

  /// Turns the rows [0, `num_rows`) of the index into records until one is refused for now.
  /// Returns the number of rows done with, bad ones included.
  virtual std::size_t decode_rows(std::size_t num_rows, batch& out) = 0;

  const csv_options& options() const noexcept { return *options_; }

  /// Column of the `wish`-th field, `no_column` if the input lacks it.
  std::size_t column_of(std::size_t wish) const noexcept { return column_of_[wish]; }

  /// Checks row `r` as a whole and makes it the one that `field` reads. False: it was dealt with
  /// as `last_action` tells.
  bool enter_row(std::size_t r) {
    first_end_ = r == 0 ? 0 : index_.rows[r - 1];
    num_fields_ = index_.rows[r] - first_end_;
    row_begin_ = first_end_ == 0 ? 0 : index_.ends[first_end_ - 1] + 1;
    row_end_ = index_.ends[index_.rows[r] - 1];
    nulled_before_ = nulled_;
    if (num_fields_ == num_columns_ && !suspicious_
        && row_end_ - row_begin_ <= options_->max_record_bytes) [[likely]]
      return num_columns_ > 1 || row_begin_ + 1 < row_end_ || !blank_row();
    return check_row();
  }

  /// The field in `column` of the entered row, valid until the next call. False: its quotes are
  /// wrong, the row is refused.
  bool field(std::size_t column, csv_field& out) {
    auto at = first_end_ + column;
    auto begin = column == 0 ? row_begin_ : index_.ends[at - 1] + 1;
    std::size_t end = index_.ends[at];
    if (column + 1 == num_fields_ && end > begin && chunk_[end - 1] == '\r') --end;
    out.text = chunk_.substr(begin, end - begin);
    out.quoted = false;
    if (out.text.empty() || out.text.front() != options_->quote) [[likely]]
      return true;
    return options_->quote == '\0' || unquote(out);
  }

  bool has_field(std::size_t column) const noexcept { return column < num_fields_; }

  /// Whether the field is null by itself: the null literal or nothing, unquoted. Nothing in quotes
  /// is null if it is all there is in the row and not a text: an empty line would not be a row.
  bool is_null(const csv_field& f, bool is_text) const noexcept {
    if (options_->null_literal) return is_null_literal(f);
    return f.text.empty() && (!f.quoted || (!is_text && num_columns_ == 1));
  }
  bool is_null_literal(const csv_field& f) const noexcept {
    return options_->null_literal && !f.quoted && f.text == *options_->null_literal;
  }

  /// Stores the text of a field, repaired if that is asked for.
  void store_text(std::string& out, std::string_view text) const;

  /// A field does not convert: whether to take null for it and go on.
  bool null_instead() noexcept {
    if (options_->errors != on_error::null_field) return false;
    ++nulled_;
    return true;
  }

  /// Refuses the entered row. Returns false, for convenience.
  bool refuse_field(std::size_t wish, const csv_field& f, std::string_view wanted);
  bool refuse_row(std::string reason);

  /// Whether decoding must stop in front of the row that was refused last.
  bool stopped() const noexcept { return stopped_; }

private:
  bool check_row();
  bool blank_row() const noexcept;
  bool unquote(csv_field& f);
  void find_columns(const std::vector<std::string>& names);
  std::vector<std::string> split_header(std::string_view header);
  std::size_t make_index(bool last, std::size_t max_records);
  void index_lines(std::size_t max_records);
  decode_result discard(std::string_view chunk, bool last);
  decode_result ask_for_more(decode_sink& sink);

  std::shared_ptr<const csv_options> options_;
  std::vector<csv_wish> wishes_;
  std::vector<std::size_t> column_of_;
  std::size_t num_columns_ = 0;

  // the chunk at hand
  std::string_view chunk_;
  decode_sink* sink_ = nullptr;
  csv_index index_;
  bool discarding_ = false; // inside an overlong record
  bool suspicious_ = false; // some row of the chunk holds invalid UTF-8
  bool stopped_ = false;
  std::size_t nulled_ = 0;

  // the entered row
  std::size_t first_end_ = 0;
  std::size_t num_fields_ = 0;
  std::size_t row_begin_ = 0;
  std::size_t row_end_ = 0;
  bool unclosed_ = false; // the last row of the index ends inside quotes
  std::size_t nulled_before_ = 0;
  std::string scratch_; // of the field that was read last, if it had quotes to resolve
};

/// The names of columns for a message, escaped and cut as all text of an input is.
std::string list_csv_columns(const std::vector<std::string>& names);

/// The column called `wanted`; `npos` if there is none. `loosely`: or else one with a name that is
/// alike, see `csv_options::loose_names`. Errors: `format_error` if there are two.
std::size_t find_csv_column(const std::vector<std::string>& names, std::string_view wanted,
                            bool loosely);

/// Errors: `plan_error`.
void validate_csv_options(const csv_options& options);

/// Checks the names that a header of records of `num_fields` fields would have. Errors:
/// `plan_error`.
void validate_csv_header(const std::vector<std::string_view>& names, std::size_t num_fields,
                         const csv_options& options);

/// Appends a text field, quoted if it must be. REQUIRES: it is not null. False: it must be, and
/// there are no quotes; nothing was appended.
bool append_csv_text(std::string& out, std::string_view text, const csv_options& options);

/// Throws a `format_error` for a row whose number of cells is wrong.
[[noreturn]] void refuse_csv_row(std::size_t num_cells, std::size_t num_columns);

/// Throws a `format_error` for the field at `index`, which would need quotes.
[[noreturn]] void refuse_unquoted_csv(std::size_t index, std::string_view name,
                                      std::string_view text);

/// Appends the line of names. Errors: `plan_error` for one that would need quotes.
void append_csv_header(std::string& out, const std::vector<std::string_view>& names,
                       const csv_options& options);

} // namespace sluice::detail
