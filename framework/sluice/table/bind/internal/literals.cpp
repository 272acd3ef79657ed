#include "sluice/table/bind/internal/literals.hpp"

#include "sluice/table/types/datetime.hpp"
#include "sluice/table/types/decimal.hpp"
#include "sluice/table/types/number_text.hpp"
#include "sluice/table/types/utf8.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace sluice::table::internal {

namespace {

[[noreturn]] void refuse(const sql::source_range& where, const std::string& message) {
  throw binding_error(at(where), message);
}

/// INT, BIGINT or DECIMAL, whichever is the first that holds it.
scalar exact_number(const std::string& text, const sql::source_range& where) {
  auto point = text.find('.');
  auto scale = point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
  if (scale == 0) {
    auto digits = text.substr(0, point);
    std::int64_t value = 0;
    auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failed == std::errc{} && end == digits.data() + digits.size())
      return value <= std::numeric_limits<std::int32_t>::max()
               ? scalar::of(static_cast<std::int32_t>(value))
               : scalar::of(value);
  }
  auto precision = static_cast<int>(text.size()) - (point == std::string::npos ? 0 : 1);
  if (precision > data_type::max_decimal_precision)
    refuse(where, fmt::format("the number {} has more than {} digits", text,
                              data_type::max_decimal_precision));
  int128 value = 0;
  if (!decimal::parse(text, {precision, scale}, value))
    refuse(where, fmt::format("{} is no number", text));
  return scalar::of(data_type::decimal(precision, scale).not_null(), value);
}

scalar approximate_number(const std::string& text, const sql::source_range& where) {
  double value = 0;
  if (!parse_double(text, value)) refuse(where, fmt::format("{} is no number", text));
  return scalar::of(value);
}

scalar text_value(const std::string& text) {
  if (text.empty()) return scalar::of(text);
  auto length = static_cast<std::int32_t>(utf8::length(text));
  return scalar::of(data_type::char_(length).not_null(), text);
}

scalar binary_value(const std::string& digits, const sql::source_range& where) {
  if (digits.size() % 2 != 0)
    refuse(where, "a binary literal needs an even number of hexadecimal digits");
  std::string bytes;
  auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(nibble(digits[i]) * 16 + nibble(digits[i + 1]));
  if (bytes.empty()) return scalar::of(data_type::varbinary(1).not_null(), bytes);
  auto length = static_cast<std::int32_t>(bytes.size());
  return scalar::of(data_type::binary(length).not_null(), std::move(bytes));
}

/// Digits behind the point of the seconds.
std::int32_t fraction_digits(const std::string& text) {
  auto point = text.find('.');
  return point == std::string::npos ? 0 : static_cast<std::int32_t>(text.size() - point - 1);
}

scalar date_value(const std::string& text, const sql::source_range& where) {
  std::int32_t days = 0;
  if (!parse_date(text, days))
    refuse(where, fmt::format("Illegal DATE literal '{}': not in format 'yyyy-MM-dd'", text));
  return scalar::of(data_type::date().not_null(), std::int64_t{days});
}

scalar time_value(const std::string& text, const sql::source_range& where) {
  std::int32_t millis = 0;
  auto precision = fraction_digits(text);
  if (precision > 3 || !parse_time(text, millis))
    refuse(where, fmt::format("Illegal TIME literal '{}': not in format 'HH:mm:ss'", text));
  return scalar::of(data_type::time(precision).not_null(), std::int64_t{millis});
}

scalar timestamp_value(const std::string& text, const sql::source_range& where) {
  std::int64_t micros = 0;
  auto precision = fraction_digits(text);
  if (precision > data_type::max_time_precision || !parse_timestamp(text, micros))
    refuse(where, fmt::format("Illegal TIMESTAMP literal '{}': not in format 'yyyy-MM-dd HH:mm:ss'",
                              text));
  return scalar::of(data_type::timestamp(precision).not_null(), micros);
}

// -- intervals
// -------------------------------------------------------------------------------------

