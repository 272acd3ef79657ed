#include "sluice/table/bind/internal/query_binder.hpp"

#include "sluice/table/bind/internal/joins.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <fmt/format.h>

#include <charconv>

namespace sluice::table::internal {

namespace {

std::uint64_t whole_number(const sql::expr& e, const char* what) {
  const auto* literal = e.as<sql::literal>();
  std::uint64_t value = 0;
  if (literal && literal->kind == sql::literal_kind::exact_number) {
    const auto& text = literal->text;
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed == std::errc{} && end == text.data() + text.size()) return value;
  }
  throw binding_error(at(e.where), fmt::format("{} must be a whole number", what));
}

} // namespace

ordering ordering::of(const sql::query& query) {
  ordering result;
  result.items = &query.order_by;
  if (query.offset) result.offset = whole_number(*query.offset, "OFFSET");
  if (query.limit) result.limit = whole_number(*query.limit, "LIMIT");
  return result;
}

relation_ptr single_row() {
  values_node node;
  node.rows.push_back({scalar::of(std::int32_t{0})});
  return relation::values(std::move(node), {{"ZERO", data_type::integer().not_null()}});
}

relation_ptr distinct(relation_ptr input, source_position where) {
  aggregate_node node;
  for (std::size_t i = 0; i < input->columns.size(); ++i) node.keys.push_back(i);
  return relation::aggregate(std::move(input), std::move(node), {}, where);
}

relation_ptr ordered(relation_ptr input, const ordering& order, const environment& env,
                     source_position where) {
  if (order.empty()) return input;
  sort_node node;
  node.offset = order.offset;
  node.limit = order.limit;
  auto width = input->columns.size();
  std::vector<expression_ptr> added;
  std::vector<std::string> names;
  if (order.sorted()) {
    auto visible = scope::of(*input);
    clause what;
    what.name = "ORDER BY";
    expression_binder binder(env, visible, what);
    for (const auto& item : *order.items) {
      auto value = order_value(item, binder, columns_of(*input));
      sort_key key;
      key.descending = value.descending;
      key.nulls_first = value.nulls_first;
      if (value.value->kind() == expression_kind::input) {
        key.column = value.value->index();
      } else {
        key.column = width + added.size();
        names.push_back(fmt::format("$order{}", added.size()));
        added.push_back(value.value);
      }
      node.keys.push_back(key);
    }
  }
  auto sorted
    = relation::sort(with_columns(std::move(input), added, names, where), std::move(node), where);
  return first_columns(std::move(sorted), width, where);
}

order_use order_value(const sql::order_item& item, expression_binder& binder,
                      const std::vector<expression_ptr>& selected) {
  order_use result;
  const auto* literal = item.value.as<sql::literal>();
  if (literal && literal->kind == sql::literal_kind::exact_number) {
    auto number = whole_number(item.value, "an ordinal of ORDER BY");
    if (number < 1 || number > selected.size())
      throw binding_error(at(item.where), fmt::format("Ordinal out of range: {} of {} columns",
                                                      number, selected.size()));
    result.value = selected[number - 1];
  } else {
    result.value = binder.bind(item.value);
  }
  result.descending = item.direction == sql::sort_direction::descending;
  result.nulls_first = item.nulls == sql::null_order::unspecified
                         ? !result.descending
                         : item.nulls == sql::null_order::first;
  return result;
}

// -- set operations
// ------------------------------------------------------------------------------

namespace {

relation_ptr bind_body(const sql::query_body& body, const ordering& order, const environment& env);

const char* name_of(const sql::set_operation& op) {
  switch (op.op) {
  case sql::set_operator::union_:
    return op.all ? "UNION ALL" : "UNION";
  case sql::set_operator::intersect:
    return op.all ? "INTERSECT ALL" : "INTERSECT";
  case sql::set_operator::except:
    return op.all ? "EXCEPT ALL" : "EXCEPT";
  }
  return "";
}

/// The type of a column of all operands. Errors: `binding_error` if there is none.
data_type unified_type(const std::vector<relation_ptr>& operands, std::size_t column,
                       const sql::set_operation& op) {
  auto result = operands[0]->columns[column].type;
  for (std::size_t i = 1; i < operands.size(); ++i) {
    const auto& type = operands[i]->columns[column].type;
    auto common = common_type(result, type);
    if (!common)
      throw binding_error(at(op.operands[i].where),
                          fmt::format("Type mismatch in column {} of {}: {} and {}", column + 1,
                                      name_of(op), result.to_string(), type.to_string()));
    result = *common;
  }
  return result;
}

relation_ptr with_types(relation_ptr input, const std::vector<data_type>& types) {
  auto expressions = columns_of(*input);
  bool changed = false;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    auto value = as_type(expressions[i], types[i]);
    changed = changed || value != expressions[i];
    expressions[i] = value;
  }
  if (!changed) return input;
  auto names = names_of(*input);
  auto where = input->position;
  return project(std::move(input), std::move(expressions), std::move(names), where);
}

/// Rows of `left` that occur in `right` (or, anti, do not), NULL being equal to NULL.
relation_ptr set_join(relation_ptr left, relation_ptr right, join_type type,
                      source_position where) {
  join_node node;
  node.type = type;
  for (std::size_t i = 0; i < left->columns.size(); ++i) node.keys.push_back({i, i, true});
  return relation::join(distinct(std::move(left), where), std::move(right), std::move(node), where);
}

