#include "sluice/table/connect/options.hpp"

#include "sluice/core/check.hpp"
#include "sluice/table/expr/similar_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace sluice::table {

namespace {

std::string_view trimmed(std::string_view text) {
  auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

template <class T>
std::optional<T> number_of(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return value;
}

std::optional<bool> boolean_of(std::string_view text) {
  auto lower = lower_case(trimmed(text));
  if (lower == "true") return true;
  if (lower == "false") return false;
  return std::nullopt;
}

/// A whole number and the word behind it, in small letters.
struct measure {
  std::uint64_t count = 0;
  std::string unit;
};

std::optional<measure> measure_of(std::string_view text) {
  text = trimmed(text);
  measure result;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), result.count);
  if (failed != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  result.unit = lower_case(trimmed(text));
  return result;
}

/// Units by any of their names.
struct unit {
  std::uint64_t factor;
  std::vector<std::string_view> names;
};

std::optional<std::uint64_t> scaled(const measure& m, const std::vector<unit>& units) {
  for (const auto& u : units) {
    if (std::find(u.names.begin(), u.names.end(), m.unit) == u.names.end()) continue;
    std::uint64_t result = 0;
    if (__builtin_mul_overflow(m.count, u.factor, &result)) return std::nullopt;
    return result;
  }
  return std::nullopt;
}

bool is_prefix(const std::string& key) { return key.ends_with(".*"); }

bool matches(const option_definition& d, std::string_view key) {
  if (!is_prefix(d.key)) return d.key == key;
  auto prefix = std::string_view(d.key).substr(0, d.key.size() - 1);
  return key.size() > prefix.size() && key.starts_with(prefix);
}

const char* example_of(option_type type) {
  switch (type) {
  case option_type::text:
    return "a text";
  case option_type::boolean:
    return "true or false";
  case option_type::integer:
    return "a whole number";
  case option_type::number:
    return "a number";
  case option_type::duration:
    return "a duration such as '10 s', '500 ms' or '1 min'";
  case option_type::memory_size:
    return "a size such as '64 mb', '1 kb' or '512'";
  }
  return "";
}

bool has_type(option_type type, std::string_view text) {
  switch (type) {
  case option_type::text:
    return true;
  case option_type::boolean:
    return boolean_of(text).has_value();
  case option_type::integer:
    return number_of<std::int64_t>(text).has_value();
  case option_type::number:
    return number_of<double>(text).has_value();
  case option_type::duration:
    return parse_duration(text).has_value();
  case option_type::memory_size:
    return parse_memory_size(text).has_value();
  }
  return false;
}

std::string joined(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::string text;
  for (const auto& n : names) text += (text.empty() ? "" : ", ") + n;
  return text;
}

std::vector<std::string> keys_of(std::span<const option_definition> definitions) {
  std::vector<std::string> keys;
  for (const auto& d : definitions) keys.push_back(d.key);
  return keys;
}

/// Checks a value, and writes a choice as its definition does.
std::string checked(const std::string& who, const std::string& key, const std::string& value,
                    const option_definition& d) {
  if (!has_type(d.type, value))
    throw plan_error(fmt::format("{}: the option '{}' must be {}, but is '{}'", who, key,
                                 example_of(d.type), value));
  if (d.choices.empty()) return value;
  for (const auto& choice : d.choices)
    if (lower_case(choice) == lower_case(value)) return choice;
  throw plan_error(fmt::format("{}: the option '{}' cannot be '{}'{}; valid values are {}", who,
                               key, value, did_you_mean(value, d.choices), joined(d.choices)));
}

} // namespace

table_options::table_options(std::string who, std::map<std::string, std::string> given,
                             std::span<const option_definition> definitions)
  : who_(std::move(who)) {
  for (auto& [key, value] : given) {
    auto d = std::find_if(definitions.begin(), definitions.end(),
                          [&](const option_definition& o) { return o.key == key; });
    if (d == definitions.end())
      d = std::find_if(definitions.begin(), definitions.end(),
                       [&](const option_definition& o) { return matches(o, key); });
    if (d == definitions.end())
      throw plan_error(fmt::format("{}: unknown option '{}'{}; valid options are {}", who_, key,
                                   did_you_mean(key, keys_of(definitions)),
                                   joined(keys_of(definitions))));
    values_[key] = checked(who_, key, value, *d);
  }
  std::vector<std::string> missing;
  for (const auto& d : definitions) {
    if (is_prefix(d.key)) continue;
    if (d.default_value) values_.try_emplace(d.key, *d.default_value);
    if (d.required && !values_.contains(d.key)) missing.push_back("'" + d.key + "'");
  }
  if (!missing.empty())
    throw plan_error(fmt::format("{}: missing required option{} {}", who_,
                                 missing.size() > 1 ? "s" : "", joined(missing)));
}

bool table_options::has(std::string_view key) const { return values_.contains(key); }

const std::string& table_options::text(std::string_view key) const {
  auto it = values_.find(key);
  SLUICE_CHECK(it != values_.end(), "{}: the option '{}' has no value", who_, key);
  return it->second;
}

bool table_options::boolean(std::string_view key) const { return boolean_of(text(key)).value(); }

std::int64_t table_options::integer(std::string_view key) const {
  return number_of<std::int64_t>(text(key)).value();
}

double table_options::number(std::string_view key) const {
  return number_of<double>(text(key)).value();
}

duration table_options::time(std::string_view key) const {
  return parse_duration(text(key)).value();
}

std::uint64_t table_options::bytes(std::string_view key) const {
  return parse_memory_size(text(key)).value();
}

std::map<std::string, std::string> table_options::with_prefix(std::string_view prefix) const {
  std::map<std::string, std::string> result;
  for (auto it = values_.lower_bound(prefix); it != values_.end() && it->first.starts_with(prefix);
       ++it)
    result.emplace(it->first.substr(prefix.size()), it->second);
  return result;
}

std::optional<duration> parse_duration(std::string_view text) {
  static const std::vector<unit> units{
    {86'400'000'000, {"d", "day", "days"}},
    {3'600'000'000, {"h", "hour", "hours"}},
    {60'000'000, {"min", "m", "minute", "minutes"}},
    {1'000'000, {"s", "sec", "secs", "second", "seconds"}},
    {1000, {"", "ms", "milli", "millis", "millisecond", "milliseconds"}},
    {1, {"us", "µs", "micro", "micros", "microsecond", "microseconds"}},
  };
  auto m = measure_of(text);
  if (!m) return std::nullopt;
  auto micros = scaled(*m, units);
  if (!micros || *micros > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return duration(static_cast<std::int64_t>(*micros));
}

std::optional<std::uint64_t> parse_memory_size(std::string_view text) {
  static const std::vector<unit> units{
    {1, {"", "b", "bytes"}},
    {std::uint64_t{1} << 10, {"k", "kb", "kibibytes"}},
    {std::uint64_t{1} << 20, {"m", "mb", "mebibytes"}},
    {std::uint64_t{1} << 30, {"g", "gb", "gibibytes"}},
    {std::uint64_t{1} << 40, {"t", "tb", "tebibytes"}},
  };
  auto m = measure_of(text);
  if (!m) return std::nullopt;
  return scaled(*m, units);
}

} // namespace sluice::table
