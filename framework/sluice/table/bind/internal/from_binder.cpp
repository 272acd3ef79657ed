#include "sluice/table/bind/internal/joins.hpp"
#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/expr/similar_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sluice::table::internal {

namespace {

/// A table by itself: its alias, or else its own name, leads to its columns.
bound_from named(relation_ptr r, const sql::table_ref& from, std::vector<std::string> own_name) {
  if (from.alias) {
    if (!from.alias->columns.empty())
      r = with_aliases(std::move(r), from.alias->columns, from.alias->name);
    own_name = {from.alias->name.text};
  }
  auto names = scope::of(*r, std::move(own_name));
  return {std::move(r), std::move(names)};
}

bound_from bind_table(const sql::named_table& table, const sql::table_ref& from,
                      const environment& env) {
  if (table.as_of) not_supported(table.as_of->where, "FOR SYSTEM_TIME AS OF (temporal joins)");
  const auto& first = table.name.parts[0].text;
  if (table.name.parts.size() == 1) {
    const relation_ptr* found = env.with ? env.with->find(first) : nullptr;
    if (!found && env.context.inline_tables)
      if (auto it = env.context.inline_tables->find(first); it != env.context.inline_tables->end())
        found = &it->second;
    if (found) {
      if (!table.hints.empty())
        throw binding_error(
          at(table.hints[0].where),
          fmt::format("hints are for tables of the catalog, not for '{}'", first));
      return named(*found, from, {first});
    }
  }
  auto path = env.context.catalogs.resolve(table.name);
  return named(bind_named_table(table.name, table.hints, env), from,
               {path.catalog, path.database, path.object});
}

// -- joins
// --------------------------------------------------------------------------------------

join_type type_of_kind(sql::join_kind kind) {
  switch (kind) {
  case sql::join_kind::left:
    return join_type::left;
  case sql::join_kind::right:
    return join_type::right;
  case sql::join_kind::full:
    return join_type::full;
  default:
    return join_type::inner;
  }
}

/// The one column of a side of USING, taken out of what can be named without a table.
expression_ptr take_column(scope& side, const sql::identifier& name, const char* which) {
  for (auto it = side.merged.begin(); it != side.merged.end(); ++it) {
    if (it->name != name.text) continue;
    auto value = it->value;
    side.merged.erase(it);
    return value;
  }
  scope_column* found = nullptr;
  std::vector<std::string> all;
  for (auto& table : side.tables) {
    for (auto& c : table.columns) {
      if (c.merged) continue;
      all.push_back(c.name);
      if (c.name != name.text) continue;
      if (found)
        throw binding_error(at(name.where),
                            fmt::format("Column name '{}' in USING clause is not unique on the {} "
                                        "side of the join",
                                        name.text, which));
      found = &c;
    }
  }
  if (!found)
    throw binding_error(at(name.where),
                        fmt::format("Column '{}' not found on the {} side of the join{}", name.text,
                                    which, did_you_mean(name.text, all)));
  found->merged = true;
  return found->value;
}

std::vector<sql::identifier> natural_columns(const scope& left, const scope& right,
                                             const sql::source_range& where) {
  std::set<std::string> others;
  for (const auto& c : right.all()) others.insert(c.name);
  std::vector<sql::identifier> result;
  for (const auto& c : left.all())
    if (others.erase(c.name) > 0) result.push_back({where, c.name});
  return result;
}

void check_different(const scope& left, const scope& right, const sql::source_range& where) {
  for (const auto& a : left.tables)
    for (const auto& b : right.tables)
      if (!a.name.empty() && !b.name.empty() && a.name.back() == b.name.back())
        throw binding_error(at(where),
                            fmt::format("Duplicate relation name '{}' in FROM clause: give one an "
                                        "alias",
                                        a.name.back()));
}

bound_from bind_join(const sql::join& join, const sql::table_ref& from, const environment& env) {
  auto left = bind_from(*join.left, env);
  auto right = bind_from(*join.right, env);
  auto where = at(from.where);
  auto width = left.relation->columns.size();
  auto type = type_of_kind(join.kind);
  std::vector<expression_ptr> conditions;
  std::vector<scope_column> merged;

  auto columns
    = join.natural ? natural_columns(left.names, right.names, from.where) : join.using_columns;
  for (const auto& name : columns) {
    auto a = take_column(left.names, name, "left");
    auto b = renumbered(take_column(right.names, name, "right"),
                        [&](std::size_t i) { return i + width; });
    conditions.push_back(env.functions().call("=", {a, b}, at(name.where)));
    merged.push_back({name.text, type == join_type::right ? b : a});
    if (type == join_type::full) {
      auto null_able = [](const expression_ptr& e) {
        return expression::input(e->index(), e->type().as_nullable(), e->name());
      };
      if (a->kind() != expression_kind::input || b->kind() != expression_kind::input)
        not_supported(from.where, "USING and NATURAL over two FULL joins");
      merged.back().value = expression::coalesce({null_able(a), null_able(b)}, at(name.where));
    }
  }
  check_different(left.names, right.names, from.where);
  auto names = std::move(left.names);
  names.append(std::move(right.names), width);
  names.merged.insert(names.merged.begin(), merged.begin(), merged.end());
  if (join.on) {
    names.outer = env.outer;
    clause what;
    what.name = "ON";
    split_conjunction(expression_binder(env, names, what).bind_condition(*join.on), conditions);
    names.outer = nullptr;
  }
  auto joined
    = make_join(std::move(left.relation), std::move(right.relation), type, conditions, where);
  names.rebase(*joined);
  return {std::move(joined), std::move(names)};
}

bound_from bind_function(const sql::table_function& f, const sql::table_ref& from,
                         const environment& env) {
  if (f.lateral) not_supported(from.where, "LATERAL");
  return named(bind_window_function(f.function, env, from.where), from, {});
}

} // namespace

bound_from bind_from(const sql::table_ref& from, const environment& env) {
  if (const auto* table = std::get_if<sql::named_table>(&from.node))
    return bind_table(*table, from, env);
  if (const auto* derived = std::get_if<sql::derived_table>(&from.node)) {
    if (derived->lateral) not_supported(from.where, "LATERAL");
    return named(bind_whole_query(*derived->subquery, env), from, {});
  }
  if (const auto* function = std::get_if<sql::table_function>(&from.node))
    return bind_function(*function, from, env);
  if (const auto* join = std::get_if<sql::join>(&from.node)) return bind_join(*join, from, env);
  not_supported(from.where, "UNNEST");
}

} // namespace sluice::table::internal
