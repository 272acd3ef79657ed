#include "sluice/connect/table/internal/value_text.hpp"

#include "sluice/table/types/datetime.hpp"
#include "sluice/table/types/decimal.hpp"
#include "sluice/table/types/number_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

namespace sluice::table::internal {

namespace {

bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// `count` digits at the front of `text`.
bool take_number(std::string_view& text, std::size_t count, std::int32_t& out) noexcept {
  if (text.size() < count) return false;
  std::int32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!digit(text[i])) return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  out = value;
  return true;
}

bool take(std::string_view& text, char c) noexcept {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// The two digits at `at`; more than 99 if they are none.
unsigned two_digits(const char* at) noexcept {
  auto a = static_cast<unsigned char>(at[0] - '0');
  auto b = static_cast<unsigned char>(at[1] - '0');
  return a > 9 || b > 9 ? 1000u : a * 10u + b;
}

bool take_date(std::string_view& text, std::int32_t& days) noexcept {
  civil_date date{};
  if (text.size() >= 10 && text[4] == '-' && text[7] == '-') {
    auto century = two_digits(text.data());
    auto year = two_digits(text.data() + 2);
    auto month = two_digits(text.data() + 5);
    auto day = two_digits(text.data() + 8);
    if (std::max({century, year, month, day}) > 99 || month < 1 || month > 12 || day < 1)
      return false;
    date = {static_cast<std::int32_t>(century * 100 + year), static_cast<std::int32_t>(month),
            static_cast<std::int32_t>(day)};
    if (day > 28 && date.day > days_in_month(date.year, date.month)) return false;
    text.remove_prefix(10);
    days = days_of(date);
    return true;
  }
  return false;
}

bool take_time(std::string_view& text, bool seconds_needed, std::int64_t& micros) noexcept {
  std::int32_t hour = 0;
  std::int32_t minute = 0;
  std::int32_t second = 0;
  std::int64_t fraction = 0;
  if (!take_number(text, 2, hour) || hour > 23 || !take(text, ':') || !take_number(text, 2, minute)
      || minute > 59)
    return false;
  if (!take(text, ':')) {
    if (seconds_needed) return false;
  } else {
    if (!take_number(text, 2, second) || second > 59) return false;
    if (take(text, '.')) {
      std::size_t n = 0;
      for (std::int64_t unit = 100'000; n < text.size() && n < 9 && digit(text[n]); ++n, unit /= 10)
        fraction += unit * (text[n] - '0');
      text.remove_prefix(n);
      if (n == 0) return false;
    }
  }
  micros = (std::int64_t{hour} * 3600 + minute * 60 + second) * micros_per_second + fraction;
  return true;
}

void append_two(std::string& out, std::int64_t value) {
  out += static_cast<char>('0' + value / 10 % 10);
  out += static_cast<char>('0' + value % 10);
}

void append_of_day(std::string& out, std::int64_t micros) {
  auto seconds = micros / micros_per_second;
  append_two(out, seconds / 3600);
  out += ':';
  append_two(out, seconds / 60 % 60);
  out += ':';
  append_two(out, seconds % 60);
  auto rest = micros % micros_per_second;
  if (rest == 0) return;
  out += '.';
  for (std::int64_t unit = 100'000; rest > 0; unit /= 10) {
    out += static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
}

constexpr std::string_view base64_letters
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_base64_values() {
  std::array<std::int8_t, 256> values{};
  for (auto& v : values) v = -1;
  for (std::size_t i = 0; i < base64_letters.size(); ++i)
    values[static_cast<unsigned char>(base64_letters[i])] = static_cast<std::int8_t>(i);
  return values;
}

template <class T>
bool append_integer(column& c, std::string_view text) {
  std::int64_t value = 0;
  if (!read_integer(text, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), value))
    return false;
  c.append(static_cast<T>(value));
  return true;
}

bool append_decimal(column& c, std::string_view text) {
  int128 value = 0;
  const auto& type = c.type();
  if (decimal::parse(text, {type.precision(), type.scale()}, value)) {
    c.append(value);
    return true;
  }
  double ignored = 0;
  if (!parse_double(text, ignored)) return false;
  c.append_null(); // a number with too many digits
  return true;
}

std::string_view next_element(std::string_view& rest, std::string_view delimiter, bool& more) {
  auto at = rest.find(delimiter);
  more = at != std::string_view::npos;
  auto element = rest.substr(0, at);
  rest.remove_prefix(more ? at + delimiter.size() : rest.size());
  return element;
}

bool append_element(column& c, std::string_view text, const text_rules& rules) {
  if (rules.null_literal && text == *rules.null_literal) {
    c.append_null();
    return true;
  }
  return append_value(c, text, rules);
}

bool append_array(column& c, std::string_view text, const text_rules& rules) {
  std::size_t count = 0;
  auto& elements = c.child(0);
  bool good = true;
  if (!text.empty()) {
    for (bool more = true; more; ++count)
      good &= append_element(elements, next_element(text, rules.element_delimiter, more), rules);
  }
  if (!good && !rules.null_elements) return false;
  c.append_list(count);
  return true;
}

bool append_fields(column& c, std::string_view text, const text_rules& rules) {
  bool more = true;
  bool good = true;
  for (std::size_t i = 0; i < c.num_children(); ++i) {
    if (!more) {
      c.child(i).append_null();
      good = false;
    } else {
      good &= append_element(c.child(i), next_element(text, rules.element_delimiter, more), rules);
    }
  }
  c.append_row();
  if (good && !more) return true;
  if (rules.null_elements) return true;
  c.set_null(c.size() - 1);
  return false;
}

} // namespace

bool read_integer(std::string_view text, std::int64_t least, std::int64_t most,
                  std::int64_t& out) noexcept {
  text = trimmed(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() && out >= least && out <= most;
}

bool read_double(std::string_view text, double& out) noexcept { return parse_double(text, out); }

bool read_date(std::string_view text, std::int32_t& days) noexcept {
  return take_date(text, days) && text.empty();
}

bool read_time(std::string_view text, std::int32_t& millis) noexcept {
  std::int64_t micros = 0;
  if (!take_time(text, false, micros) || !text.empty()) return false;
  millis = static_cast<std::int32_t>(micros / 1000);
  return true;
}

bool read_timestamp(std::string_view text, timestamp_style style, bool zoned,
                    std::int64_t& micros) noexcept {
  std::int32_t days = 0;
  std::int64_t of_day = 0;
  if (!take_date(text, days) || !take(text, static_cast<char>(style))
      || !take_time(text, style == timestamp_style::sql, of_day))
    return false;
  if (zoned && !take(text, 'Z')) return false;
  micros = days * micros_per_day + of_day;
  return text.empty();
}

bool timestamp_reader::read(std::string_view text, std::int64_t& micros) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    // 2020-01-31 12:30:15, and nothing behind it but a Z
    if (text.size() == 19 + (zoned_ ? 1u : 0u) && text[10] == static_cast<char>(style_)
        && (!zoned_ || text[19] == 'Z')) {
      std::uint64_t month = 0;
      std::uint16_t day = 0;
      std::uint64_t time = 0;
      std::memcpy(&month, text.data(), sizeof month);
      std::memcpy(&day, text.data() + 8, sizeof day);
      std::memcpy(&time, text.data() + 11, sizeof time);
      time ^= 0x30303a30303a3030; // "00:00:00": what are digits becomes their value
      bool good = ((time + 0x7676767676767676) & 0x8080808080808080) == 0
                  && (time & 0x0000ff0000ff0000) == 0 && (time & 0x8080808080808080) == 0;
      time = time * 10 + (time >> 8); // two digits each in bytes 0, 3 and 6
      auto hour = time & 0xff;
      auto minute = time >> 24 & 0xff;
      auto second = time >> 48 & 0xff;
      if (good && hour < 24 && minute < 60 && second < 60
          && read_days(month, day, text.substr(0, 10))) {
        micros
          = days_ * micros_per_day
            + static_cast<std::int64_t>((hour * 60 + minute) * 60 + second) * micros_per_second;
        return true;
      }
    }
  }
  return read_timestamp(text, style_, zoned_, micros);
}

bool timestamp_reader::read_days(std::uint64_t month, std::uint16_t day,
                                 std::string_view text) noexcept {
  if (month == month_ && day == day_) [[likely]]
    return true;
  std::int32_t days = 0;
  if (!read_date(text, days)) return false;
  month_ = month;
  day_ = day;
  days_ = days;
  return true;
}

bool read_base64(std::string_view text, std::string& out) {
  static constexpr auto values = make_base64_values();
  out.clear();
  while (text.ends_with('=')) text.remove_suffix(1);
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    auto value = values[static_cast<unsigned char>(c)];
    if (value < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xff);
    }
  }
  return text.size() % 4 != 1;
}

