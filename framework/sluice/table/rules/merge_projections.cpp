#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <algorithm>

namespace sluice::table::rules {

namespace {

bool is_leaf(const expression& e) {
  return e.kind() == expression_kind::input || e.kind() == expression_kind::literal;
}

void count_inputs(const expression& e, std::vector<std::size_t>& uses) {
  if (e.kind() == expression_kind::input) ++uses.at(e.index());
  for (const auto& child : e.children()) count_inputs(*child, uses);
}

/// Whether `upper` may be computed from the input of `lower`, no part of it twice.
bool mergeable(const project_node& upper, const project_node& lower) {
  std::vector<std::size_t> uses(lower.expressions.size());
  for (const auto& e : upper.expressions) count_inputs(*e, uses);
  for (std::size_t i = 0; i < uses.size(); ++i)
    if (uses[i] > 1 && !is_leaf(*lower.expressions[i])) return false;
  return std::all_of(lower.expressions.begin(), lower.expressions.end(),
                     [](const expression_ptr& e) { return e->deterministic(); });
}

bool changes_nothing(const relation& r, const project_node& n) {
  const auto& in = r.input().columns;
  if (n.expressions.size() != in.size()) return false;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto& e = *n.expressions[i];
    if (e.kind() != expression_kind::input || e.index() != i) return false;
    if (r.columns[i].name != in[i].name) return false;
  }
  return true;
}

} // namespace

relation_ptr merge_projections(const relation_ptr& plan) {
  return transform_up(plan, [](relation_ptr r) {
    while (const auto* upper = r->as<project_node>()) {
      const auto* lower = r->input().as<project_node>();
      if (lower == nullptr || !mergeable(*upper, *lower)) break;
      std::vector<expression_ptr> merged;
      for (const auto& e : upper->expressions) merged.push_back(substitute(e, lower->expressions));
      r = relation::project(r->input().inputs[0], std::move(merged), column_names(*r), r->position);
    }
    if (const auto* n = r->as<project_node>(); n != nullptr && changes_nothing(*r, *n))
      return r->inputs[0];
    return r;
  });
}

} // namespace sluice::table::rules
