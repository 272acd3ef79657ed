#include "sluice/table/sql/internal/tree_height.hpp"

#include <algorithm>

namespace sluice::sql::internal {

namespace {

/// Finds the highest of the parts that it is given.
struct highest {
  std::uint32_t height = 0;

  void see(std::uint32_t part) { height = std::max(height, part); }

  template <class... Parts>
  void operator()(const Parts&... parts) {
    (visit(parts), ...);
  }

  template <class T>
  void visit(const box<T>& part) {
    if (part) visit(*part);
  }
  template <class T>
  void visit(const std::vector<T>& parts) {
    for (const auto& part : parts) visit(part);
  }
  template <class T>
  void visit(const std::optional<T>& part) {
    if (part) visit(*part);
  }

  void visit(const expr& part) { see(part.height); }
  void visit(const type_syntax& part) { see(part.height); }
  void visit(const row_field& part) { see(part.type.height); }
  void visit(const sql::query& part) { see(part.height); }
  void visit(const query_body& part) { see(part.height); }
  void visit(const table_ref& part) { see(part.height); }
  void visit(const when_clause& part) { (*this)(part.condition, part.result); }
  void visit(const argument& part) { visit(part.value); }
  void visit(const order_item& part) { visit(part.value); }
  void visit(const json_behavior& part) { visit(part.value); }
  void visit(const frame_bound& part) { visit(part.distance); }
  void visit(const window_frame& part) { (*this)(part.low, part.high); }
  void visit(const window_spec& part) { (*this)(part.partition_by, part.order_by, part.frame); }
  void visit(const named_window& part) { visit(part.spec); }
  void visit(const common_table& part) { visit(part.subquery); }
  void visit(const select_item& part) {
    if (auto* value = std::get_if<expr>(&part.value)) visit(*value);
  }
  /// Its parts do not know their heights.
  void visit(const grouping_item& part) {
    highest inside;
    inside(part.values, part.items);
    see(inside.height + 1);
  }

  // -- nodes of expressions ------------------------------------------------------

  void visit(const literal&) {}
  void visit(const interval_literal&) {}
  void visit(const column_ref&) {}
  void visit(const symbol&) {}
  void visit(const descriptor&) {}
  void visit(const unary& n) { visit(n.operand); }
  void visit(const binary& n) { (*this)(n.left, n.right); }
  void visit(const logical& n) { visit(n.operands); }
  void visit(const is_test& n) { visit(n.operand); }
  void visit(const between& n) { (*this)(n.operand, n.low, n.high); }
  void visit(const in_list& n) { (*this)(n.operand, n.items); }
  void visit(const in_query& n) { (*this)(n.operand, n.subquery); }
  void visit(const like& n) { (*this)(n.operand, n.pattern, n.escape); }
  void visit(const quantified& n) { (*this)(n.operand, n.subquery); }
  void visit(const exists& n) { visit(n.subquery); }
  void visit(const scalar_subquery& n) { visit(n.subquery); }
  void visit(const case_expr& n) { (*this)(n.operand, n.whens, n.otherwise); }
  void visit(const cast& n) { (*this)(n.operand, n.type); }
  void visit(const row_constructor& n) { visit(n.items); }
  void visit(const array_constructor& n) { visit(n.items); }
  void visit(const map_constructor& n) { visit(n.items); }
  void visit(const element_access& n) { (*this)(n.base, n.index); }
  void visit(const field_access& n) { visit(n.base); }
  void visit(const call& n) { (*this)(n.arguments, n.order_by, n.within_group, n.filter, n.over); }
  void visit(const json_call& n) {
    (*this)(n.items, n.returning, n.on_empty, n.on_error, n.filter);
  }
  void visit(const table_argument& n) { (*this)(n.partition_by, n.order_by); }

  // -- nodes of queries ------------------------------------------------------------

  void visit(const named_table& n) { visit(n.as_of); }
  void visit(const derived_table& n) { visit(n.subquery); }
  void visit(const table_function& n) { visit(n.function); }
  void visit(const unnest& n) { visit(n.arrays); }
  void visit(const join& n) { (*this)(n.left, n.right, n.on); }
  void visit(const select& n) {
    (*this)(n.items, n.from, n.where, n.group_by, n.having, n.windows);
  }
  void visit(const values& n) { visit(n.rows); }
  void visit(const explicit_table&) {}
  void visit(const set_operation& n) { visit(n.operands); }
  void visit(const nested_query& n) { visit(n.subquery); }
};

template <class Variant>
std::uint32_t height_of_variant(const Variant& node) {
  highest parts;
  std::visit([&](const auto& n) { parts.visit(n); }, node);
  return parts.height + 1;
}

} // namespace

std::uint32_t height_of(const expr::variant& node) { return height_of_variant(node); }
std::uint32_t height_of(const table_ref::variant& node) { return height_of_variant(node); }
std::uint32_t height_of(const query_body::variant& node) { return height_of_variant(node); }

std::uint32_t height_of(const type_syntax& type) {
  highest parts;
  parts(type.elements, type.fields);
  return parts.height + 1;
}

std::uint32_t height_of(const query& node) {
  highest parts;
  parts(node.with, node.body, node.order_by, node.offset, node.limit);
  return parts.height + 1;
}

} // namespace sluice::sql::internal