/// Fields of an interval from days down, with their length in milliseconds and, but for the leading
/// one, the number that they stay below.
struct interval_field {
  sql::time_unit unit;
  std::int64_t millis;
  std::int64_t limit;
  char before; // what separates it from the field before
};
constexpr std::array<interval_field, 4> day_fields{{
  {sql::time_unit::day, 86'400'000, 0, 0},
  {sql::time_unit::hour, 3'600'000, 24, ' '},
  {sql::time_unit::minute, 60'000, 60, ':'},
  {sql::time_unit::second, 1000, 60, ':'},
}};

/// Reads the fields of an interval one after the other.
class interval_reader {
public:
  interval_reader(const sql::interval_literal& literal, const sql::source_range& where)
    : literal_(literal), where_(where), rest_(trimmed(literal.text)) {
    negative_ = literal.negative;
    if (!rest_.empty() && (rest_[0] == '-' || rest_[0] == '+')) {
      if (rest_[0] == '-') negative_ = !negative_;
      rest_.remove_prefix(1);
    }
  }

  std::int64_t number() {
    std::int64_t value = 0;
    auto [end, failed] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (failed != std::errc{} || rest_.empty() || rest_[0] == '-') refuse();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  std::int64_t number_below(std::int64_t limit) {
    auto value = number();
    if (value >= limit) refuse();
    return value;
  }

  void expect(char c) {
    if (rest_.empty() || rest_[0] != c) refuse();
    rest_.remove_prefix(1);
  }

  /// The milliseconds of `.123`.
  std::int64_t fraction() {
    if (rest_.empty() || rest_[0] != '.') return 0;
    rest_.remove_prefix(1);
    std::int64_t value = 0;
    std::int64_t weight = 100;
    if (rest_.empty()) refuse();
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      if (weight == 0 && rest_[0] != '0')
        internal::refuse(
          where_, fmt::format("the interval '{}' is finer than a millisecond", literal_.text));
      value += (rest_[0] - '0') * weight;
      weight /= 10;
      rest_.remove_prefix(1);
    }
    return value;
  }

  std::int64_t scaled(std::int64_t value, std::int64_t factor) {
    std::int64_t result = 0;
    if (__builtin_mul_overflow(value, factor, &result)) refuse();
    return result;
  }

  std::int64_t finish(std::int64_t value) {
    if (!rest_.empty()) refuse();
    return negative_ ? -value : value;
  }

  [[noreturn]] void refuse() {
    internal::refuse(where_,
                     fmt::format("Illegal interval literal '{}' for these units", literal_.text));
  }

private:
  const sql::interval_literal& literal_;
  const sql::source_range& where_;
  std::string_view rest_;
  bool negative_ = false;
};

std::int64_t months_of(const sql::interval_literal& literal, interval_reader& in) {
  auto first = in.number();
  auto from = literal.unit.from;
  std::int64_t months = first;
  if (from == sql::time_unit::year) months = in.scaled(first, 12);
  if (from == sql::time_unit::quarter) months = in.scaled(first, 3);
  if (literal.unit.to && *literal.unit.to != from) {
    in.expect('-');
    months += in.number_below(12);
  }
  if (months > std::numeric_limits<std::int32_t>::max()) in.refuse();
  return in.finish(months);
}

std::int64_t millis_of(const sql::interval_literal& literal, interval_reader& in) {
  if (literal.unit.from == sql::time_unit::week)
    return in.finish(in.scaled(in.number(), 7 * day_fields[0].millis));
  auto last = literal.unit.to.value_or(literal.unit.from);
  std::int64_t millis = 0;
  bool started = false;
  for (const auto& field : day_fields) {
    if (!started && field.unit != literal.unit.from) continue;
    if (started) {
      in.expect(field.before);
      millis += in.scaled(in.number_below(field.limit), field.millis);
    } else {
      millis = in.scaled(in.number(), field.millis);
      started = true;
    }
    if (field.unit == sql::time_unit::second) millis += in.fraction();
    if (field.unit == last) break;
  }
  if (!started) in.refuse();
  return in.finish(millis);
}

bool is_month_unit(sql::time_unit unit) {
  return unit == sql::time_unit::year || unit == sql::time_unit::quarter
         || unit == sql::time_unit::month;
}

} // namespace

expression_ptr bind_literal(const sql::literal& literal, const sql::source_range& where) {
  auto value = [&]() -> scalar {
    switch (literal.kind) {
    case sql::literal_kind::null:
      return {};
    case sql::literal_kind::boolean:
      if (literal.text == "UNKNOWN") return scalar(data_type::boolean());
      return scalar::of(literal.text == "TRUE");
    case sql::literal_kind::exact_number:
      return exact_number(literal.text, where);
    case sql::literal_kind::approximate_number:
      return approximate_number(literal.text, where);
    case sql::literal_kind::string:
      return text_value(literal.text);
    case sql::literal_kind::binary:
      return binary_value(literal.text, where);
    case sql::literal_kind::date:
      return date_value(literal.text, where);
    case sql::literal_kind::time:
      return time_value(literal.text, where);
    case sql::literal_kind::timestamp:
      return timestamp_value(literal.text, where);
    }
    return {};
  };
  return expression::literal(value(), at(where));
}

expression_ptr bind_interval(const sql::interval_literal& literal, const sql::source_range& where) {
  interval_reader in(literal, where);
  if (is_month_unit(literal.unit.from)) {
    auto type = data_type::interval_year_month().not_null();
    return expression::literal(scalar::of(type, months_of(literal, in)), at(where));
  }
  auto type = data_type::interval_day_time().not_null();
  return expression::literal(scalar::of(type, millis_of(literal, in)), at(where));
}

} // namespace sluice::table::internal
