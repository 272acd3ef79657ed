#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

namespace sluice::table::rules {

namespace {

/// `r` without the rows for which `condition` is not TRUE, if a source below leaves them out by
/// itself; else null.
relation_ptr taken(const relation_ptr& r, const expression_ptr& condition, execution_mode mode) {
  if (const auto* n = r->as<scan_node>()) {
    if (!n->source->changelog().insert_only() || !n->source->takes_filter(*condition, n->request))
      return nullptr;
    auto scan = *n;
    scan.request.filters.push_back(condition);
    return relation::scan(std::move(scan), r->columns, r->position);
  }
  auto below = condition;
  if (const auto* n = r->as<project_node>())
    below = substitute(condition, n->expressions);
  else if (r->as<watermark_node>() == nullptr || mode == execution_mode::streaming)
    return nullptr;
  if (!below->deterministic()) return nullptr;
  auto input = taken(r->inputs[0], below, mode);
  return input ? r->with_inputs({std::move(input)}) : nullptr;
}

relation_ptr handed_down(const relation_ptr& filter, const filter_node& n, execution_mode mode) {
  auto input = filter->inputs[0];
  std::vector<expression_ptr> left;
  for (auto& c : conjuncts(n.condition)) {
    // What may fail waits for those before it, which may guard it.
    const auto waits = c->can_fail() && !left.empty();
    auto without = waits || !c->deterministic() ? nullptr : taken(input, c, mode);
    if (without)
      input = std::move(without);
    else
      left.push_back(std::move(c));
  }
  auto condition = conjunction(std::move(left));
  return condition ? relation::filter(std::move(input), std::move(condition), filter->position)
                   : input;
}

} // namespace

relation_ptr push_into_scans(const relation_ptr& plan, execution_mode mode) {
  return transform_up(plan, [&](const relation_ptr& r) {
    const auto* n = r->as<filter_node>();
    return n == nullptr ? r : handed_down(r, *n, mode);
  });
}

} // namespace sluice::table::rules
