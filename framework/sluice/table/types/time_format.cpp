#include "sluice/core/errors.hpp"
#include "sluice/table/types/datetime.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <iterator>

namespace sluice::table {

namespace {

constexpr std::array<std::string_view, 12> month_names{
  "January", "February", "March",     "April",   "May",      "June",
  "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> day_names{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};

constexpr std::string_view known_letters = "GyuMLdDEHhkKmsSanQqwY";

void append_padded(std::string& out, std::int64_t value, int width) {
  fmt::format_int digits(value < 0 ? -value : value);
  if (value < 0) out += '-';
  auto size = static_cast<int>(digits.size()) + (value < 0 ? 1 : 0);
  if (size < width) out.append(static_cast<std::size_t>(width - size), '0');
  out.append(digits.data(), digits.size());
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  if (text.size() < start.size()) return false;
  for (std::size_t i = 0; i < start.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(text[i]))
        != std::tolower(static_cast<unsigned char>(start[i])))
      return false;
  return true;
}

/// Index of the name (or of its first three letters) that `text` starts with, and takes it.
template <class Names>
int take_name(std::string_view& text, const Names& names) {
  for (std::size_t pass = 0; pass < 2; ++pass) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      auto name = pass == 0 ? names[i] : names[i].substr(0, 3);
      if (!starts_with_ignoring_case(text, name)) continue;
      text.remove_prefix(name.size());
      return static_cast<int>(i);
    }
  }
  return -1;
}

} // namespace

time_format time_format::compile(std::string_view pattern) {
  time_format result;
  auto literal = [&](char c) {
    if (result.items_.empty() || result.items_.back().letter != 0)
      result.items_.push_back({0, 0, {}});
    result.items_.back().text += c;
  };
  for (std::size_t i = 0; i < pattern.size();) {
    auto c = pattern[i];
    if (c == '\'') {
      if (i + 1 < pattern.size() && pattern[i + 1] == '\'') {
        literal('\'');
        i += 2;
        continue;
      }
      for (++i; i < pattern.size(); ++i) {
        if (pattern[i] != '\'') {
          literal(pattern[i]);
        } else if (i + 1 < pattern.size() && pattern[i + 1] == '\'') {
          literal(pattern[++i]);
        } else {
          break;
        }
      }
      if (i == pattern.size())
        throw plan_error(fmt::format("time format '{}': the quote is not closed", pattern));
      ++i;
    } else if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      if (known_letters.find(c) == std::string_view::npos)
        throw plan_error(
          fmt::format("time format '{}': the letter '{}' is not supported", pattern, c));
      auto end = pattern.find_first_not_of(c, i);
      if (end == std::string_view::npos) end = pattern.size();
      result.items_.push_back({c, static_cast<int>(end - i), {}});
      i = end;
    } else {
      literal(c);
      ++i;
    }
  }
  return result;
}

void time_format::append(std::string& out, std::int64_t micros) const {
  auto days = day_of(micros);
  auto of_day = micros - days * micros_per_day;
  auto date = date_of(days);
  auto hour = of_day / (3600 * micros_per_second);
  for (const auto& i : items_) {
    switch (i.letter) {
    case 0:
      out += i.text;
      break;
    case 'G':
      out += date.year > 0 ? "AD" : "BC";
      break;
    case 'y':
    case 'u':
    case 'Y': {
      auto year = i.letter == 'Y' ? extract(time_unit::isoyear, micros) : date.year;
      append_padded(out, i.count == 2 ? floor_mod(year, 100) : year, i.count);
      break;
    }
    case 'M':
    case 'L':
      if (i.count >= 3) {
        auto name = month_names[static_cast<std::size_t>(date.month - 1)];
        out += i.count == 3 ? name.substr(0, 3) : name;
      } else {
        append_padded(out, date.month, i.count);
      }
      break;
    case 'd':
      append_padded(out, date.day, i.count);
      break;
    case 'D':
      append_padded(out, extract(time_unit::doy, micros), i.count);
      break;
    case 'E': {
      auto name = day_names[static_cast<std::size_t>(extract(time_unit::isodow, micros) - 1)];
      out += i.count <= 3 ? name.substr(0, 3) : name;
      break;
    }
    case 'Q':
    case 'q':
      append_padded(out, (date.month + 2) / 3, i.count);
      break;
    case 'w':
      append_padded(out, extract(time_unit::week, micros), i.count);
      break;
    case 'H':
      append_padded(out, hour, i.count);
      break;
    case 'k':
      append_padded(out, hour == 0 ? 24 : hour, i.count);
      break;
    case 'K':
      append_padded(out, hour % 12, i.count);
      break;
    case 'h':
      append_padded(out, hour % 12 == 0 ? 12 : hour % 12, i.count);
      break;
    case 'm':
      append_padded(out, extract(time_unit::minute, micros), i.count);
      break;
    case 's':
      append_padded(out, extract(time_unit::second, micros), i.count);
      break;
    case 'S': {
      auto digits = fmt::format("{:06}", of_day % micros_per_second);
      digits.resize(static_cast<std::size_t>(i.count), '0');
      out += digits;
      break;
    }
    case 'n':
      append_padded(out, of_day % micros_per_second * 1000, i.count);
      break;
    default: // a
      out += hour < 12 ? "AM" : "PM";
      break;
    }
  }
}

