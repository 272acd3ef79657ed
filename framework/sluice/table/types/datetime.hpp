/// Calendar arithmetic and text of dates and times: days and microseconds since 1970-01-01, in the
/// proleptic Gregorian calendar. Nothing here knows time zones; see time_zone.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

inline constexpr std::int64_t micros_per_second = 1'000'000;
inline constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;
inline constexpr std::int32_t millis_per_day = 86'400'000;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept {
  auto q = a / b;
  return a % b < 0 ? q - 1 : q;
}
constexpr std::int64_t floor_mod(std::int64_t a, std::int64_t b) noexcept {
  auto r = a % b;
  return r < 0 ? r + b : r;
}

struct civil_date {
  std::int32_t year;
  std::int32_t month; ///< 1 to 12
  std::int32_t day;   ///< 1 to 31
};

std::int32_t days_of(civil_date date) noexcept;
civil_date date_of(std::int64_t days) noexcept;
std::int32_t days_in_month(std::int32_t year, std::int32_t month) noexcept;

/// The days that a timestamp lies in.
constexpr std::int64_t day_of(std::int64_t micros) noexcept {
  return floor_div(micros, micros_per_day);
}

/// Units of EXTRACT, FLOOR .. TO, TIMESTAMPADD and TIMESTAMPDIFF.
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
  hour,
  minute,
  second,
  millisecond,
  microsecond,
  nanosecond,
  epoch,
  doy,
  dow,
  isodow,
};

/// The unit called `name` (any case), also as `SQL_TSI_DAY`.
std::optional<time_unit> parse_time_unit(std::string_view name);

/// A part of a local time; of a date when `micros` is its midnight.
std::int64_t extract(time_unit unit, std::int64_t micros) noexcept;

/// The start of the unit that `micros` lies in, and the first start not before it. Weeks start on
/// Sunday here, as in Flink. REQUIRES: a unit from millennium to microsecond, not isoyear.
std::int64_t floor_to(time_unit unit, std::int64_t micros) noexcept;
std::int64_t ceil_to(time_unit unit, std::int64_t micros) noexcept;

/// The same day `months` later, or the last of that month if it has no such day.
std::int64_t add_months(std::int64_t micros, std::int64_t months) noexcept;
std::int32_t add_months_to_date(std::int32_t days, std::int64_t months) noexcept;

/// Whole units from `from` to `to`. REQUIRES: a unit from year to microsecond, not isoyear.
std::int64_t units_between(time_unit unit, std::int64_t from, std::int64_t to) noexcept;

/// Whether `unit` can be added: its length in microseconds, or in months.
struct unit_length {
  std::int64_t micros = 0;
  std::int32_t months = 0;
};
std::optional<unit_length> length_of(time_unit unit) noexcept;

// -- text as CAST reads and writes it ------------------------------------------------------------

/// `2020-1-31`, `2020-1`, `2020`; a time behind it is dropped.
bool parse_date(std::string_view text, std::int32_t& days) noexcept;
/// `12:30:15.123`, `12:30`, `12`: milliseconds of the day.
bool parse_time(std::string_view text, std::int32_t& millis) noexcept;
/// `2020-01-31 12:30:15.123456`, also with `T`, without the fraction, seconds or time.
bool parse_timestamp(std::string_view text, std::int64_t& micros) noexcept;
/// `+1-06` or `18`.
bool parse_year_month(std::string_view text, std::int32_t& months) noexcept;

void append_date(std::string& out, std::int64_t days);
/// At most `precision` digits of a fraction, without trailing zeros but the first.
void append_time(std::string& out, std::int32_t millis, std::int32_t precision);
/// With exactly `precision` digits of a fraction, more if the value needs them.
void append_timestamp(std::string& out, std::int64_t micros, std::int32_t precision);
/// `+1-06`
void append_year_month(std::string& out, std::int32_t months);
/// `+1 02:03:04.005`
void append_day_time(std::string& out, std::int64_t millis);

// -- text as Java's classes print it, in rows -----------------------------------------------------

void append_java_time(std::string& out, std::int32_t millis);
/// `2020-01-31T12:30`, `...:15`, `...:15.123`.
void append_java_timestamp(std::string& out, std::int64_t micros);

/// Cuts a time to `precision` digits of a fraction, downwards.
std::int64_t truncate_micros(std::int64_t micros, std::int32_t precision) noexcept;

/// A pattern such as `yyyy-MM-dd HH:mm:ss.SSS`, in the letters of Java's formatter.
class time_format {
public:
  /// Errors: `plan_error` that names a letter without meaning here.
  static time_format compile(std::string_view pattern);

  void append(std::string& out, std::int64_t micros) const;

  /// False when `text` does not begin with what the pattern says.
  bool parse(std::string_view text, std::int64_t& micros) const noexcept;

private:
  struct item {
    char letter; // 0: the text
    int count;
    std::string text;
  };

  std::vector<item> items_;
};

} // namespace sluice::table
