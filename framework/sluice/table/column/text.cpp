#include "sluice/table/column/text.hpp"

#include "sluice/table/types/datetime.hpp"
#include "sluice/table/types/number_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace sluice::table {

namespace {

void append_integer(std::string& out, std::int64_t value) {
  char buffer[24];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

std::int64_t integer_at(const column& c, std::size_t i) {
  switch (c.physical()) {
  case physical_type::int8:
    return c.value<std::int8_t>(i);
  case physical_type::int16:
    return c.value<std::int16_t>(i);
  case physical_type::int32:
    return c.value<std::int32_t>(i);
  default:
    return c.value<std::int64_t>(i);
  }
}

const column& stored_column(const column& c) {
  return c.dictionary_values() ? *c.dictionary_values() : c;
}

/// Calls `element(child, row)` for each, with separators.
template <class Element>
void append_elements(std::string& out, const column& c, std::size_t i, std::string_view brackets,
                     Element element) {
  out += brackets[0];
  const auto& source = stored_column(c);
  if (c.physical() == physical_type::row) {
    for (std::size_t k = 0; k < c.num_children(); ++k) {
      if (k > 0) out += ", ";
      element(c.child(k), c.stored(i));
    }
  } else {
    auto entry = c.value<list_entry>(i);
    for (auto k = entry.offset; k < entry.offset + entry.size; ++k) {
      if (k > entry.offset) out += ", ";
      element(source.child(0), k);
      if (source.num_children() > 1) {
        out += '=';
        element(source.child(1), k);
      }
    }
  }
  out += brackets[1];
}

/// Java's Period: `P1Y2M`, `P0D`.
void append_java_period(std::string& out, std::int32_t months) {
  out += 'P';
  if (months == 0) out += "0D";
  if (months / 12 != 0) fmt::format_to(std::back_inserter(out), "{}Y", months / 12);
  if (months % 12 != 0) fmt::format_to(std::back_inserter(out), "{}M", months % 12);
}

/// Java's Duration: `PT24H`, `PT1M-1.5S`, `PT0S`.
void append_java_duration(std::string& out, std::int64_t millis) {
  out += "PT";
  if (millis == 0) {
    out += "0S";
    return;
  }
  auto seconds = millis / 1000;
  auto rest = millis % 1000;
  if (seconds / 3600 != 0) fmt::format_to(std::back_inserter(out), "{}H", seconds / 3600);
  if (seconds % 3600 / 60 != 0) fmt::format_to(std::back_inserter(out), "{}M", seconds % 3600 / 60);
  if (seconds % 60 == 0 && rest == 0) return;
  if (millis < 0 && seconds % 60 == 0) out += '-';
  append_integer(out, seconds % 60);
  if (rest != 0) {
    auto fraction = fmt::format(".{:03}", rest < 0 ? -rest : rest);
    while (fraction.back() == '0') fraction.pop_back();
    out += fraction;
  }
  out += 'S';
}

void append_java_bytes(std::string& out, std::string_view bytes) {
  out += '[';
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) out += ", ";
    append_integer(out, static_cast<signed char>(bytes[i]));
  }
  out += ']';
}

} // namespace

void append_cast_text(std::string& out, const column& c, std::size_t i, const time_zone& zone) {
  auto nested = [&](const column& child, std::size_t row) {
    if (child.is_null(row))
      out += "NULL";
    else
      append_cast_text(out, child, row, zone);
  };
  const auto& type = c.type();
  switch (type.root()) {
  case type_root::null:
    out += "NULL";
    break;
  case type_root::boolean:
    out += c.value<std::uint8_t>(i) != 0 ? "TRUE" : "FALSE";
    break;
  case type_root::tinyint:
  case type_root::smallint:
  case type_root::integer:
  case type_root::bigint:
    append_integer(out, integer_at(c, i));
    break;
  case type_root::float_:
    append_java(out, c.value<float>(i));
    break;
  case type_root::double_:
    append_java(out, c.value<double>(i));
    break;
  case type_root::decimal:
    decimal::append_plain(out, c.value<int128>(i), type.scale());
    break;
  case type_root::char_:
  case type_root::varchar:
  case type_root::binary:
  case type_root::varbinary:
    out += c.text(i);
    break;
  case type_root::date:
    append_date(out, c.value<std::int32_t>(i));
    break;
  case type_root::time:
    append_time(out, c.value<std::int32_t>(i), type.precision());
    break;
  case type_root::timestamp:
    append_timestamp(out, c.value<std::int64_t>(i), type.precision());
    break;
  case type_root::timestamp_ltz:
    append_timestamp(out, zone.to_local(c.value<std::int64_t>(i)), type.precision());
    break;
  case type_root::interval_year_month:
    append_year_month(out, c.value<std::int32_t>(i));
    break;
  case type_root::interval_day_time:
    append_day_time(out, c.value<std::int64_t>(i));
    break;
  case type_root::array:
    append_elements(out, c, i, "[]", nested);
    break;
  case type_root::map:
    append_elements(out, c, i, "{}", nested);
    break;
  case type_root::row:
    append_elements(out, c, i, "()", nested);
    break;
  }
}

void append_row_text(std::string& out, const column& c, std::size_t i) {
  if (c.is_null(i)) {
    out += "null";
    return;
  }
  auto nested = [&](const column& child, std::size_t row) { append_row_text(out, child, row); };
  const auto& type = c.type();
  switch (type.root()) {
  case type_root::boolean:
    out += c.value<std::uint8_t>(i) != 0 ? "true" : "false";
    break;
  case type_root::decimal:
    decimal::append_java(out, c.value<int128>(i), type.scale());
    break;
  case type_root::binary:
  case type_root::varbinary:
    append_java_bytes(out, c.text(i));
    break;
  case type_root::time:
    append_java_time(out, c.value<std::int32_t>(i));
    break;
  case type_root::timestamp:
    append_java_timestamp(out, c.value<std::int64_t>(i));
    break;
  case type_root::timestamp_ltz: {
    auto micros = c.value<std::int64_t>(i);
    append_java_timestamp(out, micros);
    if (micros % (60 * micros_per_second) == 0) out += ":00"; // an instant has its seconds always
    out += 'Z';
    break;
  }
  case type_root::interval_year_month:
    append_java_period(out, c.value<std::int32_t>(i));
    break;
  case type_root::interval_day_time:
    append_java_duration(out, c.value<std::int64_t>(i));
    break;
  case type_root::array:
    append_elements(out, c, i, "[]", nested);
    break;
  case type_root::map:
    append_elements(out, c, i, "{}", nested);
    break;
  case type_root::row:
    out += "+I";
    append_elements(out, c, i, "[]", nested);
    break;
  default:
    append_cast_text(out, c, i, time_zone());
  }
}

} // namespace sluice::table
