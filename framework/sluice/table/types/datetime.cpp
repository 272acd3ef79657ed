#include "sluice/table/types/datetime.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace sluice::table {

std::int32_t days_of(civil_date date) noexcept {
  // Years begin in March here, so that the leap day is the last one.
  std::int64_t y = date.month <= 2 ? std::int64_t{date.year} - 1 : std::int64_t{date.year};
  auto era = floor_div(y, 400);
  auto year_of_era = y - era * 400;
  auto day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  auto day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<std::int32_t>(era * 146'097 + day_of_era - 719'468);
}

civil_date date_of(std::int64_t days) noexcept {
  days += 719'468;
  auto era = floor_div(days, 146'097);
  auto day_of_era = days - era * 146'097;
  auto year_of_era
    = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  auto month = (5 * day_of_year + 2) / 153;
  auto day = day_of_year - (153 * month + 2) / 5 + 1;
  auto civil_month = month < 10 ? month + 3 : month - 9;
  auto year = year_of_era + era * 400 + (civil_month <= 2 ? 1 : 0);
  return {static_cast<std::int32_t>(year), static_cast<std::int32_t>(civil_month),
          static_cast<std::int32_t>(day)};
}

std::int32_t days_in_month(std::int32_t year, std::int32_t month) noexcept {
  constexpr std::array<std::int32_t, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

std::optional<time_unit> parse_time_unit(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, time_unit>, 22> names{
    {{"MILLENNIUM", time_unit::millennium},
     {"CENTURY", time_unit::century},
     {"DECADE", time_unit::decade},
     {"YEAR", time_unit::year},
     {"ISOYEAR", time_unit::isoyear},
     {"QUARTER", time_unit::quarter},
     {"MONTH", time_unit::month},
     {"WEEK", time_unit::week},
     {"DAY", time_unit::day},
     {"HOUR", time_unit::hour},
     {"MINUTE", time_unit::minute},
     {"SECOND", time_unit::second},
     {"MILLISECOND", time_unit::millisecond},
     {"MICROSECOND", time_unit::microsecond},
     {"NANOSECOND", time_unit::nanosecond},
     {"EPOCH", time_unit::epoch},
     {"DOY", time_unit::doy},
     {"DAYOFYEAR", time_unit::doy},
     {"DOW", time_unit::dow},
     {"DAYOFWEEK", time_unit::dow},
     {"ISODOW", time_unit::isodow},
     {"DAYOFMONTH", time_unit::day}}};
  std::string upper(name);
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string_view wanted = upper;
  if (wanted.starts_with("SQL_TSI_")) wanted.remove_prefix(8);
  for (const auto& [text, unit] : names)
    if (text == wanted) return unit;
  if (wanted.ends_with('S')) return parse_time_unit(wanted.substr(0, wanted.size() - 1));
  return std::nullopt;
}

namespace {

constexpr std::int64_t monday_based_weekday(std::int64_t days) noexcept {
  return floor_mod(days + 3, 7); // 1970-01-01 was a Thursday
}

/// The Thursday of a day's week decides the ISO year and week.
struct iso_week {
  std::int64_t year;
  std::int64_t week;
};
iso_week iso_week_of(std::int64_t days) noexcept {
  auto thursday = days - monday_based_weekday(days) + 3;
  auto year = date_of(thursday).year;
  return {year, (thursday - days_of({year, 1, 1})) / 7 + 1};
}

std::int64_t extract_from_day(time_unit unit, std::int64_t days) noexcept {
  auto date = date_of(days);
  std::int64_t year = date.year;
  switch (unit) {
  case time_unit::millennium:
    return year > 0 ? (year + 999) / 1000 : (year - 999) / 1000;
  case time_unit::century:
    return year > 0 ? (year + 99) / 100 : (year - 99) / 100;
  case time_unit::decade:
    return year / 10;
  case time_unit::year:
    return year;
  case time_unit::isoyear:
    return iso_week_of(days).year;
  case time_unit::quarter:
    return (date.month + 2) / 3;
  case time_unit::month:
    return date.month;
  case time_unit::week:
    return iso_week_of(days).week;
  case time_unit::day:
    return date.day;
  case time_unit::doy:
    return days - days_of({date.year, 1, 1}) + 1;
  case time_unit::dow:
    return floor_mod(days + 4, 7) + 1;
  default: // isodow
    return monday_based_weekday(days) + 1;
  }
}

} // namespace

std::int64_t extract(time_unit unit, std::int64_t micros) noexcept {
  auto of_day = floor_mod(micros, micros_per_day);
  switch (unit) {
  case time_unit::hour:
    return of_day / (3600 * micros_per_second);
  case time_unit::minute:
    return of_day / (60 * micros_per_second) % 60;
  case time_unit::second:
    return of_day / micros_per_second % 60;
  case time_unit::millisecond:
    return of_day / 1000 % 1000;
  case time_unit::microsecond:
    return of_day % micros_per_second;
  case time_unit::nanosecond:
    return of_day % micros_per_second * 1000;
  case time_unit::epoch:
    return floor_div(micros, micros_per_second);
  default:
    return extract_from_day(unit, day_of(micros));
  }
}

std::optional<unit_length> length_of(time_unit unit) noexcept {
  switch (unit) {
  case time_unit::millennium:
    return unit_length{0, 12'000};
  case time_unit::century:
    return unit_length{0, 1'200};
  case time_unit::decade:
    return unit_length{0, 120};
  case time_unit::year:
    return unit_length{0, 12};
  case time_unit::quarter:
    return unit_length{0, 3};
  case time_unit::month:
    return unit_length{0, 1};
  case time_unit::week:
    return unit_length{7 * micros_per_day, 0};
  case time_unit::day:
    return unit_length{micros_per_day, 0};
  case time_unit::hour:
    return unit_length{3600 * micros_per_second, 0};
  case time_unit::minute:
    return unit_length{60 * micros_per_second, 0};
  case time_unit::second:
    return unit_length{micros_per_second, 0};
  case time_unit::millisecond:
    return unit_length{1000, 0};
  case time_unit::microsecond:
    return unit_length{1, 0};
  default:
    return std::nullopt;
  }
}

std::int64_t floor_to(time_unit unit, std::int64_t micros) noexcept {
  auto date = [&] { return date_of(day_of(micros)); };
  auto start_of_year = [](std::int64_t year) {
    return days_of({static_cast<std::int32_t>(year), 1, 1}) * micros_per_day;
  };
  switch (unit) {
  case time_unit::millennium: // they and centuries begin with a year 1
    return start_of_year(floor_div(date().year - 1, 1000) * 1000 + 1);
  case time_unit::century:
    return start_of_year(floor_div(date().year - 1, 100) * 100 + 1);
  case time_unit::decade:
    return start_of_year(floor_div(date().year, 10) * 10);
  case time_unit::year:
    return start_of_year(date().year);
  case time_unit::quarter: {
    auto d = date();
    return days_of({d.year, (d.month - 1) / 3 * 3 + 1, 1}) * micros_per_day;
  }
  case time_unit::month: {
    auto d = date();
    return days_of({d.year, d.month, 1}) * micros_per_day;
  }
  case time_unit::week: {
    auto days = day_of(micros);
    return (days - floor_mod(days + 4, 7)) * micros_per_day;
  }
  default: {
    auto length = length_of(unit)->micros;
    return floor_div(micros, length) * length;
  }
  }
}

std::int64_t ceil_to(time_unit unit, std::int64_t micros) noexcept {
  auto start = floor_to(unit, micros);
  if (start == micros) return start;
  auto length = *length_of(unit);
  return length.months > 0 ? add_months(start, length.months) : start + length.micros;
}

std::int32_t add_months_to_date(std::int32_t days, std::int64_t months) noexcept {
  auto d = date_of(days);
  auto total = std::int64_t{d.year} * 12 + d.month - 1 + months;
  auto year = static_cast<std::int32_t>(floor_div(total, 12));
  auto month = static_cast<std::int32_t>(floor_mod(total, 12)) + 1;
  return days_of({year, month, std::min(d.day, days_in_month(year, month))});
}

std::int64_t add_months(std::int64_t micros, std::int64_t months) noexcept {
  auto days = day_of(micros);
  return add_months_to_date(static_cast<std::int32_t>(days), months) * micros_per_day
         + (micros - days * micros_per_day);
}

std::int64_t units_between(time_unit unit, std::int64_t from, std::int64_t to) noexcept {
  auto length = *length_of(unit);
  if (length.months == 0) return (to - from) / length.micros;
  auto a = date_of(day_of(from));
  auto b = date_of(day_of(to));
  auto months = (std::int64_t{b.year} - a.year) * 12 + b.month - a.month;
  auto reached = add_months(from, months);
  if (months > 0 && reached > to) --months;
  if (months < 0 && reached < to) ++months;
  return months / length.months;
}

std::int64_t truncate_micros(std::int64_t micros, std::int32_t precision) noexcept {
  constexpr std::array<std::int64_t, 7> units{1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
  auto unit = units[static_cast<std::size_t>(std::clamp(precision, 0, 6))];
  return floor_div(micros, unit) * unit;
}

} // namespace sluice::table
