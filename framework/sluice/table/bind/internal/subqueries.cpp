#include "sluice/table/bind/internal/subqueries.hpp"

#include "sluice/table/bind/internal/joins.hpp"
#include "sluice/table/bind/internal/query_binder.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table::internal {

namespace {

/// The condition below NOT.
const sql::expr& without_not(const sql::expr& e, bool& negated) {
  const auto* current = &e;
  while (const auto* n = current->as<sql::unary>()) {
    if (n->op != sql::unary_op::logical_not) break;
    negated = !negated;
    current = &*n->operand;
  }
  return *current;
}

/// `= ANY` is IN, `<> ALL` is NOT IN; the others are none.
bool is_like_in(const sql::quantified& q) {
  return q.all ? q.op == sql::binary_op::not_equal : q.op == sql::binary_op::equal;
}

/// The parts of a subquery that can name columns of the query around it.
const sql::select* plain_select(const sql::query& query) {
  return query.with.empty() ? std::get_if<sql::select>(&query.body.node) : nullptr;
}

/// Whether each row of FROM .. WHERE makes one row.
bool one_to_one(const sql::query& query, const sql::select& select,
                const function_registry& functions) {
  if (query.limit || query.offset || !select.group_by.empty() || select.having) return false;
  return std::none_of(select.items.begin(), select.items.end(), [&](const sql::select_item& item) {
    const auto* e = std::get_if<sql::expr>(&item.value);
    return e && has_aggregate(*e, functions);
  });
}

std::string column_count_text(std::size_t columns, std::size_t compared) {
  return fmt::format("the subquery must have as many columns as are compared with it ({}), but has "
                     "{}",
                     compared, columns);
}

struct bound_subquery {
  relation_ptr relation;
  std::vector<expression_ptr> conditions;
};

/// A subquery whose rows only have to exist: `width` columns are needed (0: any).
bound_subquery bind_rows(const sql::query& query, const environment& env, const scope& names,
                         std::size_t width) {
  auto inner = env;
  const auto* select = plain_select(query);
  if (!select) return {bind_whole_query(query, inner), {}};
  inner.outer = &names;
  select_binder binder(inner, *select, query.body.where);
  binder.bind_input();
  if (binder.correlated().empty()) return {binder.finish(ordering::of(query)), {}};
  if (!one_to_one(query, *select, env.functions()))
    not_supported(query.body.where,
                  "aggregates, GROUP BY, HAVING or LIMIT in a subquery that names columns of the "
                  "query around it");
  if (width == 0) return {binder.input(), binder.correlated()};

  // What is compared comes first, the columns that the conditions read behind it.
  clause what;
  what.name = "SELECT";
  expression_binder items(inner, binder.names(), what);
  std::vector<expression_ptr> values;
  std::vector<std::string> value_names;
  for (const auto& item : select->items) {
    if (const auto* e = std::get_if<sql::expr>(&item.value)) {
      values.push_back(items.bind(*e));
    } else {
      const auto& star = std::get<sql::star>(item.value);
      for (const auto& c :
           star.table ? binder.names().all_of(*star.table, env.functions()) : binder.names().all())
        values.push_back(c.value);
    }
  }
  auto shift = values.size();
  for (std::size_t i = 0; i < shift; ++i) value_names.push_back(fmt::format("EXPR${}", i));
  for (std::size_t i = 0; i < binder.input()->columns.size(); ++i) {
    values.push_back(column_of(*binder.input(), i));
    value_names.push_back(binder.input()->columns[i].name);
  }
  // The number of compared columns is checked by the caller against the projected width.
  if (shift != width) throw binding_error(at(query.where), column_count_text(shift, width));
  bound_subquery result;
  result.relation
    = project(binder.input(), std::move(values), std::move(value_names), at(query.body.where));
  for (const auto& c : binder.correlated())
    result.conditions.push_back(
      renumbered(c, [&](std::size_t i) { return i < placeholder::outer ? i + shift : i; }));
  return result;
}

} // namespace

bool is_subquery_condition(const sql::expr& e) {
  bool negated = false;
  const auto& inner = without_not(e, negated);
  if (const auto* q = inner.as<sql::quantified>()) return is_like_in(*q);
  return inner.as<sql::exists>() || inner.as<sql::in_query>();
}

