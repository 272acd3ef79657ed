#include "sluice/table/types/datetime.hpp"
#include "sluice/table/types/number_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <iterator>

namespace sluice::table {

namespace {

/// Takes digits, between `least` and `most` of them, from the front.
bool take_digits(std::string_view& text, std::size_t least, std::size_t most,
                 std::int32_t& out) noexcept {
  std::size_t n = 0;
  std::int32_t value = 0;
  while (n < text.size() && n < most && text[n] >= '0' && text[n] <= '9')
    value = value * 10 + (text[n++] - '0');
  if (n < least) return false;
  text.remove_prefix(n);
  out = value;
  return true;
}

bool take(std::string_view& text, char c) noexcept {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& text, std::int32_t& days) noexcept {
  civil_date date{0, 1, 1};
  if (!take_digits(text, 1, 4, date.year)) return false;
  if (take(text, '-')) {
    if (!take_digits(text, 1, 2, date.month) || date.month < 1 || date.month > 12) return false;
    if (take(text, '-')
        && (!take_digits(text, 1, 2, date.day) || date.day < 1
            || date.day > days_in_month(date.year, date.month)))
      return false;
  }
  days = days_of(date);
  return true;
}

/// Microseconds of the day.
bool take_time(std::string_view& text, std::int64_t& micros) noexcept {
  std::int32_t hour = 0;
  std::int32_t minute = 0;
  std::int32_t second = 0;
  std::int64_t fraction = 0;
  if (!take_digits(text, 1, 2, hour) || hour > 23) return false;
  if (take(text, ':')) {
    if (!take_digits(text, 1, 2, minute) || minute > 59) return false;
    if (take(text, ':')) {
      if (!take_digits(text, 1, 2, second) || second > 59) return false;
      if (take(text, '.')) {
        std::int64_t unit = 100'000;
        while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
          fraction += unit * (text[0] - '0');
          unit /= 10;
          text.remove_prefix(1);
        }
      }
    }
  }
  micros = (std::int64_t{hour} * 3600 + minute * 60 + second) * micros_per_second + fraction;
  return true;
}

void append_two(std::string& out, std::int64_t value) {
  out += static_cast<char>('0' + value / 10 % 10);
  out += static_cast<char>('0' + value % 10);
}

void append_hms(std::string& out, std::int64_t seconds) {
  append_two(out, seconds / 3600);
  out += ':';
  append_two(out, seconds / 60 % 60);
  out += ':';
  append_two(out, seconds % 60);
}

/// The fraction in groups of three digits, none when it is 0.
void append_java_fraction(std::string& out, std::int64_t micros) {
  if (micros == 0) return;
  if (micros % 1000 == 0)
    fmt::format_to(std::back_inserter(out), ".{:03}", micros / 1000);
  else
    fmt::format_to(std::back_inserter(out), ".{:06}", micros);
}

void append_java_time_of_day(std::string& out, std::int64_t micros) {
  auto seconds = micros / micros_per_second;
  append_two(out, seconds / 3600);
  out += ':';
  append_two(out, seconds / 60 % 60);
  if (seconds % 60 == 0 && micros % micros_per_second == 0) return;
  out += ':';
  append_two(out, seconds % 60);
  append_java_fraction(out, micros % micros_per_second);
}

} // namespace

bool parse_date(std::string_view text, std::int32_t& days) noexcept {
  text = trimmed(text);
  if (!take_date(text, days)) return false;
  return text.empty() || text[0] == ' ' || text[0] == 'T';
}

bool parse_time(std::string_view text, std::int32_t& millis) noexcept {
  text = trimmed(text);
  std::int64_t micros = 0;
  if (!take_time(text, micros) || !text.empty()) return false;
  millis = static_cast<std::int32_t>(micros / 1000);
  return true;
}

bool parse_timestamp(std::string_view text, std::int64_t& micros) noexcept {
  text = trimmed(text);
  std::int32_t days = 0;
  if (!take_date(text, days)) return false;
  micros = days * micros_per_day;
  if (text.empty()) return true;
  if (!take(text, ' ') && !take(text, 'T')) return false;
  std::int64_t of_day = 0;
  if (!take_time(text, of_day) || !text.empty()) return false;
  micros += of_day;
  return true;
}

bool parse_year_month(std::string_view text, std::int32_t& months) noexcept {
  text = trimmed(text);
  bool negative = take(text, '-');
  if (!negative) take(text, '+');
  std::int32_t first = 0;
  if (!take_digits(text, 1, 8, first)) return false;
  if (take(text, '-')) {
    std::int32_t rest = 0;
    if (!take_digits(text, 1, 2, rest) || rest > 11) return false;
    first = first * 12 + rest;
  }
  months = negative ? -first : first;
  return text.empty();
}

void append_date(std::string& out, std::int64_t days) {
  auto d = date_of(days);
  if (d.year >= 0 && d.year <= 9999) {
    append_two(out, d.year / 100);
    append_two(out, d.year % 100);
  } else {
    fmt::format_to(std::back_inserter(out), "{}", d.year);
  }
  out += '-';
  append_two(out, d.month);
  out += '-';
  append_two(out, d.day);
}

void append_time(std::string& out, std::int32_t millis, std::int32_t precision) {
  auto of_day = floor_mod(millis, millis_per_day);
  append_hms(out, of_day / 1000);
  if (precision <= 0) return;
  out += '.';
  auto rest = of_day % 1000;
  do {
    out += static_cast<char>('0' + rest / 100);
    rest = rest % 100 * 10;
  } while (rest != 0 && --precision > 0);
}

void append_timestamp(std::string& out, std::int64_t micros, std::int32_t precision) {
  auto days = day_of(micros);
  auto of_day = micros - days * micros_per_day;
  append_date(out, days);
  out += ' ';
  append_hms(out, of_day / micros_per_second);
  auto fraction = fmt::format(".{:06}", of_day % micros_per_second);
  while (fraction.size() > static_cast<std::size_t>(precision) + 1 && fraction.back() == '0')
    fraction.pop_back();
  if (fraction.size() > 1) out += fraction;
}

void append_year_month(std::string& out, std::int32_t months) {
  auto m = std::int64_t{months};
  out += m < 0 ? '-' : '+';
  m = m < 0 ? -m : m;
  fmt::format_to(std::back_inserter(out), "{}-{:02}", m / 12, m % 12);
}

void append_day_time(std::string& out, std::int64_t millis) {
  out += millis < 0 ? '-' : '+';
  auto m = millis < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(millis)
                      : static_cast<std::uint64_t>(millis);
  fmt::format_to(std::back_inserter(out), "{} ", m / 86'400'000);
  append_hms(out, static_cast<std::int64_t>(m / 1000 % 86'400));
  fmt::format_to(std::back_inserter(out), ".{:03}", m % 1000);
}

void append_java_time(std::string& out, std::int32_t millis) {
  append_java_time_of_day(out, floor_mod(millis, millis_per_day) * 1000);
}

void append_java_timestamp(std::string& out, std::int64_t micros) {
  auto days = day_of(micros);
  append_date(out, days);
  out += 'T';
  append_java_time_of_day(out, micros - days * micros_per_day);
}

} // namespace sluice::table
