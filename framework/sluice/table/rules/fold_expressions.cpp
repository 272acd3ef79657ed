#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

namespace sluice::table::rules {

namespace {

bool is_literal(const expression& e) { return e.kind() == expression_kind::literal; }

relation_ptr fold_filter(const relation_ptr& r, const filter_node& n,
                         const expression_context& context) {
  auto condition = fold_constants(n.condition, context);
  if (is_literal(*condition)) {
    if (!condition->value().is_null() && condition->value().boolean()) return r->inputs[0];
    return relation::values({}, r->columns, r->position);
  }
  return condition == n.condition ? r : relation::filter(r->inputs[0], condition, r->position);
}

relation_ptr fold_project(const relation_ptr& r, const project_node& n,
                          const expression_context& context) {
  auto expressions = n.expressions;
  auto changed = false;
  for (auto& e : expressions) {
    auto folded = fold_constants(e, context);
    // The columns keep their types, whatever is known of a value now.
    if (!(folded->type() == e->type())) continue;
    changed |= folded != e;
    e = std::move(folded);
  }
  if (!changed) return r;
  return relation::project(r->inputs[0], std::move(expressions), column_names(*r), r->position);
}

relation_ptr fold_join(const relation_ptr& r, const join_node& n,
                       const expression_context& context) {
  if (!n.condition) return r;
  auto copy = n;
  copy.condition = fold_constants(n.condition, context);
  if (is_literal(*copy.condition) && !copy.condition->value().is_null()
      && copy.condition->value().boolean())
    copy.condition = nullptr;
  if (copy.condition == n.condition) return r;
  return relation::join(r->inputs[0], r->inputs[1], std::move(copy), r->position);
}

} // namespace

relation_ptr fold_expressions(const relation_ptr& plan, const expression_context& context) {
  return transform_up(plan, [&](relation_ptr r) {
    if (const auto* n = r->as<filter_node>()) return fold_filter(r, *n, context);
    if (const auto* n = r->as<project_node>()) return fold_project(r, *n, context);
    if (const auto* n = r->as<join_node>()) return fold_join(r, *n, context);
    return r;
  });
}

} // namespace sluice::table::rules