bool time_format::parse(std::string_view text, std::int64_t& micros) const noexcept {
  civil_date date{1970, 1, 1};
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  std::int64_t fraction = 0;
  std::int64_t day_of_year = 0;
  int half = -1; // of the day
  for (std::size_t n = 0; n < items_.size(); ++n) {
    const auto& i = items_[n];
    if (i.letter == 0) {
      if (!text.starts_with(i.text)) return false;
      text.remove_prefix(i.text.size());
      continue;
    }
    if (i.letter == 'E') {
      if (take_name(text, day_names) < 0) return false;
      continue;
    }
    if ((i.letter == 'M' || i.letter == 'L') && i.count >= 3) {
      auto month = take_name(text, month_names);
      if (month < 0) return false;
      date.month = month + 1;
      continue;
    }
    if (i.letter == 'a' || i.letter == 'G') {
      bool first = starts_with_ignoring_case(text, i.letter == 'a' ? "AM" : "AD");
      bool second_name = starts_with_ignoring_case(text, i.letter == 'a' ? "PM" : "BC");
      if (!first && !second_name) return false;
      if (i.letter == 'a') half = first ? 0 : 1;
      text.remove_prefix(2);
      continue;
    }
    // A number goes on as long as there are digits, unless another number follows at once.
    bool adjacent = n + 1 < items_.size() && items_[n + 1].letter != 0;
    std::size_t most = adjacent || i.letter == 'S' ? static_cast<std::size_t>(i.count) : 9;
    std::size_t digits = 0;
    std::int64_t value = 0;
    bool negative = (i.letter == 'y' || i.letter == 'u') && text.starts_with('-');
    if (negative) text.remove_prefix(1);
    while (digits < text.size() && digits < most && text[digits] >= '0' && text[digits] <= '9')
      value = value * 10 + (text[digits++] - '0');
    if (digits == 0) return false;
    text.remove_prefix(digits);
    switch (i.letter) {
    case 'y':
    case 'u':
    case 'Y':
      if (i.count == 2 && digits <= 2) value += value < 70 ? 2000 : 1900;
      date.year = static_cast<std::int32_t>(negative ? -value : value);
      break;
    case 'M':
    case 'L':
      date.month = static_cast<std::int32_t>(value);
      break;
    case 'd':
      date.day = static_cast<std::int32_t>(value);
      break;
    case 'D':
      day_of_year = value;
      break;
    case 'H':
      hour = value;
      break;
    case 'k':
      hour = value == 24 ? 0 : value;
      break;
    case 'h':
      hour = value == 12 ? 0 : value;
      break;
    case 'K':
      hour = value;
      break;
    case 'm':
      minute = value;
      break;
    case 's':
      second = value;
      break;
    case 'S':
      for (auto d = digits; d < 6; ++d) value *= 10;
      for (auto d = digits; d > 6; --d) value /= 10;
      fraction = value;
      break;
    case 'n':
      fraction = value / 1000;
      break;
    default: // a quarter or week does not tell a day
      break;
    }
  }
  if (date.month < 1 || date.month > 12 || date.day < 1
      || date.day > days_in_month(date.year, date.month) || hour > 23 || minute > 59 || second > 59
      || day_of_year > 366)
    return false;
  if (half == 1) hour += 12;
  if (hour > 23) return false;
  std::int64_t days
    = day_of_year > 0 ? days_of({date.year, 1, 1}) + day_of_year - 1 : std::int64_t{days_of(date)};
  micros
    = days * micros_per_day + (hour * 3600 + minute * 60 + second) * micros_per_second + fraction;
  return true;
}

} // namespace sluice::table
