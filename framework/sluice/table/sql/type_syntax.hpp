/// A data type as written: syntax only, what it means is for the type system to say.
#pragma once

#include "sluice/table/sql/syntax_node.hpp"

#include <cstdint>
#include <optional>

namespace sluice::sql {

/// Units of intervals, EXTRACT, FLOOR and CEIL.
enum class time_unit : std::uint8_t {
  millennium,
  century,
  decade,
  year,
  isoyear,
  quarter,
  month,
  week,
  day,
  doy,
  dow,
  isodow,
  hour,
  minute,
  second,
  millisecond,
  microsecond,
  nanosecond,
  epoch
};

/// The part after the text of an interval: `DAY(3) TO SECOND(6)`.
struct interval_qualifier {
  time_unit from = time_unit::second;
  std::optional<std::uint32_t> precision; ///< of the leading field
  std::optional<time_unit> to;
  std::optional<std::uint32_t> fraction; ///< of the seconds

  friend bool operator==(const interval_qualifier&, const interval_qualifier&) = default;
};

enum class nullability : std::uint8_t { unspecified, nullable, not_null };

struct row_field;

/// `DECIMAL(10, 2) NOT NULL`, `ARRAY<STRING>`, `ROW<a INT, b STRING>`.
struct type_syntax {
  place where;

  /// In upper case, the longer spellings made short: INT, DECIMAL, VARCHAR, VARBINARY, DOUBLE,
  /// TIMESTAMP, TIMESTAMP_LTZ, TIMESTAMP_TZ. The rest as written: STRING, BYTES, ARRAY, MAP,
  /// MULTISET, ROW, INTERVAL, RAW and names that may not exist.
  std::string name;
  std::optional<std::uint32_t> precision;     ///< or length
  std::optional<std::uint32_t> scale;         ///< of DECIMAL(precision, scale)
  std::vector<type_syntax> elements;          ///< of ARRAY, MULTISET (one) and MAP (key, value)
  std::vector<row_field> fields;              ///< of ROW
  std::optional<interval_qualifier> interval; ///< of INTERVAL
  std::vector<text_literal> raw;              ///< of RAW('class', 'serializer')
  nullability null = nullability::unspecified;
  std::uint32_t height = 1; ///< levels of the tree, this one included

  friend bool operator==(const type_syntax&, const type_syntax&);
};

/// A field of a ROW type.
struct row_field {
  place where;
  identifier name;
  type_syntax type;
  std::optional<text_literal> comment;

  friend bool operator==(const row_field&, const row_field&) = default;
};

inline bool operator==(const type_syntax&, const type_syntax&) = default;

} // namespace sluice::sql