void append_time_text(std::string& out, std::int32_t millis) {
  append_of_day(out, floor_mod(millis, millis_per_day) * 1000);
}

void append_timestamp_text(std::string& out, std::int64_t micros, timestamp_style style,
                           bool zoned) {
  auto days = day_of(micros);
  append_date(out, days);
  out += static_cast<char>(style);
  append_of_day(out, micros - days * micros_per_day);
  if (zoned) out += 'Z';
}

void append_base64(std::string& out, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    auto n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= n ? base64_letters[bits >> (18 - 6 * k) & 63] : '=';
  }
}

namespace {

/// Appends nothing if it returns false, but for a row, which has its fields then.
bool append_meaning(column& c, std::string_view text, const text_rules& rules) {
  std::int32_t number = 0;
  std::int64_t micros = 0;
  switch (c.type().root()) {
  case type_root::boolean: {
    text = trimmed(text); // as Java: whatever is not true is false
    bool yes = text.size() == 4 && (text[0] | 0x20) == 't' && (text[1] | 0x20) == 'r'
               && (text[2] | 0x20) == 'u' && (text[3] | 0x20) == 'e';
    c.append<std::uint8_t>(yes ? 1 : 0);
    return true;
  }
  case type_root::tinyint:
    return append_integer<std::int8_t>(c, text);
  case type_root::smallint:
    return append_integer<std::int16_t>(c, text);
  case type_root::integer:
  case type_root::interval_year_month:
    return append_integer<std::int32_t>(c, text);
  case type_root::bigint:
  case type_root::interval_day_time:
    return append_integer<std::int64_t>(c, text);
  case type_root::float_: {
    float value = 0;
    if (!parse_float(text, value)) return false;
    c.append(value);
    return true;
  }
  case type_root::double_: {
    double value = 0;
    if (!parse_double(text, value)) return false;
    c.append(value);
    return true;
  }
  case type_root::decimal:
    return append_decimal(c, text);
  case type_root::char_:
  case type_root::varchar:
    c.append_text(text);
    return true;
  case type_root::binary:
  case type_root::varbinary: {
    std::string bytes;
    if (!read_base64(text, bytes)) return false;
    c.append_text(bytes);
    return true;
  }
  case type_root::date:
    if (!read_date(text, number)) return false;
    c.append(number);
    return true;
  case type_root::time:
    if (!read_time(text, number)) return false;
    c.append(number);
    return true;
  case type_root::timestamp:
  case type_root::timestamp_ltz:
    if (!read_timestamp(trimmed(text), rules.timestamps, c.type().is(type_root::timestamp_ltz),
                        micros))
      return false;
    c.append(micros);
    return true;
  case type_root::array:
    return append_array(c, text, rules);
  case type_root::row:
    return append_fields(c, text, rules);
  default:
    return false;
  }
}

} // namespace

bool append_value(column& c, std::string_view text, const text_rules& rules) {
  auto rows = c.size() + 1;
  if (append_meaning(c, text, rules)) return true;
  if (c.size() < rows) c.append_null();
  return false;
}

std::string describe_type(const data_type& type) {
  auto text = type.as_nullable().to_string();
  bool vowel = !text.empty() && std::string_view("AEIOU").find(text[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + text;
}

} // namespace sluice::table::internal
