#include "sluice/connect/table/internal/json_settings.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice::table::internal {

namespace {

void check_type(const data_type& type, const std::string& table, const std::string& name) {
  if (type.is(type_root::map) && !type.children()[0].is_character())
    throw plan_error(
      fmt::format("table {}: column {}: JSON has only texts as keys of a map, not {}", table, name,
                  type.children()[0].to_string()));
  for (const auto& child : type.children()) check_type(child, table, name);
}

} // namespace

void check_json_types(const format_columns& columns, const std::string& table) {
  for (const auto& field : columns.columns) check_type(field.type, table, field.name);
}

std::vector<option_definition> json_settings::definitions(const std::string& prefix) {
  using enum option_type;
  return {{prefix + "fail-on-missing-field",
           boolean,
           false,
           "false",
           {},
           "A missing field is an error, else NULL."},
          {prefix + "ignore-parse-errors",
           boolean,
           false,
           "false",
           {},
           "A field that does not parse is NULL, a record that does not is left out."},
          {prefix + "timestamp-format.standard",
           text,
           false,
           "SQL",
           {"SQL", "ISO-8601"},
           "How timestamps look: with a blank, or a T."},
          {prefix + "map-null-key.mode",
           text,
           false,
           "FAIL",
           {"FAIL", "DROP", "LITERAL"},
           "What to do about the NULL key of a map."},
          {prefix + "map-null-key.literal", text, false, "null", {}, "The key for LITERAL."},
          {prefix + "encode.decimal-as-plain-number",
           boolean,
           false,
           "false",
           {},
           "Decimals are never written with an exponent."},
          {prefix + "encode.ignore-null-fields",
           boolean,
           false,
           "false",
           {},
           "Fields that are NULL are not written."}};
}

json_settings json_settings::of(const format_settings& s) {
  const auto& options = *s.options;
  json_settings result;
  result.fail_on_missing_field = options.boolean(s.prefix + "fail-on-missing-field");
  result.ignore_errors = options.boolean(s.prefix + "ignore-parse-errors");
  if (result.fail_on_missing_field && result.ignore_errors)
    throw plan_error(fmt::format("table {}: options '{}fail-on-missing-field' and "
                                 "'{}ignore-parse-errors' shouldn't both be true",
                                 s.table, s.prefix, s.prefix));
  if (options.text(s.prefix + "timestamp-format.standard") == "ISO-8601")
    result.timestamps = timestamp_style::iso;
  const auto& mode = options.text(s.prefix + "map-null-key.mode");
  result.null_keys = mode == "DROP"      ? null_key::drop
                     : mode == "LITERAL" ? null_key::literal
                                         : null_key::fail;
  result.null_key_literal = options.text(s.prefix + "map-null-key.literal");
  result.plain_decimals = options.boolean(s.prefix + "encode.decimal-as-plain-number");
  result.omit_nulls = options.boolean(s.prefix + "encode.ignore-null-fields");
  return result;
}

} // namespace sluice::table::internal
