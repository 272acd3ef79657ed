/// How JSON lines are read and written.
#pragma once

#include "sluice/connect/format/format_options.hpp"
#include "sluice/core/row.hpp"

namespace sluice {

/// One JSON object per line (an array for tuples and plain aggregates, whose fields have no names).
/// Blank lines and fields that the record does not have are passed over.
///
/// A field that is missing or null, or bad under `on_error::null_field`, gets the value it has in a
/// default-constructed record. Null in a list, map or array is an error unless the element is
/// optional. Numbers may also come as strings; a string field takes numbers, bools and, as JSON
/// text, objects and arrays. Integers of more than 64 bits and numbers beyond the range of a double
/// are refused, whatever the field is.
struct json_options {
  /// Common to all formats: see `format_options`.
  on_error errors = on_error::fail;
  std::function<void(const bad_record&)> divert = {};
  std::size_t max_record_bytes = std::size_t{128} << 20;

  /// A field that is missing makes the record bad; so does null where the field cannot be null.
  bool fail_on_missing_field = false;

  /// `keep` is not possible: JSON is UTF-8. In strings that are written, bytes that are not UTF-8
  /// become U+FFFD, uncounted.
  invalid_utf8 utf8 = invalid_utf8::by_policy;

  /// Columns of generic rows, to read and to write them; unused for other records. A row that has
  /// not as many cells fails the job that writes it.
  schema row_schema = {};

  /// Whether fields that are null are left out when writing.
  bool omit_null_fields = false;
};

} // namespace sluice
