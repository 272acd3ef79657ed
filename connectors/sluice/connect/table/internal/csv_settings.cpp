#include "sluice/connect/table/internal/csv_settings.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice::table::internal {

namespace {

/// The one character that an option holds. Flink's SQL writes a tab as `\t`, too.
char character(const format_settings& s, const char* key) {
  auto full = s.prefix + key;
  const auto& text = s.options->text(full);
  if (text == "\\t") return '\t';
  if (text.size() != 1 || static_cast<unsigned char>(text[0]) >= 0x80)
    throw plan_error(fmt::format("table {}: option '{}' must be a single ASCII character, not '{}'",
                                 s.table, full, text));
  if (text[0] == '\n' || text[0] == '\r' || text[0] == '\0')
    throw plan_error(fmt::format("table {}: option '{}' cannot be a line end", s.table, full));
  return text[0];
}

/// MAP has no form in CSV; ROW and ARRAY only of plain values.
void check_type(const data_type& type, bool nested, const std::string& table,
                const std::string& name) {
  if (type.is(type_root::map) || (nested && type.is_nested()))
    throw plan_error(
      fmt::format("table {}: column {}: CSV cannot hold {}", table, name, type.to_string()));
  for (const auto& child : type.children()) check_type(child, true, table, name);
}

} // namespace

void check_csv_types(const format_columns& columns, const std::string& table) {
  for (const auto& field : columns.columns) check_type(field.type, false, table, field.name);
}

std::vector<option_definition> csv_settings::definitions(const std::string& prefix) {
  using enum option_type;
  return {
    {prefix + "field-delimiter", text, false, ",", {}, "Stands between fields."},
    {prefix + "disable-quote-character", boolean, false, "false", {}, "Quotes are plain text."},
    {prefix + "quote-character", text, false, {}, {}, "Encloses fields; \" unless told otherwise."},
    {prefix + "allow-comments",
     boolean,
     false,
     "false",
     {},
     "Lines that begin with # are passed over."},
    {prefix + "ignore-parse-errors",
     boolean,
     false,
     "false",
     {},
     "A field that does not parse is NULL, a line that does not is left out."},
    {prefix + "array-element-delimiter",
     text,
     false,
     ";",
     {},
     "Stands between the elements of an array and the fields of a row."},
    {prefix + "escape-character",
     text,
     false,
     {},
     {},
     "Takes the meaning from the next character."},
    {prefix + "null-literal", text, false, {}, {}, "What stands for NULL."},
    {prefix + "write-bigdecimal-in-scientific-notation",
     boolean,
     false,
     "true",
     {},
     "Decimals are written as Java's BigDecimal prints them, else plain."},
    {prefix + "header",
     text,
     false,
     "none",
     {"none", "skip", "by-name"},
     "Whether files begin with a line of names, and whether columns are found by it."}};
}

csv_settings csv_settings::of(const format_settings& s) {
  const auto& options = *s.options;
  csv_settings result;
  result.delimiter = character(s, "field-delimiter");
  bool quotes_off = options.boolean(s.prefix + "disable-quote-character");
  if (quotes_off && options.has(s.prefix + "quote-character"))
    throw plan_error(fmt::format("table {}: option '{}quote-character' contradicts "
                                 "'{}disable-quote-character'",
                                 s.table, s.prefix, s.prefix));
  if (options.has(s.prefix + "quote-character")) result.quote = character(s, "quote-character");
  if (quotes_off) result.quote = '\0';
  if (options.has(s.prefix + "escape-character")) result.escape = character(s, "escape-character");
  result.array_delimiter = options.text(s.prefix + "array-element-delimiter");
  if (result.array_delimiter.empty())
    throw plan_error(
      fmt::format("table {}: option '{}array-element-delimiter' is empty", s.table, s.prefix));
  if (options.has(s.prefix + "null-literal"))
    result.null_literal = options.text(s.prefix + "null-literal");
  if (result.delimiter == result.quote || result.delimiter == result.escape
      || (result.quote != '\0' && result.quote == result.escape))
    throw plan_error(
      fmt::format("table {}: delimiter, quote and escape character of CSV must differ", s.table));
  result.comments = options.boolean(s.prefix + "allow-comments");
  result.ignore_errors = options.boolean(s.prefix + "ignore-parse-errors");
  result.scientific_decimals
    = options.boolean(s.prefix + "write-bigdecimal-in-scientific-notation");
  const auto& header = options.text(s.prefix + "header");
  result.header = header == "skip"      ? csv_header::skip
                  : header == "by-name" ? csv_header::by_name
                                        : csv_header::none;
  return result;
}

} // namespace sluice::table::internal
