#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table::internal {

namespace {

using row = std::vector<expression_ptr>;

row bind_row(const sql::expr& e, expression_binder& binder) {
  row result;
  if (const auto* r = e.as<sql::row_constructor>()) {
    for (const auto& item : r->items) result.push_back(binder.bind(item));
  } else {
    result.push_back(binder.bind(e));
  }
  return result;
}

/// The type that a column of VALUES has. Errors: `binding_error`.
data_type column_type(const std::vector<row>& rows, std::size_t column, source_position where) {
  std::vector<data_type> types;
  for (const auto& r : rows) types.push_back(r[column]->type());
  if (auto type = common_type(types)) return *type;
  throw binding_error(where, fmt::format("Values passed to VALUES operator must have compatible "
                                         "types; those of column {} have not",
                                         column + 1));
}

bool all_literals(const std::vector<row>& rows) {
  return std::all_of(rows.begin(), rows.end(), [](const row& r) {
    return std::all_of(r.begin(), r.end(), [](const expression_ptr& e) {
      return e->kind() == expression_kind::literal;
    });
  });
}

} // namespace

relation_ptr bind_values(const sql::values& values, const environment& env,
                         const sql::source_range& range) {
  auto where = at(range);
  scope nothing;
  nothing.outer = env.outer;
  clause what;
  what.name = "VALUES";
  expression_binder binder(env, nothing, what);
  std::vector<row> rows;
  for (const auto& e : values.rows) {
    rows.push_back(bind_row(e, binder));
    if (rows.back().size() != rows[0].size())
      throw binding_error(at(e.where), fmt::format("the rows of VALUES have {} and {} columns",
                                                   rows[0].size(), rows.back().size()));
  }
  std::vector<relation_column> columns;
  std::vector<std::string> names;
  expression_context context;
  context.zone = env.context.session.zone;
  for (std::size_t c = 0; c < rows[0].size(); ++c) {
    auto type = column_type(rows, c, where);
    for (auto& r : rows) {
      auto value = as_type(r[c], type);
      r[c] = value->deterministic() ? fold_constants(value, context) : value;
    }
    names.push_back(fmt::format("EXPR${}", c));
    columns.push_back({names.back(), type});
  }
  if (all_literals(rows)) {
    values_node node;
    for (const auto& r : rows) {
      std::vector<scalar> scalars;
      for (std::size_t c = 0; c < r.size(); ++c)
        scalars.push_back(r[c]->value().is_null() ? scalar(columns[c].type)
                                                  : r[c]->value().with_type(columns[c].type));
      node.rows.push_back(std::move(scalars));
    }
    return relation::values(std::move(node), std::move(columns), where);
  }
  std::vector<relation_ptr> arms;
  for (auto& r : rows) arms.push_back(project(single_row(), std::move(r), names, where));
  return arms.size() == 1 ? arms[0] : relation::union_all(std::move(arms), where);
}

} // namespace sluice::table::internal
