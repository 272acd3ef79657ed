#include "sluice/connect/table/internal/kafka_columns.hpp"

#include "sluice/connect/table/internal/option_keys.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::table::internal {

namespace {

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    auto end = std::min(text.find(';', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::size_t column_number(const table_description& table, const std::string& name,
                          const char* option) {
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (table.columns[i].name == name) return i;
  throw plan_error(
    fmt::format("table {}: {}: there is no physical column '{}'", table.name, option, name));
}

void define_format(std::vector<option_definition>& list, const table_description& table,
                   const char* option, const char* prefix) {
  auto given = table.options.find(option);
  if (given == table.options.end()) return;
  append(list, columnar_format_of(given->second, table.name, option)
                 .definitions(prefix + given->second + '.'));
}

bool fits(kafka_metadata kind, const data_type& type) {
  switch (kind) {
  case kafka_metadata::topic:
  case kafka_metadata::timestamp_type:
    return type.is_character();
  case kafka_metadata::partition:
    return type.is(type_root::integer);
  case kafka_metadata::offset:
    return type.is(type_root::bigint);
  case kafka_metadata::timestamp:
    return type.is_timestamp();
  case kafka_metadata::headers:
    return type.is(type_root::map) && type.children()[0].is_character()
           && type.children()[1].is_binary();
  }
  return false;
}

} // namespace

kafka_metadata kafka_metadata_of(const table_description& table, const metadata_column& column) {
  struct known {
    const char* key;
    kafka_metadata kind;
    const char* type;
  };
  static constexpr std::array<known, 6> all{
    {{"topic", kafka_metadata::topic, "STRING"},
     {"partition", kafka_metadata::partition, "INT"},
     {"headers", kafka_metadata::headers, "MAP<STRING, BYTES>"},
     {"offset", kafka_metadata::offset, "BIGINT"},
     {"timestamp", kafka_metadata::timestamp, "TIMESTAMP_LTZ(3)"},
     {"timestamp-type", kafka_metadata::timestamp_type, "STRING"}}};
  std::string list;
  for (const auto& k : all) {
    list += (list.empty() ? "" : ", ") + std::string(k.key);
    if (column.key != k.key) continue;
    if (!fits(k.kind, column.type))
      throw plan_error(fmt::format("table {}: metadata column {} must be {}, not {}", table.name,
                                   column.name, k.type, column.type.to_string()));
    return k.kind;
  }
  throw plan_error(
    fmt::format("table {}: column {}: the connector has no metadata '{}' (it has {})", table.name,
                column.name, column.key, list));
}

void kafka_layout::define(std::vector<option_definition>& list, const table_description& table,
                          bool upsert) {
  using enum option_type;
  if (!upsert) {
    list.push_back({"format", text, false, {}, {}, "How values look: csv, json or raw."});
    list.push_back({"key.fields", text, false, {}, {}, "The columns of the key, with ; between."});
    define_format(list, table, "format", "");
  }
  list.push_back({"value.format", text, upsert, {}, {}, "How values look: csv, json or raw."});
  list.push_back({"key.format", text, upsert, {}, {}, "How keys look: csv, json or raw."});
  list.push_back({"key.fields-prefix",
                  text,
                  false,
                  {},
                  {},
                  "In front of the names of key columns, but not in the key itself."});
  list.push_back({"value.fields-include",
                  text,
                  false,
                  "ALL",
                  {"ALL", "EXCEPT_KEY"},
                  "Whether the columns of the key are in the value as well."});
  define_format(list, table, "value.format", "value.");
  define_format(list, table, "key.format", "key.");
}

kafka_layout kafka_layout::of(const table_description& table, const table_options& options,
                              bool upsert) {
  auto fail = [&](const std::string& reason) {
    throw plan_error(fmt::format("table {}: {}", table.name, reason));
  };
  kafka_layout layout;
  bool short_form = !upsert && options.has("format");
  if (short_form && options.has("value.format"))
    fail("options 'format' and 'value.format' are the same; give one of them");
  if (!short_form && !options.has("value.format"))
    fail("option 'format' (or 'value.format') is missing");
  const auto* option = short_form ? "format" : "value.format";
  const auto& name = options.text(option);
  layout.value_format = &columnar_format_of(name, table.name, option);
  layout.value_prefix = (short_form ? "" : "value.") + name + '.';
  layout.key_in_value = options.text("value.fields-include") == "ALL";
  if (options.has("key.format")) {
    const auto& key = options.text("key.format");
    layout.key_format = &columnar_format_of(key, table.name, "key.format");
    layout.key_prefix = "key." + key + '.';
  }
  if (upsert) {
    if (table.primary_key.empty())
      fail("'upsert-kafka' tables require to define a PRIMARY KEY constraint. The PRIMARY KEY "
           "specifies which columns should be read from or write to the Kafka message key. The "
           "PRIMARY KEY also defines records in the 'upsert-kafka' table should update or delete "
           "on which keys.");
    for (const auto& column : table.primary_key)
      layout.key.push_back(column_number(table, column, "PRIMARY KEY"));
  } else {
    if (!table.primary_key.empty())
      fail("the kafka connector cannot keep a PRIMARY KEY, because its formats only have inserts; "
           "use upsert-kafka");
    if (layout.key_format && !options.has("key.fields"))
      fail("option 'key.format' needs 'key.fields'");
    if (!layout.key_format && options.has("key.fields"))
      fail("option 'key.fields' needs 'key.format'");
    if (options.has("key.fields"))
      for (const auto& column : split_list(options.text("key.fields")))
        layout.key.push_back(column_number(table, column, "option 'key.fields'"));
    if (layout.key_format && layout.key.empty()) fail("option 'key.fields' is empty");
  }
  if (options.has("key.fields-prefix")) {
    layout.name_prefix = options.text("key.fields-prefix");
    if (layout.key_in_value)
      fail("A key prefix is not allowed when option 'value.fields-include' is set to 'ALL'. Set it "
           "to 'EXCEPT_KEY' instead to avoid field overlaps.");
    for (auto i : layout.key)
      if (!table.columns[i].name.starts_with(layout.name_prefix))
        fail(fmt::format("All fields in 'key.fields' must be prefixed with '{}' when option "
                         "'key.fields-prefix' is set but field '{}' is not prefixed.",
                         layout.name_prefix, table.columns[i].name));
  }
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    bool in_key = std::find(layout.key.begin(), layout.key.end(), i) != layout.key.end();
    if (!in_key || layout.key_in_value) layout.value.push_back(i);
  }
  return layout;
}

std::vector<data_type::field> kafka_layout::key_fields(const table_description& table) const {
  std::vector<data_type::field> fields;
  for (auto i : key)
    fields.push_back({table.columns[i].name.substr(name_prefix.size()), table.columns[i].type});
  return fields;
}

std::vector<data_type::field> kafka_layout::value_fields(const table_description& table) const {
  std::vector<data_type::field> fields;
  for (auto i : value) fields.push_back(table.columns[i]);
  return fields;
}

} // namespace sluice::table::internal