subquery_condition bind_subquery_condition(const sql::expr& e, const environment& env,
                                           const scope& names, expression_binder& operands) {
  subquery_condition result;
  result.position = at(e.where);
  const auto& inner = without_not(e, result.negated);
  if (const auto* exists = inner.as<sql::exists>()) {
    auto bound = bind_rows(*exists->subquery, env, names, 0);
    result.relation = std::move(bound.relation);
    result.conditions = std::move(bound.conditions);
    return result;
  }
  const sql::expr* operand = nullptr;
  const sql::query* query = nullptr;
  if (const auto* in = inner.as<sql::in_query>()) {
    operand = &*in->operand;
    query = &*in->subquery;
    result.negated = result.negated != in->negated;
  } else {
    const auto& quantified = std::get<sql::quantified>(inner.node);
    operand = &*quantified.operand;
    query = &*quantified.subquery;
    result.negated = result.negated != quantified.all;
  }
  if (const auto* row = operand->as<sql::row_constructor>()) {
    for (const auto& item : row->items) result.compared.push_back(operands.bind(item));
  } else {
    result.compared.push_back(operands.bind(*operand));
  }
  for (const auto& value : result.compared)
    if (reads_outer(*value))
      not_supported(operand->where, "a column of the query around before IN");
  auto bound = bind_rows(*query, env, names, result.compared.size());
  result.relation = std::move(bound.relation);
  result.conditions = std::move(bound.conditions);
  if (result.conditions.empty() && result.relation->columns.size() != result.compared.size())
    throw binding_error(at(query->where),
                        column_count_text(result.relation->columns.size(), result.compared.size()));
  return result;
}

namespace {

/// The condition as a join: how it asks is up to who makes one of it.
struct subquery_join {
  relation_ptr left; ///< with further columns behind those that it had
  std::vector<expression_ptr> conditions;
  bool nullable = false; ///< what is compared may be NULL
};

/// `null_aware`: it may turn out that what is compared has to be keys.
subquery_join prepare(relation_ptr input, const subquery_condition& condition, bool null_aware,
                      const rewriter& rewrite, const function_registry& functions) {
  auto where = condition.position;
  auto width = input->columns.size();
  // A constant that is compared has to be a column to be a key of the join.
  std::vector<expression_ptr> constants;
  std::vector<std::string> names;
  std::vector<expression_ptr> compared;
  for (const auto& raw : condition.compared) {
    auto value = rewrite(raw);
    if (value->constant()) {
      names.push_back(fmt::format("$key{}", constants.size()));
      constants.push_back(value);
      value = expression::input(width + constants.size() - 1, value->type(), {}, value->position());
    }
    compared.push_back(std::move(value));
  }
  subquery_join result;
  result.left = with_columns(std::move(input), constants, names, where);
  auto shift = result.left->columns.size();
  for (std::size_t i = 0; i < compared.size(); ++i) {
    const auto& column = condition.relation->columns[i];
    result.nullable = result.nullable || column.type.nullable() || compared[i]->type().nullable();
    auto right = expression::input(shift + i, column.type, column.name, where);
    if (null_aware && !can_be_key(compared[i]->type(), column.type))
      throw binding_error(where,
                          fmt::format("not supported yet: {} that compares {} with {}",
                                      condition.negated ? "NOT IN" : "IN as a value",
                                      compared[i]->type().to_string(), column.type.to_string()));
    result.conditions.push_back(functions.call("=", {compared[i], right}, where));
  }
  if (null_aware && result.nullable && compared.size() > 1)
    throw binding_error(where, fmt::format("not supported yet: {} of rows that may hold NULL",
                                           condition.negated ? "NOT IN" : "IN as a value"));
  for (const auto& c : condition.conditions) {
    result.conditions.push_back(transform(c, [&](const expression_ptr& e) -> expression_ptr {
      if (e->kind() != expression_kind::input) return e;
      if (e->index() < placeholder::outer)
        return expression::input(e->index() + shift, e->type(), e->name(), e->position());
      if (e->index() >= 2 * placeholder::outer)
        throw binding_error(e->position(), "not supported yet: a column of a query two levels "
                                           "around the subquery");
      return rewrite(
        expression::input(e->index() - placeholder::outer, e->type(), e->name(), e->position()));
    }));
  }
  return result;
}

} // namespace

relation_ptr apply(relation_ptr input, const subquery_condition& condition, const rewriter& rewrite,
                   const function_registry& functions) {
  auto where = condition.position;
  auto width = input->columns.size();
  auto parts = prepare(std::move(input), condition, condition.negated, rewrite, functions);
  auto joined = make_join(std::move(parts.left), condition.relation,
                          condition.negated ? join_type::anti : join_type::semi, parts.conditions,
                          where, condition.negated && parts.nullable);
  return first_columns(std::move(joined), width, where);
}

namespace {

/// Adds columns that say whether the condition is TRUE and, where that differs and counts, whether
/// it is TRUE or unknown; returns the relation and what the condition comes to.
std::pair<relation_ptr, expression_ptr> join_marks(relation_ptr input, const subquery_use& use,
                                                   const rewriter& rewrite,
                                                   const function_registry& functions) {
  const auto& condition = *use.condition;
  auto where = use.position;
  // NOT turns round what stands for unknown.
  auto unknown = use.unknown;
  if (condition.negated && unknown != unknown_value::null)
    unknown = unknown == unknown_value::is_true ? unknown_value::is_false : unknown_value::is_true;
  auto null_aware = unknown != unknown_value::is_false && !condition.compared.empty();
  auto parts = prepare(std::move(input), condition, null_aware, rewrite, functions);
  auto joined = std::move(parts.left);
  // Further columns on the left do not move: those of the right side do.
  auto before = joined->columns.size();
  auto mark = [&](bool aware) {
    auto shift = joined->columns.size() - before;
    std::vector<expression_ptr> conditions;
    for (const auto& c : parts.conditions)
      conditions.push_back(
        renumbered(c, [&](std::size_t i) { return i < before ? i : i + shift; }));
    joined
      = make_join(std::move(joined), condition.relation, join_type::mark, conditions, where, aware);
    return column_of(*joined, joined->columns.size() - 1, where);
  };
  auto literal = [&](scalar value) { return expression::literal(std::move(value), where); };
  expression_ptr value;
  if (!null_aware || !parts.nullable) {
    value = mark(false);
  } else if (unknown == unknown_value::is_true) {
    value = mark(true);
  } else {
    auto surely = mark(false);
    auto perhaps = mark(true);
    value
      = expression::case_when({surely, literal(scalar::of(true)), perhaps,
                               literal(scalar(data_type::boolean())), literal(scalar::of(false))},
                              where);
  }
  if (condition.negated) value = functions.call("NOT", {value}, where);
  return {joined, value};
}

} // namespace

