// Walks over the parts of an expression of the syntax tree.
#include "sluice/table/bind/internal/expression_binder.hpp"

namespace sluice::table::internal {

namespace {

using part_visitor = std::function<void(const sql::expr&)>;

void visit_box(const sql::box<sql::expr>& part, const part_visitor& f) {
  if (part) f(*part);
}

void visit_all(const std::vector<sql::expr>& parts, const part_visitor& f) {
  for (const auto& p : parts) f(p);
}

struct parts_of {
  const part_visitor& f;

  void operator()(const sql::literal&) const {}
  void operator()(const sql::interval_literal&) const {}
  void operator()(const sql::column_ref&) const {}
  void operator()(const sql::symbol&) const {}
  void operator()(const sql::exists&) const {}
  void operator()(const sql::scalar_subquery&) const {}
  void operator()(const sql::table_argument&) const {}
  void operator()(const sql::descriptor&) const {}
  void operator()(const sql::unary& n) const { f(*n.operand); }
  void operator()(const sql::binary& n) const {
    f(*n.left);
    f(*n.right);
  }
  void operator()(const sql::logical& n) const { visit_all(n.operands, f); }
  void operator()(const sql::is_test& n) const { f(*n.operand); }
  void operator()(const sql::between& n) const {
    f(*n.operand);
    f(*n.low);
    f(*n.high);
  }
  void operator()(const sql::in_list& n) const {
    f(*n.operand);
    visit_all(n.items, f);
  }
  void operator()(const sql::in_query& n) const { f(*n.operand); }
  void operator()(const sql::like& n) const {
    f(*n.operand);
    f(*n.pattern);
    visit_box(n.escape, f);
  }
  void operator()(const sql::quantified& n) const { f(*n.operand); }
  void operator()(const sql::case_expr& n) const {
    visit_box(n.operand, f);
    for (const auto& when : n.whens) {
      f(when.condition);
      f(when.result);
    }
    visit_box(n.otherwise, f);
  }
  void operator()(const sql::cast& n) const { f(*n.operand); }
  void operator()(const sql::row_constructor& n) const { visit_all(n.items, f); }
  void operator()(const sql::array_constructor& n) const { visit_all(n.items, f); }
  void operator()(const sql::map_constructor& n) const { visit_all(n.items, f); }
  void operator()(const sql::element_access& n) const {
    f(*n.base);
    f(*n.index);
  }
  void operator()(const sql::field_access& n) const { f(*n.base); }
  void operator()(const sql::call& n) const {
    for (const auto& a : n.arguments) f(a.value);
    visit_box(n.filter, f);
    if (!n.over) return;
    visit_all(n.over->partition_by, f);
    for (const auto& item : n.over->order_by) f(item.value);
  }
  void operator()(const sql::json_call& n) const { visit_all(n.items, f); }
};

} // namespace

void for_each_part(const sql::expr& e, const std::function<void(const sql::expr&)>& f) {
  std::visit(parts_of{f}, e.node);
}

bool has_aggregate(const sql::expr& e, const function_registry& functions) {
  if (const auto* c = e.as<sql::call>();
      c && !c->over && c->name.parts.size() == 1 && functions.is_aggregate(c->name.parts[0].text))
    return true;
  if (const auto* json = e.as<sql::json_call>();
      json && json->function >= sql::json_function::objectagg)
    return true;
  bool found = false;
  for_each_part(e, [&](const sql::expr& part) { found = found || has_aggregate(part, functions); });
  return found;
}

} // namespace sluice::table::internal
