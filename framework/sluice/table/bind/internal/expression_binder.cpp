#include "sluice/table/bind/internal/expression_binder.hpp"

#include "sluice/table/bind/internal/literals.hpp"
#include "sluice/table/bind/internal/subqueries.hpp"
#include "sluice/table/types/decimal.hpp"

#include <fmt/format.h>

namespace sluice::table::internal {

const relation_ptr* with_scope::find(const std::string& name) const {
  for (const auto* s = this; s; s = s->parent)
    if (auto it = s->tables.find(name); it != s->tables.end()) return &it->second;
  return nullptr;
}

namespace {

/// Whether an expression that is unknown because a part of it is may be FALSE or TRUE where that
/// part is. A condition on a subquery is asked in the same way.
bool keeps_unknown(const sql::expr& e) {
  const auto* n = e.as<sql::unary>();
  return (n && n->op == sql::unary_op::logical_not) || e.as<sql::logical>()
         || is_subquery_condition(e);
}

} // namespace

expression_ptr expression_binder::bind(const sql::expr& e) {
  const auto before = unknown_;
  if (!keeps_unknown(e)) unknown_ = unknown_value::null;
  auto value = std::visit([&](const auto& n) { return bind_node(n, e); }, e.node);
  unknown_ = before;
  return value;
}

expression_ptr expression_binder::bind_test(const sql::expr& e) {
  const auto before = std::exchange(unknown_, unknown_value::is_false);
  auto value = bind(e);
  unknown_ = before;
  return value;
}

expression_ptr expression_binder::bind_condition(const sql::expr& e) {
  auto value = bind_test(e);
  if (value->type().is(type_root::null))
    return expression::literal(scalar(data_type::boolean()), value->position());
  if (!value->type().is(type_root::boolean))
    throw binding_error(at(e.where),
                        fmt::format("{} must be a condition of type BOOLEAN, but is {}",
                                    clause_.name, value->type().to_string()));
  return value;
}

std::vector<expression_ptr> expression_binder::bind_all(const std::vector<sql::expr>& items) {
  std::vector<expression_ptr> result;
  result.reserve(items.size());
  for (const auto& item : items) result.push_back(bind(item));
  return result;
}

expression_ptr expression_binder::call(std::string_view name, std::vector<expression_ptr> arguments,
                                       const sql::source_range& where) const {
  return env_.functions().call(name, std::move(arguments), at(where));
}

// -- literals and names
// ----------------------------------------------------------------------------

expression_ptr expression_binder::bind_node(const sql::literal& n, const sql::expr& e) {
  return bind_literal(n, e.where);
}

expression_ptr expression_binder::bind_node(const sql::interval_literal& n, const sql::expr& e) {
  return bind_interval(n, e.where);
}

expression_ptr expression_binder::bind_node(const sql::column_ref& n, const sql::expr&) {
  const auto& parts = n.name.parts;
  if (clause_.aliases && parts.size() == 1 && !in_aggregate_)
    if (auto it = clause_.aliases->find(parts[0].text); it != clause_.aliases->end())
      return it->second;
  if (clause_.select && parts.size() == 1 && !names_.knows(n.name)) refuse_alias(parts[0]);
  auto value = names_.find(n.name, env_.functions());
  if (!clause_.outer && reads_outer(*value))
    not_supported(n.name.where, fmt::format("a column of the query around ({}) in {}; it may be "
                                            "named in WHERE of the subquery",
                                            dotted(n.name), clause_.name));
  return value;
}

void expression_binder::refuse_alias(const sql::identifier& name) const {
  for (const auto& item : clause_.select->items)
    if (item.alias && item.alias->text == name.text)
      throw binding_error(at(name.where),
                          fmt::format("Column '{}' not found in any table; {} cannot name an alias "
                                      "of SELECT: repeat its expression",
                                      name.text, clause_.name));
}

expression_ptr expression_binder::bind_node(const sql::symbol& n, const sql::expr& e) {
  return expression::literal(scalar::of(n.text), at(e.where));
}

// -- operators
// ------------------------------------------------------------------------------------

namespace {

/// `-1` is a literal too: functions look at the values of literals.
expression_ptr negated_literal(const expression_ptr& e, source_position where) {
  if (e->kind() != expression_kind::literal || e->value().is_null()) return nullptr;
  const auto& type = e->type();
  if (type.is_integer() || type.is_interval())
    return expression::literal(scalar::of(type, -e->value().integer()), where);
  if (type.is_approximate())
    return expression::literal(scalar::of(type, -e->value().floating()), where);
  if (type.is(type_root::decimal))
    return expression::literal(scalar::of(type, -e->value().digits()), where);
  return nullptr;
}

const char* name_of(sql::binary_op op) {
  switch (op) {
  case sql::binary_op::add:
    return "+";
  case sql::binary_op::subtract:
    return "-";
  case sql::binary_op::multiply:
    return "*";
  case sql::binary_op::divide:
    return "/";
  case sql::binary_op::modulo:
    return "%";
  case sql::binary_op::concat:
    return "||";
  case sql::binary_op::equal:
    return "=";
  case sql::binary_op::not_equal:
    return "<>";
  case sql::binary_op::less:
    return "<";
  case sql::binary_op::less_or_equal:
    return "<=";
  case sql::binary_op::greater:
    return ">";
  case sql::binary_op::greater_or_equal:
    return ">=";
  case sql::binary_op::distinct:
    return "IS DISTINCT FROM";
  case sql::binary_op::not_distinct:
    return "IS NOT DISTINCT FROM";
  case sql::binary_op::overlaps:
    return "OVERLAPS";
  }
  return "";
}

std::string name_of(const sql::is_test& n) {
  const char* what = "";
  switch (n.kind) {
  case sql::test_kind::null:
    what = "NULL";
    break;
  case sql::test_kind::is_true:
    what = "TRUE";
    break;
  case sql::test_kind::is_false:
    what = "FALSE";
    break;
  case sql::test_kind::unknown:
    what = "UNKNOWN";
    break;
  case sql::test_kind::json_value:
    what = "JSON VALUE";
    break;
  case sql::test_kind::json_scalar:
    what = "JSON SCALAR";
    break;
  case sql::test_kind::json_array:
    what = "JSON ARRAY";
    break;
  case sql::test_kind::json_object:
    what = "JSON OBJECT";
    break;
  }
  return fmt::format("IS {}{}", n.negated ? "NOT " : "", what);
}

} // namespace

namespace {

unknown_value opposite(unknown_value v) {
  if (v == unknown_value::null) return v;
  return v == unknown_value::is_true ? unknown_value::is_false : unknown_value::is_true;
}

} // namespace

expression_ptr expression_binder::bind_node(const sql::unary& n, const sql::expr& e) {
  if (n.op == sql::unary_op::logical_not) unknown_ = opposite(unknown_);
  auto operand = bind(*n.operand);
  if (n.op == sql::unary_op::logical_not) return call("NOT", {operand}, e.where);
  if (n.op == sql::unary_op::plus) return call("PLUS", {operand}, e.where);
  if (auto literal = negated_literal(operand, at(e.where))) return literal;
  return call("NEGATE", {operand}, e.where);
}

expression_ptr expression_binder::bind_node(const sql::binary& n, const sql::expr& e) {
  if (n.op == sql::binary_op::overlaps) {
    const auto* left = n.left->as<sql::row_constructor>();
    const auto* right = n.right->as<sql::row_constructor>();
    if (!left || !right || left->items.size() != 2 || right->items.size() != 2)
      throw binding_error(at(e.where), "OVERLAPS compares two periods, (start, end) each");
    auto arguments = bind_all(left->items);
    for (auto& item : bind_all(right->items)) arguments.push_back(std::move(item));
    return call("OVERLAPS", std::move(arguments), e.where);
  }
  return compare(name_of(n.op), *n.left, *n.right, e.where);
}

expression_ptr expression_binder::compare(const char* op, const sql::expr& left,
                                          const sql::expr& right, const sql::source_range& where) {
  const auto* a = left.as<sql::row_constructor>();
  const auto* b = right.as<sql::row_constructor>();
  std::string_view name = op;
  if (!a || !b || (name != "=" && name != "<>")) return call(op, {bind(left), bind(right)}, where);
  if (a->items.size() != b->items.size())
    throw binding_error(at(where), fmt::format("rows of {} and of {} fields cannot be compared",
                                               a->items.size(), b->items.size()));
  std::vector<expression_ptr> tests;
  for (std::size_t i = 0; i < a->items.size(); ++i)
    tests.push_back(compare(op, a->items[i], b->items[i], where));
  return call(name == "=" ? "AND" : "OR", std::move(tests), where);
}

expression_ptr expression_binder::bind_node(const sql::logical& n, const sql::expr& e) {
  return call(n.op == sql::logical_op::logical_and ? "AND" : "OR", bind_all(n.operands), e.where);
}

expression_ptr expression_binder::bind_node(const sql::is_test& n, const sql::expr& e) {
  return call(name_of(n), {bind(*n.operand)}, e.where);
}

expression_ptr expression_binder::bind_node(const sql::between& n, const sql::expr& e) {
  auto name = fmt::format("{}BETWEEN{}", n.negated ? "NOT " : "", n.symmetric ? " SYMMETRIC" : "");
  return call(name, {bind(*n.operand), bind(*n.low), bind(*n.high)}, e.where);
}

expression_ptr expression_binder::bind_node(const sql::in_list& n, const sql::expr& e) {
  if (n.operand->as<sql::row_constructor>()) {
    std::vector<expression_ptr> tests;
    for (const auto& item : n.items) tests.push_back(compare("=", *n.operand, item, e.where));
    auto any = call("OR", std::move(tests), e.where);
    return n.negated ? call("NOT", {any}, e.where) : any;
  }
  std::vector<expression_ptr> arguments{bind(*n.operand)};
  for (const auto& item : n.items) arguments.push_back(bind(item));
  return call(n.negated ? "NOT IN" : "IN", std::move(arguments), e.where);
}

expression_ptr expression_binder::bind_node(const sql::like& n, const sql::expr& e) {
  std::vector<expression_ptr> arguments{bind(*n.operand), bind(*n.pattern)};
  if (n.escape) arguments.push_back(bind(*n.escape));
  auto name = fmt::format("{}{}", n.negated ? "NOT " : "",
                          n.kind == sql::like_kind::like ? "LIKE" : "SIMILAR TO");
  return call(name, std::move(arguments), e.where);
}

// -- subqueries
// -----------------------------------------------------------------------------------

void expression_binder::refuse_subquery(const sql::expr& e, const char* what) const {
  not_supported(e.where, fmt::format("{} in {}; it may be in WHERE, HAVING, SELECT and ORDER BY, "
                                     "but not in an aggregate function",
                                     what, in_aggregate_ ? "an aggregate" : clause_.name));
}

expression_ptr expression_binder::bind_subquery_value(const sql::expr& e, const char* what) {
  if (!clause_.into || in_aggregate_) refuse_subquery(e, what);
  subquery_use use;
  use.unknown = std::exchange(unknown_, unknown_value::null);
  use.position = at(e.where);
  use.condition = bind_subquery_condition(e, env_, names_, *this);
  for (const auto& value : use.condition->compared) {
    auto read = inputs_of(*value);
    if (!read.empty() && read.back() >= placeholder::over)
      not_supported(e.where, "a subquery or a window function before IN");
  }
  bool certain = use.unknown != unknown_value::null || use.condition->compared.empty();
  auto type = data_type::boolean().with_nullable(!certain);
  auto index = placeholder::subquery + clause_.into->subqueries.size();
  clause_.into->subqueries.push_back(std::move(use));
  return expression::input(index, type, {}, at(e.where));
}

expression_ptr expression_binder::bind_node(const sql::in_query&, const sql::expr& e) {
  return bind_subquery_value(e, "IN with a subquery");
}

expression_ptr expression_binder::bind_node(const sql::quantified&, const sql::expr& e) {
  if (is_subquery_condition(e)) return bind_subquery_value(e, "= ANY and <> ALL");
  not_supported(e.where, "a comparison with ANY or ALL rows of a subquery but = ANY and <> ALL");
}

expression_ptr expression_binder::bind_node(const sql::exists&, const sql::expr& e) {
  return bind_subquery_value(e, "EXISTS");
}

expression_ptr expression_binder::bind_node(const sql::scalar_subquery& n, const sql::expr& e) {
  if (!clause_.into || in_aggregate_)
    not_supported(e.where, fmt::format("a subquery in {}",
                                       in_aggregate_ ? "an aggregate function" : clause_.name));
  auto use = bind_scalar_subquery(*n.subquery, env_, names_);
  auto type = use.value->type().as_nullable();
  auto index = placeholder::subquery + clause_.into->subqueries.size();
  clause_.into->subqueries.push_back(std::move(use));
  return expression::input(index, type, {}, at(e.where));
}

// -- CASE, CAST, constructors, access
// -----------------------------------------------------------------

expression_ptr expression_binder::bind_node(const sql::case_expr& n, const sql::expr& e) {
  std::vector<expression_ptr> parts;
  for (const auto& when : n.whens) {
    parts.push_back(n.operand ? compare("=", *n.operand, when.condition, when.where)
                              : bind_test(when.condition));
    parts.push_back(bind(when.result));
  }
  if (n.otherwise) parts.push_back(bind(*n.otherwise));
  return call("CASE", std::move(parts), e.where);
}

expression_ptr expression_binder::bind_node(const sql::cast& n, const sql::expr& e) {
  return expression::cast(bind(*n.operand), type_of(n.type), at(e.where), n.safe);
}

expression_ptr expression_binder::bind_node(const sql::row_constructor& n, const sql::expr& e) {
  return call("ROW", bind_all(n.items), e.where);
}

expression_ptr expression_binder::bind_node(const sql::array_constructor& n, const sql::expr& e) {
  return call("ARRAY", bind_all(n.items), e.where);
}

expression_ptr expression_binder::bind_node(const sql::map_constructor& n, const sql::expr& e) {
  return call("MAP", bind_all(n.items), e.where);
}

expression_ptr expression_binder::bind_node(const sql::element_access& n, const sql::expr& e) {
  auto base = bind(*n.base);
  auto index = bind(*n.index);
  return call(base->type().is(type_root::row) ? "DOT" : "ITEM", {base, index}, e.where);
}

expression_ptr expression_binder::bind_node(const sql::field_access& n, const sql::expr&) {
  return field_of(bind(*n.base), n.field, env_.functions());
}

} // namespace sluice::table::internal
