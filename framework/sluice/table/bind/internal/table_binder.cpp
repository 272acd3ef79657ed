// Scans of tables and views of the catalog.
#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/bind/internal/tables.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table::internal {

namespace {

/// More views within views are a circle.
constexpr int most_views = 64;

std::size_t number_of(const std::vector<relation_column>& columns, const std::string& name) {
  auto it = std::find_if(columns.begin(), columns.end(),
                         [&](const relation_column& c) { return c.name == name; });
  return static_cast<std::size_t>(it - columns.begin());
}

/// The columns that the connector delivers: physical ones, then metadata.
std::vector<relation_column> stored_columns(const catalog_table& table) {
  std::vector<relation_column> result;
  for (auto kind : {column_kind::physical, column_kind::metadata})
    for (const auto& c : table.columns)
      if (c.kind == kind) result.push_back({c.name, c.type});
  return result;
}

relation_ptr scan(const catalog_table& table, const std::string& name, const environment& env,
                  source_position where) {
  auto columns = stored_columns(table);
  scan_node node;
  node.table = name;
  auto description = table.describe(name);
  node.definition = description.connector;
  for (const auto& [key, value] : description.options)
    node.definition += fmt::format(", {}={}", key, value);
  node.source = located(
    where, [&] { return env.context.connectors.source(description, env.context.session); });
  for (std::size_t i = 0; i < description.columns.size(); ++i) node.request.columns.push_back(i);
  for (std::size_t i = 0; i < description.metadata.size(); ++i) node.request.metadata.push_back(i);
  for (const auto& key : table.primary_key) node.primary_key.push_back(number_of(columns, key));
  return relation::scan(std::move(node), std::move(columns), where);
}

/// What an error says, without its place.
std::string message_of(const binding_error& e) {
  return std::string(e.what()).substr(with_position(e.position(), "").size());
}

relation_ptr bind_view(const catalog_view& view, const std::string& name, const environment& env,
                       source_position where) {
  if (env.views >= most_views)
    throw binding_error(where, fmt::format("the view {} leads back to itself", name));
  environment inner{env.context, nullptr, nullptr, env.views + 1};
  try {
    auto result = bind_whole_query(view.query, inner);
    auto names = view.columns.empty() ? names_of(*result) : view.columns;
    return renamed(std::move(result), names, where);
  } catch (const binding_error& e) {
    // Its places are those of another text.
    throw binding_error(where, fmt::format("in the view {}: {}", name, message_of(e)));
  }
}

} // namespace

std::map<std::string, std::string> with_hints(std::map<std::string, std::string> options,
                                              const std::vector<sql::hint>& hints) {
  for (const auto& h : hints) {
    if (upper_case(h.name.text) != "OPTIONS")
      not_supported(h.where, fmt::format("the hint {}", h.name.text));
    for (const auto& o : h.options) options[o.key.text] = o.value.text;
  }
  return options;
}

relation_ptr with_computed_columns(relation_ptr scan, const catalog_table& table,
                                   const environment& env) {
  auto stored = scope::of(*scan);
  std::vector<expression_ptr> values;
  std::vector<std::string> names;
  bool plain = true;
  for (const auto& c : table.columns) {
    names.push_back(c.name);
    if (c.kind == column_kind::computed) {
      clause what;
      what.name = "a computed column";
      values.push_back(expression_binder(env, stored, what).bind(*c.computed));
    } else {
      values.push_back(column_of(*scan, number_of(scan->columns, c.name)));
    }
    plain = plain && values.back()->kind() == expression_kind::input
            && values.back()->index() == values.size() - 1;
  }
  if (plain && values.size() == scan->columns.size()) return scan;
  auto where = scan->position;
  return project(std::move(scan), std::move(values), std::move(names), where);
}

relation_ptr with_watermark(relation_ptr input, const catalog_table& table,
                            const environment& env) {
  if (!table.watermark) return input;
  auto names = scope::of(*input);
  clause what;
  what.name = "WATERMARK";
  watermark_node node;
  node.column = number_of(input->columns, table.watermark->column);
  node.value = expression_binder(env, names, what).bind(table.watermark->value);
  auto where = input->position;
  return relation::watermark(std::move(input), std::move(node), where);
}

relation_ptr bind_named_table(const sql::object_name& name, const std::vector<sql::hint>& hints,
                              const environment& env) {
  const auto& object = env.context.catalogs.get(name);
  auto path = env.context.catalogs.resolve(name);
  auto where = at(name.where);
  if (const auto* view = std::get_if<catalog_view>(&object)) {
    if (!hints.empty()) not_supported(hints[0].where, "hints for a view");
    return bind_view(*view, path.to_string(), env, where);
  }
  auto table = std::get<catalog_table>(object);
  table.options = with_hints(std::move(table.options), hints);
  auto read = scan(table, full_name(path), env, where);
  try {
    return with_watermark(with_computed_columns(std::move(read), table, env), table, env);
  } catch (const binding_error& e) {
    // Its places are those of the CREATE TABLE.
    throw binding_error(where, fmt::format("in the table {}: {}", path.to_string(), message_of(e)));
  }
}

} // namespace sluice::table::internal
