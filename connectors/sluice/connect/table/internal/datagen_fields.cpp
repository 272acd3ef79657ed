#include "sluice/connect/table/internal/datagen_fields.hpp"

#include "sluice/core/errors.hpp"
#include "sluice/table/types/datetime.hpp"
#include "sluice/table/types/decimal.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace sluice::table::internal {

namespace {

bool sized(const data_type& type) {
  return type.is_character() || type.is_binary() || type.is(type_root::array)
         || type.is(type_root::map);
}

bool varies(const data_type& type) {
  return type.is(type_root::varchar) || type.is(type_root::varbinary);
}

/// The names of what is in a nested type, as its options have them.
std::vector<std::string> child_names(const data_type& type) {
  if (type.is(type_root::array)) return {"element"};
  if (type.is(type_root::map)) return {"key", "value"};
  return {type.field_names().begin(), type.field_names().end()};
}

bool has_sequence(const data_type& type) {
  return type.is_integer() || type.is_approximate() || type.is(type_root::decimal)
         || type.is_character();
}

struct integer_range {
  std::int64_t least;
  std::int64_t most;
};

integer_range range_of(type_root root) {
  switch (root) {
  case type_root::tinyint:
    return {std::numeric_limits<std::int8_t>::min(), std::numeric_limits<std::int8_t>::max()};
  case type_root::smallint:
    return {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()};
  case type_root::integer:
    return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
  case type_root::interval_year_month:
    return {0, 120'000};
  default:
    return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  }
}

bool bounded_integer(const data_type& type) { return type.is_integer() || type.is_interval(); }
bool bounded_number(const data_type& type) {
  return type.is_approximate() || type.is(type_root::decimal);
}

} // namespace

void datagen_field::define(std::vector<option_definition>& list, const std::string& path,
                           const data_type& type) {
  using enum option_type;
  auto key = [&](const char* name) { return "fields." + path + '.' + name; };
  list.push_back({key("null-rate"), number, false, {}, {}, "The share of NULLs, 0 to 1."});
  if (has_sequence(type)) {
    list.push_back({key("kind"),
                    text,
                    false,
                    {},
                    {"random", "sequence"},
                    "Random values, or start, start + 1, ... end."});
    list.push_back({key("start"), integer, false, {}, {}, "The first of a sequence."});
    list.push_back({key("end"), integer, false, {}, {}, "The last of a sequence."});
  }
  if (bounded_integer(type) || bounded_number(type)) {
    auto kind = bounded_integer(type) ? integer : number;
    list.push_back({key("min"), kind, false, {}, {}, "The least random value."});
    list.push_back({key("max"), kind, false, {}, {}, "The greatest random value."});
  }
  if (sized(type))
    list.push_back({key("length"), integer, false, {}, {}, "Characters, bytes or elements."});
  if (varies(type))
    list.push_back({key("var-len"), boolean, false, {}, {}, "Whether that is only the most."});
  if (type.is_timestamp())
    list.push_back({key("max-past"), duration, false, {}, {}, "How long ago times may be."});
  auto names = child_names(type);
  for (std::size_t i = 0; i < type.children().size(); ++i)
    define(list, path + '.' + names[i], type.children()[i]);
}

datagen_field datagen_field::of(const std::string& table, const std::string& path,
                                const data_type& type, const table_options& options) {
  auto key = [&](const char* name) { return "fields." + path + '.' + name; };
  auto given = [&](const char* name) { return options.has(key(name)); };
  auto fail = [&](const char* name, const std::string& reason) {
    throw plan_error(fmt::format("table {}: option '{}' {}", table, key(name), reason));
  };
  datagen_field field;
  field.type = type;
  if (given("null-rate")) {
    field.null_rate = options.number(key("null-rate"));
    if (!(field.null_rate >= 0 && field.null_rate <= 1)) fail("null-rate", "must be 0 to 1");
    if (field.null_rate > 0 && !type.nullable())
      fail("null-rate", "is of a column that is NOT NULL");
  }
  field.sequence = has_sequence(type) && given("kind") && options.text(key("kind")) == "sequence";
  if (has_sequence(type) && !field.sequence)
    for (const auto* name : {"start", "end"})
      if (given(name)) fail(name, "is for a sequence only");
  if (field.sequence) {
    for (const auto* name : {"start", "end"})
      if (!given(name)) fail(name, "is missing: a sequence needs it");
    for (const auto* name : {"min", "max", "length", "var-len"})
      if (given(name)) fail(name, "is for random values only");
    field.start = options.integer(key("start"));
    field.end = options.integer(key("end"));
    if (field.start > field.end) fail("end", "is less than the start");
    auto range = range_of(type.root());
    if (type.is_integer() && (field.start < range.least || field.end > range.most))
      fail("end", "does not fit the type " + type.to_string());
    return field;
  }
  if (bounded_integer(type)) {
    auto [least, most] = range_of(type.root());
    field.least = given("min") ? options.integer(key("min")) : least;
    field.most = given("max") ? options.integer(key("max")) : most;
    if (field.least < least || field.most > most)
      fail("max", "does not fit the type " + type.to_string());
    if (field.least > field.most) fail("max", "is less than the min");
  } else if (bounded_number(type)) {
    double most = std::numeric_limits<double>::max();
    if (type.is(type_root::float_)) most = std::numeric_limits<float>::max();
    if (type.is(type_root::decimal))
      most = std::pow(10.0, type.precision() - type.scale()) * 0.999999;
    double least = type.is(type_root::float_)    ? std::numeric_limits<float>::denorm_min()
                   : type.is(type_root::double_) ? std::numeric_limits<double>::denorm_min()
                                                 : -most;
    field.least_number = given("min") ? options.number(key("min")) : least;
    field.most_number = given("max") ? options.number(key("max")) : most;
    if (field.least_number > field.most_number) fail("max", "is less than the min");
  }
  if (sized(type)) {
    bool fixed = type.is(type_root::char_) || type.is(type_root::binary);
    auto most = type.is_character() || type.is_binary() ? type.length() : data_type::max_length;
    std::int64_t standard = type.is_nested() ? 3 : (most == data_type::max_length ? 100 : most);
    auto length = given("length") ? options.integer(key("length")) : standard;
    if (length < 0 || length > most) fail("length", fmt::format("must be 0 to {}", most));
    if (fixed && length != most) fail("length", "is not that of the type " + type.to_string());
    field.length = static_cast<std::size_t>(length);
  }
  if (varies(type) && given("var-len")) field.variable_length = options.boolean(key("var-len"));
  if (type.is_timestamp() && given("max-past"))
    field.max_past = options.time(key("max-past")).count();
  auto names = child_names(type);
  for (std::size_t i = 0; i < type.children().size(); ++i)
    field.children.push_back(of(table, path + '.' + names[i], type.children()[i], options));
  return field;
}

std::size_t datagen_field::random_length(random_bits& random) const {
  return variable_length && length > 0 ? 1 + static_cast<std::size_t>(random.below(length))
                                       : length;
}

void datagen_field::append_text(column& c, random_bits& random) const {
  auto size = random_length(random);
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; i += 8) {
    auto bits = random.next();
    for (std::size_t k = i; k < std::min(size, i + 8); ++k, bits >>= 8)
      text[k] = type.is_binary() ? static_cast<char>(bits & 0xff) : "0123456789abcdef"[bits & 15];
  }
  c.append_text(text);
}

