#include "sluice/table/bind/internal/scope.hpp"

#include "sluice/table/expr/similar_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace sluice::table::internal {

bool reads_outer(const expression& tree) {
  if (tree.kind() == expression_kind::input)
    return tree.index() >= placeholder::outer && tree.index() < placeholder::aggregate;
  return std::any_of(tree.children().begin(), tree.children().end(),
                     [](const expression_ptr& c) { return reads_outer(*c); });
}

namespace {

/// Whether `name` ends with the first `count` parts of `written`.
bool ends_with(const std::vector<std::string>& name, const sql::object_name& written,
               std::size_t count) {
  if (count > name.size()) return false;
  return std::equal(name.end() - static_cast<std::ptrdiff_t>(count), name.end(),
                    written.parts.begin(),
                    [](const std::string& a, const sql::identifier& b) { return a == b.text; });
}

const scope_column* column_called(const scope_table& table, const std::string& name) {
  for (const auto& c : table.columns)
    if (c.name == name) return &c;
  return nullptr;
}

expression_ptr placed(const expression_ptr& value, source_position where) {
  if (value->kind() != expression_kind::input) return value;
  return expression::input(value->index(), value->type(), value->name(), where);
}

} // namespace

scope scope::of(const relation& r, std::vector<std::string> name) {
  scope result;
  scope_table table{std::move(name), {}};
  for (std::size_t i = 0; i < r.columns.size(); ++i)
    table.columns.push_back({r.columns[i].name, column_of(r, i)});
  result.tables.push_back(std::move(table));
  return result;
}

expression_ptr scope::find(const sql::object_name& name, const function_registry& functions) const {
  std::size_t level = 0;
  for (const scope* s = this; s; s = s->outer, ++level) {
    auto found = s->find_here(name);
    if (!found) continue;
    auto value = placed(found->value, at(name.where));
    if (level > 0)
      value = renumbered(value, [&](std::size_t i) { return i + level * placeholder::outer; });
    for (auto i = found->used; i < name.parts.size(); ++i)
      value = field_of(value, name.parts[i], functions);
    return value;
  }
  report_unknown(name);
}

bool scope::knows(const sql::object_name& name) const {
  for (const scope* s = this; s; s = s->outer)
    if (s->find_here(name)) return true;
  return false;
}

std::optional<scope::match> scope::find_here(const sql::object_name& name) const {
  if (auto found = find_in_tables(name)) return found;
  return find_plain(name.parts[0]);
}

std::optional<scope::match> scope::find_in_tables(const sql::object_name& name) const {
  for (auto count = std::min<std::size_t>(3, name.parts.size() - 1); count > 0; --count) {
    std::optional<match> found;
    for (const auto& table : tables) {
      if (!ends_with(table.name, name, count)) continue;
      const auto* column = column_called(table, name.parts[count].text);
      if (!column) continue;
      if (found)
        throw binding_error(at(name.where),
                            fmt::format("Table '{}' is ambiguous", name.parts[count - 1].text));
      found = match{column->value, count + 1};
    }
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<scope::match> scope::find_plain(const sql::identifier& name) const {
  for (const auto& c : merged)
    if (c.name == name.text) return match{c.value, 1};
  std::optional<match> found;
  for (const auto& table : tables) {
    for (const auto& c : table.columns) {
      if (c.name != name.text || c.merged) continue;
      if (found)
        throw binding_error(at(name.where), fmt::format("Column '{}' is ambiguous", name.text));
      found = match{c.value, 1};
    }
  }
  return found;
}

void scope::report_unknown(const sql::object_name& name) const {
  std::vector<std::string> columns;
  std::vector<std::string> aliases;
  for (const scope* s = this; s; s = s->outer) {
    for (const auto& table : s->tables) {
      if (name.parts.size() > 1 && ends_with(table.name, name, 1)) {
        std::vector<std::string> here;
        for (const auto& c : table.columns) here.push_back(c.name);
        throw binding_error(at(name.parts[1].where),
                            fmt::format("Column '{}' not found in table '{}'{}", name.parts[1].text,
                                        name.parts[0].text,
                                        did_you_mean(name.parts[1].text, here)));
      }
      if (!table.name.empty()) aliases.push_back(table.name.back());
      for (const auto& c : table.columns) columns.push_back(c.name);
    }
  }
  if (name.parts.size() > 1) {
    aliases.insert(aliases.end(), columns.begin(), columns.end());
    throw binding_error(at(name.where), fmt::format("Table '{}' not found{}", name.parts[0].text,
                                                    did_you_mean(name.parts[0].text, aliases)));
  }
  throw binding_error(at(name.where),
                      fmt::format("Column '{}' not found in any table{}", name.parts[0].text,
                                  did_you_mean(name.parts[0].text, columns)));
}

std::vector<scope_column> scope::all() const {
  auto result = merged;
  for (const auto& table : tables)
    for (const auto& c : table.columns)
      if (!c.merged) result.push_back(c);
  return result;
}

std::vector<scope_column> scope::all_of(const sql::object_name& name,
                                        const function_registry& functions) const {
  for (const auto& table : tables)
    if (ends_with(table.name, name, name.parts.size())) return table.columns;
  if (find_here(name)) {
    auto row = find(name, functions);
    if (!row->type().is(type_root::row))
      throw binding_error(
        at(name.where),
        fmt::format("'{}' is neither a table nor a ROW whose fields * could be", dotted(name)));
    std::vector<scope_column> fields;
    for (const auto& field : row->type().field_names())
      fields.push_back({field, functions.call("DOT", {row, expression::literal(scalar::of(field))},
                                              at(name.where))});
    return fields;
  }
  std::vector<std::string> aliases;
  for (const auto& table : tables)
    if (!table.name.empty()) aliases.push_back(table.name.back());
  throw binding_error(at(name.where), fmt::format("Table '{}' not found{}", dotted(name),
                                                  did_you_mean(name.parts.back().text, aliases)));
}

void scope::append(scope right, std::size_t offset) {
  auto moved = [&](scope_column c) {
    c.value = renumbered(c.value, [&](std::size_t i) { return i + offset; });
    return c;
  };
  for (auto& table : right.tables) {
    for (auto& c : table.columns) c = moved(std::move(c));
    tables.push_back(std::move(table));
  }
  for (auto& c : right.merged) merged.push_back(moved(std::move(c)));
}

void scope::rebase(const relation& r) {
  auto retyped = [&](scope_column& c) {
    c.value = transform(c.value, [&](const expression_ptr& e) -> expression_ptr {
      if (e->kind() != expression_kind::input) return e;
      return expression::input(e->index(), r.columns.at(e->index()).type, e->name());
    });
  };
  for (auto& table : tables)
    for (auto& c : table.columns) retyped(c);
  for (auto& c : merged) retyped(c);
}

} // namespace sluice::table::internal
