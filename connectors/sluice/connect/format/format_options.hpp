/// What every text format can be told: what to do with bad input.
#pragma once

#include "sluice/io/bad_record.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace sluice {

/// What happens to a record that its format refuses. Nothing is dropped uncounted.
enum class on_error : std::uint8_t {
  fail,       ///< the job fails with the place, the reason and the text
  skip,       ///< left out, counted in "records_skipped"
  null_field, ///< a field that does not convert is counted in "fields_nulled" and null (where the
              ///< type has no null: 0 or "" in CSV, in JSON its value in a default-constructed
              ///< record); a record that cannot be taken apart is skipped
  divert,     ///< counted in "records_diverted" and put out to the source's side output
              ///< `malformed_records`, or handed to `format_options::divert` if that is set
};

/// What happens to bytes that are not UTF-8. One of them makes the whole record bad, not a field.
enum class invalid_utf8 : std::uint8_t {
  by_policy, ///< the record is refused, see `on_error` (`null_field` skips it)
  replace,   ///< each maximal wrong sequence becomes U+FFFD
  keep,      ///< bytes pass as they are
};

/// What all formats have in common. `csv_options`, `json_options` and `text_options` start with
/// these (members of their own, so that designated initialisers reach them).
struct format_options {
  on_error errors = on_error::fail;

  /// Takes the bad records under `on_error::divert`, instead of the source's side output
  /// `malformed_records`. Called by every reader on its own thread, in the order of the input,
  /// before the records that follow are emitted; must be thread-safe.
  std::function<void(const bad_record&)> divert = {};

  /// A record longer than this is refused without being held in memory. At most 2 GiB.
  std::size_t max_record_bytes = std::size_t{128} << 20;
};

/// What `options`, those of a format, have in common with others.
template <class Options>
format_options common_options(const Options& options) {
  return {options.errors, options.divert, options.max_record_bytes};
}

} // namespace sluice