/// How often a row is in `left` and in `right` makes how often it is in the result: rows of both
/// are counted by all their columns, NULL being equal to NULL.
relation_ptr counted_join(const relation_ptr& left, const relation_ptr& right, sql::set_operator op,
                          const function_registry& functions, source_position where) {
  auto width = left->columns.size();
  auto names = names_of(*left);
  auto number = [](std::int64_t n) { return expression::literal(scalar::of(n)); };
  std::vector<relation_ptr> sides;
  for (const auto* side : {&left, &right}) {
    auto values = columns_of(**side);
    values.push_back(number(side == &left ? 1 : 0));
    values.push_back(number(side == &left ? 0 : 1));
    auto columns = names;
    columns.insert(columns.end(), {"$left", "$right"});
    sides.push_back(project(*side, std::move(values), std::move(columns), where));
  }
  auto all = relation::union_all(std::move(sides), where);
  aggregate_node node;
  for (std::size_t i = 0; i < width; ++i) node.keys.push_back(i);
  for (std::size_t i = width; i < width + 2; ++i) {
    aggregate_call call;
    call.name = "SUM";
    call.argument_types = {{all->columns[i].type, std::nullopt}};
    call.function = functions.aggregate(call.name, call.argument_types, false, where);
    call.arguments = {i};
    node.calls.push_back(std::move(call));
  }
  auto counts = relation::aggregate(all, std::move(node), {"$left", "$right"}, where);
  auto in_left = column_of(*counts, width);
  auto in_right = column_of(*counts, width + 1);
  auto times = op == sql::set_operator::intersect
                 ? functions.call("LEAST", {in_left, in_right}, where)
                 : functions.call("-", {in_left, in_right}, where);
  counts = relation::filter(counts, functions.call(">", {times, number(0)}, where), where);
  auto values = columns_of(*counts);
  values.resize(width);
  values.push_back(times);
  names.emplace_back("$times");
  return relation::replicate(project(counts, std::move(values), std::move(names), where), where);
}

relation_ptr bind_set_operation(const sql::set_operation& op, const sql::source_range& range,
                                const environment& env) {
  auto where = at(range);
  const auto* what = name_of(op);
  std::vector<relation_ptr> operands;
  for (const auto& body : op.operands) operands.push_back(bind_body(body, {}, env));
  auto width = operands[0]->columns.size();
  for (std::size_t i = 1; i < operands.size(); ++i)
    if (operands[i]->columns.size() != width)
      throw binding_error(at(op.operands[i].where),
                          fmt::format("Column count mismatch in {}: {} and {}", what, width,
                                      operands[i]->columns.size()));
  std::vector<data_type> types;
  for (std::size_t c = 0; c < width; ++c) types.push_back(unified_type(operands, c, op));
  for (auto& r : operands) r = with_types(std::move(r), types);
  if (op.op == sql::set_operator::union_) {
    auto names = names_of(*operands[0]);
    auto all = relation::union_all(std::move(operands), where);
    return op.all ? all : distinct(all, where);
  }
  auto type = op.op == sql::set_operator::intersect ? join_type::semi : join_type::anti;
  auto result = operands[0];
  for (std::size_t i = 1; i < operands.size(); ++i)
    result = op.all ? counted_join(result, operands[i], op.op, env.functions(), where)
                    : set_join(result, operands[i], type, where);
  return result;
}

relation_ptr bind_body(const sql::query_body& body, const ordering& order, const environment& env) {
  auto where = at(body.where);
  if (const auto* select = std::get_if<sql::select>(&body.node)) {
    select_binder binder(env, *select, body.where);
    binder.bind_input();
    return binder.finish(order);
  }
  relation_ptr result;
  if (const auto* values = std::get_if<sql::values>(&body.node))
    result = bind_values(*values, env, body.where);
  else if (const auto* table = std::get_if<sql::explicit_table>(&body.node))
    result = bind_named_table(table->name, {}, env);
  else if (const auto* operation = std::get_if<sql::set_operation>(&body.node))
    result = bind_set_operation(*operation, body.where, env);
  else
    result = bind_whole_query(*std::get<sql::nested_query>(body.node).subquery, env);
  return ordered(std::move(result), order, env, where);
}

relation_ptr bind_with(const sql::query& query, std::size_t next, const environment& env) {
  if (next == query.with.size()) return bind_body(query.body, ordering::of(query), env);
  const auto& entry = query.with[next];
  auto table = bind_whole_query(*entry.subquery, env);
  if (!entry.columns.empty()) table = with_aliases(std::move(table), entry.columns, entry.name);
  with_scope names;
  names.parent = env.with;
  names.tables.emplace(entry.name.text, std::move(table));
  auto inner = env;
  inner.with = &names;
  return bind_with(query, next + 1, inner);
}

} // namespace

relation_ptr with_aliases(relation_ptr input, const std::vector<sql::identifier>& columns,
                          const sql::identifier& table) {
  if (columns.size() != input->columns.size())
    throw binding_error(at(table.where),
                        fmt::format("List of column aliases must have same degree as table; '{}' "
                                    "has {} columns, whereas alias list has {} columns",
                                    table.text, input->columns.size(), columns.size()));
  std::vector<std::string> names;
  for (const auto& c : columns) names.push_back(c.text);
  return renamed(std::move(input), names, at(table.where));
}

relation_ptr bind_whole_query(const sql::query& query, const environment& env) {
  auto inner = env;
  inner.outer = nullptr;
  return bind_with(query, 0, inner);
}

} // namespace sluice::table::internal