// -- scalar subqueries
// ------------------------------------------------------------------------------

namespace {

/// A correlated condition as `outer = inner`. Errors: `binding_error` if it is none.
std::pair<expression_ptr, expression_ptr> equality_of(const expression_ptr& condition) {
  auto refuse = [&]() {
    throw binding_error(condition->position(),
                        "not supported yet: a scalar subquery that is tied to the query around it "
                        "by more than equalities");
  };
  if (condition->kind() != expression_kind::call || condition->name() != "=") refuse();
  auto a = condition->children()[0];
  auto b = condition->children()[1];
  if (!reads_outer(*a)) std::swap(a, b);
  auto outer_only = [](const expression& e) {
    auto inputs = inputs_of(e);
    return std::all_of(inputs.begin(), inputs.end(), [](std::size_t i) {
      return i >= placeholder::outer && i < 2 * placeholder::outer;
    });
  };
  if (!outer_only(*a) || reads_outer(*b)) refuse();
  return {renumbered(a, [](std::size_t i) { return i - placeholder::outer; }), b};
}

void check_one_column(const relation& r, const sql::source_range& where) {
  if (r.columns.size() != 1)
    throw binding_error(at(where), fmt::format("a scalar subquery must have one column, but has {}",
                                               r.columns.size()));
}

/// One row of whatever there is: NULL of none, and more than one is an error when it runs.
relation_ptr single_value(relation_ptr input, const function_registry& functions,
                          source_position where) {
  aggregate_use use;
  use.name = "SINGLE_VALUE";
  use.arguments = {column_of(*input, 0)};
  use.position = where;
  std::vector<call_argument> types{argument_of(*use.arguments[0])};
  use.function = functions.aggregate(use.name, types, false, where);
  return grouped_relation(input, {}, {use}, functions, where).relation();
}

} // namespace

subquery_use bind_scalar_subquery(const sql::query& query, const environment& env,
                                  const scope& names) {
  subquery_use result;
  result.position = at(query.where);
  const auto* select = plain_select(query);
  bool single = false;
  if (select) {
    auto inner = env;
    inner.outer = &names;
    select_binder binder(inner, *select, query.body.where);
    binder.bind_input();
    if (!binder.correlated().empty()) {
      if (query.limit || query.offset)
        not_supported(query.body.where, "LIMIT in a correlated scalar subquery");
      std::vector<expression_ptr> keys;
      for (const auto& c : binder.correlated()) {
        auto [outside, inside] = equality_of(c);
        result.keys.push_back({outside, keys.size()});
        keys.push_back(inside);
      }
      auto keyed = binder.finish_keyed(keys);
      result.relation = std::move(keyed.relation);
      result.value = std::move(keyed.value);
      return result;
    }
    result.relation = binder.finish(ordering::of(query));
    single = binder.single();
  } else {
    result.relation = bind_whole_query(query, env);
  }
  check_one_column(*result.relation, query.where);
  if (!single) result.relation = single_value(result.relation, env.functions(), result.position);
  result.value = column_of(*result.relation, 0, result.position);
  return result;
}

std::pair<relation_ptr, expression_ptr> join_value(relation_ptr input, const subquery_use& use,
                                                   const rewriter& rewrite,
                                                   const function_registry& functions) {
  if (use.condition) return join_marks(std::move(input), use, rewrite, functions);
  auto width = input->columns.size();
  std::vector<expression_ptr> conditions;
  for (const auto& key : use.keys) {
    const auto& column = use.relation->columns[key.inner];
    auto inner = expression::input(width + key.inner, column.type, column.name);
    conditions.push_back(functions.call("=", {rewrite(key.outer), inner}, use.position));
  }
  // An aggregate of nothing has no row in streaming mode, whose place NULL takes.
  auto joined
    = make_join(std::move(input), use.relation, join_type::left, conditions, use.position);
  auto value = transform(use.value, [&](const expression_ptr& e) -> expression_ptr {
    if (e->kind() != expression_kind::input) return e;
    return column_of(*joined, width + e->index(), e->position());
  });
  return {joined, retyped(value, functions)};
}

} // namespace sluice::table::internal
