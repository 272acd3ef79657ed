// DESCRIBE and SHOW CREATE.
#include "sluice/table/bind/binder.hpp"
#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/bind/internal/tables.hpp"
#include "sluice/table/sql/unparse.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table {

namespace {

std::string joined(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const auto& p : parts) text += (text.empty() ? "" : separator) + p;
  return text;
}

std::string quoted_names(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& n : names) quoted.push_back(sql::quote_name(n));
  return joined(quoted, ", ");
}

bool is_proctime(const catalog_column& c) {
  const auto* call = c.computed ? c.computed->as<sql::call>() : nullptr;
  return call && call->arguments.empty() && call->name.parts.size() == 1
         && internal::upper_case(call->name.parts[0].text) == "PROCTIME";
}

std::string extras_of(const catalog_column& c) {
  if (c.kind == column_kind::computed) return "AS " + sql::to_sql(*c.computed);
  if (c.kind == column_kind::physical) return {};
  std::string text = "METADATA";
  if (!c.metadata_key.empty()) text += " FROM " + sql::quote_text(c.metadata_key);
  return c.metadata_virtual ? text + " VIRTUAL" : text;
}

column_description describe_column(const catalog_table& table, const catalog_column& c) {
  column_description row;
  row.name = c.name;
  row.type = c.type.as_nullable().to_string();
  row.nullable = c.type.nullable();
  row.extras = extras_of(c);
  if (is_proctime(c)) row.type += " *PROCTIME*";
  if (table.watermark && table.watermark->column == c.name) {
    row.type += " *ROWTIME*";
    row.watermark = sql::to_sql(table.watermark->value);
  }
  const auto& key = table.primary_key;
  if (std::find(key.begin(), key.end(), c.name) != key.end())
    row.key = fmt::format("PRI({})", joined(key, ", "));
  return row;
}

std::string column_text(const catalog_column& c) {
  auto text = sql::quote_name(c.name);
  if (c.kind != column_kind::computed) text += " " + c.type.to_string();
  if (auto extras = extras_of(c); !extras.empty()) text += " " + extras;
  if (!c.comment.empty()) text += " COMMENT " + sql::quote_text(c.comment);
  return text;
}

std::string create_text(const object_path& path, const catalog_table& table) {
  std::vector<std::string> parts;
  for (const auto& c : table.columns) parts.push_back("  " + column_text(c));
  if (table.watermark)
    parts.push_back(fmt::format("  WATERMARK FOR {} AS {}",
                                sql::quote_name(table.watermark->column),
                                sql::to_sql(table.watermark->value)));
  if (!table.primary_key.empty())
    parts.push_back(fmt::format("  CONSTRAINT {} PRIMARY KEY ({}) NOT ENFORCED",
                                sql::quote_name(table.primary_key_name),
                                quoted_names(table.primary_key)));
  auto text = fmt::format("CREATE TABLE {} (\n{}\n)", path.to_string(), joined(parts, ",\n"));
  if (!table.comment.empty()) text += "\nCOMMENT " + sql::quote_text(table.comment);
  if (!table.partition_keys.empty())
    text += fmt::format("\nPARTITIONED BY ({})", quoted_names(table.partition_keys));
  if (table.options.empty()) return text;
  std::vector<std::string> options;
  for (const auto& [key, value] : table.options)
    options.push_back(fmt::format("  {} = {}", sql::quote_text(key), sql::quote_text(value)));
  return text + fmt::format("\nWITH (\n{}\n)", joined(options, ",\n"));
}

std::string create_text(const object_path& path, const catalog_view& view) {
  std::string names;
  for (const auto& f : view.schema)
    names += (names.empty() ? "\n  " : ",\n  ") + sql::quote_name(f.name);
  auto text = fmt::format("CREATE VIEW {} ({}\n)", path.to_string(), names);
  if (!view.comment.empty()) text += "\nCOMMENT " + sql::quote_text(view.comment);
  return text + "\nAS " + view.text;
}

} // namespace

std::vector<column_description> describe(const catalog_object& object,
                                         const bind_context& context) {
  std::vector<column_description> result;
  if (const auto* table = std::get_if<catalog_table>(&object)) {
    for (const auto& c : table->columns) result.push_back(describe_column(*table, c));
    return result;
  }
  const auto& view = std::get<catalog_view>(object);
  auto plan = bind_query(view.query, context);
  for (std::size_t i = 0; i < view.schema.size(); ++i) {
    const auto& column = plan->columns.at(i);
    column_description row;
    row.name = view.schema[i].name;
    row.type = column.type.as_nullable().to_string();
    if (column.time == time_attribute::event_time) row.type += " *ROWTIME*";
    if (column.time == time_attribute::processing_time) row.type += " *PROCTIME*";
    row.nullable = column.type.nullable();
    result.push_back(std::move(row));
  }
  return result;
}

std::string create_statement(const object_path& path, const catalog_object& object) {
  return std::visit([&](const auto& o) { return create_text(path, o); }, object);
}

} // namespace sluice::table
