/// Texts of single values in CSV, JSON and paths, as Flink's formats read and write them.
#pragma once

#include "sluice/table/column/column.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::table::internal {

/// What stands between date and time of a timestamp.
enum class timestamp_style : char { sql = ' ', iso = 'T' };

// Each reads all of `text`. False: it is none; `out` is unspecified then.

/// Digits with a sign, as Java's `Long.parseLong` takes them; blanks around are dropped.
bool read_integer(std::string_view text, std::int64_t least, std::int64_t most,
                  std::int64_t& out) noexcept;
/// As Java's `Double.parseDouble`.
bool read_double(std::string_view text, double& out) noexcept;
/// `2020-01-31`.
bool read_date(std::string_view text, std::int32_t& days) noexcept;
/// `12:30:15`, with a fraction or without: milliseconds of the day.
bool read_time(std::string_view text, std::int32_t& millis) noexcept;
/// `2020-01-31 12:30:15`, with up to 9 digits of a fraction; with a `Z` behind it if `zoned`.
bool read_timestamp(std::string_view text, timestamp_style style, bool zoned,
                    std::int64_t& micros) noexcept;

/// Reads timestamps of a column, the same texts as `read_timestamp`: faster where they have no
/// fraction of a second, and where the date is that of the one before.
class timestamp_reader {
public:
  timestamp_reader(timestamp_style style, bool zoned) : style_(style), zoned_(zoned) {}

  bool read(std::string_view text, std::int64_t& micros) noexcept;

private:
  bool read_days(std::uint64_t month, std::uint16_t day, std::string_view text) noexcept;

  timestamp_style style_;
  bool zoned_;
  // the date that was read last, as it is in the text: `2020-01-` and `31`
  std::uint64_t month_ = 0;
  std::uint16_t day_ = 0;
  std::int32_t days_ = 0;
};

bool read_base64(std::string_view text, std::string& out);

/// Fraction without trailing zeros, seconds always.
void append_time_text(std::string& out, std::int32_t millis);
void append_timestamp_text(std::string& out, std::int64_t micros, timestamp_style style,
                           bool zoned);
void append_base64(std::string& out, std::string_view bytes);

/// How a text becomes a value of a column, apart from its type.
struct text_rules {
  timestamp_style timestamps = timestamp_style::sql;
  /// Of a CSV field that is an array or a row.
  std::string_view element_delimiter = ";";
  const std::string* null_literal = nullptr;
  /// Whether elements and fields that mean nothing become NULL, instead of making it all so.
  bool null_elements = false;
};

/// Appends one row: the value that `text` means for the type of `c` (NULL for a decimal that has
/// too many digits). False, and the row is NULL, if it means none.
bool append_value(column& c, std::string_view text, const text_rules& rules);

/// What the type is called in an error: "not a BIGINT".
std::string describe_type(const data_type& type);

} // namespace sluice::table::internal