void datagen_field::append(column& c, std::uint64_t row, random_bits& random, timestamp now) const {
  if (null_rate > 0 && random.unit() < null_rate) return c.append_null();
  auto integer = [&] {
    if (sequence) return start + static_cast<std::int64_t>(row);
    auto span = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least) + 1;
    auto offset = span == 0 ? random.next() : random.below(span);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + offset);
  };
  auto number = [&] {
    if (sequence) return static_cast<double>(start + static_cast<std::int64_t>(row));
    auto u = random.unit(); // so that the span cannot overflow
    return least_number * (1 - u) + most_number * u;
  };
  switch (type.root()) {
  case type_root::boolean:
    return c.append<std::uint8_t>(static_cast<std::uint8_t>(random.next() >> 63));
  case type_root::tinyint:
    return c.append(static_cast<std::int8_t>(integer()));
  case type_root::smallint:
    return c.append(static_cast<std::int16_t>(integer()));
  case type_root::integer:
  case type_root::interval_year_month:
    return c.append(static_cast<std::int32_t>(integer()));
  case type_root::bigint:
  case type_root::interval_day_time:
    return c.append(integer());
  case type_root::float_:
    return c.append(static_cast<float>(number()));
  case type_root::double_:
    return c.append(number());
  case type_root::decimal: {
    int128 digits = 0;
    if (decimal::from_double(number(), {type.precision(), type.scale()}, digits))
      c.append(digits);
    else
      c.append_null();
    return;
  }
  case type_root::char_:
  case type_root::varchar:
  case type_root::binary:
  case type_root::varbinary:
    if (sequence) return c.append_text(std::to_string(start + static_cast<std::int64_t>(row)));
    return append_text(c, random);
  case type_root::date:
    return c.append(static_cast<std::int32_t>(day_of(now)));
  case type_root::time:
    return c.append(static_cast<std::int32_t>(floor_mod(now, micros_per_day) / 1000));
  case type_root::timestamp:
  case type_root::timestamp_ltz: {
    auto past = max_past > 0 ? random.below(static_cast<std::uint64_t>(max_past) + 1) : 0;
    return c.append(truncate_micros(now - static_cast<std::int64_t>(past), type.precision()));
  }
  case type_root::array:
  case type_root::map: {
    for (std::size_t i = 0; i < length; ++i)
      for (std::size_t k = 0; k < children.size(); ++k)
        children[k].append(c.child(k), row, random, now);
    return c.append_list(length);
  }
  case type_root::row:
    for (std::size_t k = 0; k < children.size(); ++k)
      children[k].append(c.child(k), row, random, now);
    return c.append_row();
  case type_root::null:
    return c.append_null();
  }
}

} // namespace sluice::table::internal
