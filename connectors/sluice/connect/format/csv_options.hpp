/// How CSV is read and written.
#pragma once

#include "sluice/connect/format/format_options.hpp"
#include "sluice/core/row.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sluice {

/// The first line of a CSV file.
enum class csv_header : std::uint8_t {
  none,    ///< is data
  by_name, ///< names the columns; fields are found by name, other columns are not looked at
  skip,    ///< is passed over; fields are found by position
};

/// CSV as in RFC 4180. Lines end in LF or CRLF; empty lines are passed over; a byte order mark at
/// the start of a file too. There are no comments.
///
/// Which columns: the fields of a described struct (or the columns of `row_schema`) are found by
/// name in the header or in `columns`; without both, and for plain aggregates and tuples, by
/// position. Every line must have as many columns as the header, `columns` or the record type has;
/// under `on_error::null_field`, missing ones at the end are null.
///
/// An empty field is "" for a string, null for an optional (quoted, `""`, it is a value) and for
/// numbers and bools of generic rows, and an error for those of other records. If there is a
/// `null_literal`, that, unquoted, is null instead, for optionals and rows, and an error for the
/// rest. Without one, what is written for a null text of a generic row, and for the null of a
/// record of a single text column (which is `""`, as an empty line would be no record), reads back
/// as "".
struct csv_options {
  /// Common to all formats: see `format_options`.
  on_error errors = on_error::fail;
  std::function<void(const bad_record&)> divert = {};
  std::size_t max_record_bytes = std::size_t{128} << 20;

  char delimiter = ',';
  /// '\0': quotes are plain characters; a field that could not be read back without quotes (with a
  /// delimiter or line end in it, or that would be taken for null) is not written, the job fails.
  char quote = '"';
  csv_header header = csv_header::none;

  /// Names of all columns of the input, in order, if there is no header that tells them. With
  /// `write_header`, the names in the header, one for each field.
  std::vector<std::string> columns = {};

  /// Whether names match without regard to case, blanks, '_' and '-' ("UnitPrice" is unit_price).
  bool loose_names = false;

  /// What stands for null; also written for it. Nothing: null is written as an empty field.
  std::optional<std::string> null_literal = std::nullopt;

  /// false: a line end always ends the record, and a quote that is open there is an error of this
  /// line only. Choose it for dirty files: otherwise one quote too many swallows the lines up to
  /// the next. Big files are also cut without being read once in advance.
  bool quoted_newlines = true;

  /// For reading. Strings are written as they are: bytes that are not UTF-8 make records that a
  /// reader refuses unless it is told `replace` or `keep`.
  invalid_utf8 utf8 = invalid_utf8::by_policy;

  /// Columns of generic rows; unused for other records. Not needed for writing, but a row that has
  /// not as many cells fails the job.
  schema row_schema = {};

  /// Whether files that are written start with a line of names: those of the fields, or `columns`.
  bool write_header = false;
};

} // namespace sluice
