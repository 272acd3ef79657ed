/// The SQL types, with Flink's names, defaults and text.
#pragma once

#include "sluice/core/errors.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

/// What kind of type a `data_type` is.
enum class type_root : std::uint8_t {
  null,
  boolean,
  tinyint,
  smallint,
  integer,
  bigint,
  float_,
  double_,
  decimal,
  char_,
  varchar,
  binary,
  varbinary,
  date,
  time,
  timestamp,
  timestamp_ltz,
  interval_year_month,
  interval_day_time,
  array,
  map,
  row,
};

/// How values of a type lie in a column.
///
/// | physical | types |
/// |---|---|
/// | boolean | BOOLEAN, NULL: a byte, 0 or 1 |
/// | int8 .. int64 | TINYINT .. BIGINT |
/// | int32 | DATE (days since 1970-01-01), TIME (milliseconds of the day), months of an interval |
/// | int64 | TIMESTAMP and TIMESTAMP_LTZ (microseconds), milliseconds of a day-time interval |
/// | float32, float64 | FLOAT, DOUBLE |
/// | decimal128 | DECIMAL, the digits without the point |
/// | string | CHAR, VARCHAR, BINARY, VARBINARY: `string_ref` |
/// | list | ARRAY, MAP: a run of rows of the child columns |
/// | row | ROW: only child columns |
enum class physical_type : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  float32,
  float64,
  decimal128,
  string,
  list,
  row,
};

/// A type of SQL: a value, cheap to copy.
///
/// Nullable unless `not_null()` made it otherwise, as in SQL text.
class data_type {
public:
  struct field;

  /// NULL, the type of the bare literal.
  data_type() = default;

  /// The most digits a DECIMAL has.
  static constexpr std::int32_t max_decimal_precision = 38;
  /// The length of STRING and BYTES.
  static constexpr std::int32_t max_length = 2147483647;
  /// Times are kept in microseconds, so that is the finest precision of TIMESTAMP.
  static constexpr std::int32_t max_time_precision = 6;

  static data_type null() { return {}; }
  static data_type boolean() { return data_type(type_root::boolean); }
  static data_type tinyint() { return data_type(type_root::tinyint); }
  static data_type smallint() { return data_type(type_root::smallint); }
  static data_type integer() { return data_type(type_root::integer); }
  static data_type bigint() { return data_type(type_root::bigint); }
  static data_type float_() { return data_type(type_root::float_); }
  static data_type double_() { return data_type(type_root::double_); }
  /// Errors: `plan_error` unless 1 <= precision <= 38 and 0 <= scale <= precision.
  static data_type decimal(std::int32_t precision = 10, std::int32_t scale = 0);
  /// Errors of those with a length: `plan_error` when it is less than 1.
  static data_type char_(std::int32_t length = 1);
  static data_type varchar(std::int32_t length = 1);
  static data_type string() { return varchar(max_length); }
  static data_type binary(std::int32_t length = 1);
  static data_type varbinary(std::int32_t length = 1);
  static data_type bytes() { return varbinary(max_length); }
  static data_type date() { return data_type(type_root::date); }
  /// Errors of those with a time: `plan_error` when the precision is not one this engine keeps
  /// (TIME: 0 to 3, timestamps: 0 to 6).
  static data_type time(std::int32_t precision = 0);
  static data_type timestamp(std::int32_t precision = 6);
  static data_type timestamp_ltz(std::int32_t precision = 6);
  static data_type interval_year_month() { return data_type(type_root::interval_year_month); }
  static data_type interval_day_time() { return data_type(type_root::interval_day_time); }
  static data_type array(data_type element);
  static data_type map(data_type key, data_type value);
  static data_type row(std::vector<field> fields);

  /// Reads `DECIMAL(10, 2) NOT NULL` and the like, any case. Errors: `plan_error` with the place.
  static data_type parse(std::string_view text);

  type_root root() const noexcept { return root_; }
  bool is(type_root root) const noexcept { return root_ == root; }
  bool nullable() const noexcept { return nullable_; }
  physical_type physical() const noexcept;

  /// Digits of a DECIMAL, or of the fraction of a second.
  std::int32_t precision() const noexcept { return length_; }
  std::int32_t scale() const noexcept { return scale_; }
  /// Characters or bytes of CHAR .. VARBINARY.
  std::int32_t length() const noexcept { return length_; }

  /// Element of an array; key and value of a map; fields of a row. Empty for other types.
  std::span<const data_type> children() const noexcept;
  const data_type& element() const { return children()[0]; }
  /// Field names of a row, parallel to `children()`.
  std::span<const std::string> field_names() const noexcept;

  data_type not_null() const { return with_nullable(false); }
  data_type as_nullable() const { return with_nullable(true); }
  data_type with_nullable(bool nullable) const;

  bool is_integer() const noexcept {
    return root_ >= type_root::tinyint && root_ <= type_root::bigint;
  }
  bool is_approximate() const noexcept {
    return root_ == type_root::float_ || root_ == type_root::double_;
  }
  bool is_exact() const noexcept { return is_integer() || root_ == type_root::decimal; }
  bool is_numeric() const noexcept { return is_exact() || is_approximate(); }
  bool is_character() const noexcept {
    return root_ == type_root::char_ || root_ == type_root::varchar;
  }
  bool is_binary() const noexcept {
    return root_ == type_root::binary || root_ == type_root::varbinary;
  }
  bool is_timestamp() const noexcept {
    return root_ == type_root::timestamp || root_ == type_root::timestamp_ltz;
  }
  bool is_temporal() const noexcept {
    return root_ == type_root::date || root_ == type_root::time || is_timestamp();
  }
  bool is_interval() const noexcept {
    return root_ == type_root::interval_year_month || root_ == type_root::interval_day_time;
  }
  bool is_nested() const noexcept { return root_ >= type_root::array; }

  /// As Flink prints it: `INT NOT NULL`, `DECIMAL(10, 2)`, ``ROW<`a` INT>``.
  std::string to_string() const;

  /// Equal with nullability at every depth.
  friend bool operator==(const data_type& a, const data_type& b) noexcept;

  /// Equal but for nullability of this type itself.
  bool same_as(const data_type& other) const noexcept {
    return with_nullable(true) == other.with_nullable(true);
  }

private:
  struct nested;

  explicit data_type(type_root root, std::int32_t length = 0, std::int32_t scale = 0)
    : root_(root), length_(length), scale_(scale) {}
  static data_type make_nested(type_root root, std::vector<data_type> children,
                               std::vector<std::string> names = {});

  type_root root_ = type_root::null;
  bool nullable_ = true;
  std::int32_t length_ = 0;
  std::int32_t scale_ = 0;
  std::shared_ptr<const nested> nested_;
};

/// A column of a row type.
struct data_type::field {
  std::string name;
  data_type type;
};

} // namespace sluice::table
