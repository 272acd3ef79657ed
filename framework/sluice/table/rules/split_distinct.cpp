#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <algorithm>

namespace sluice::table::rules {

namespace {

/// Whether all aggregates are of the distinct values of the same columns.
bool all_distinct(const aggregate_node& n) {
  return !n.calls.empty() && std::all_of(n.calls.begin(), n.calls.end(), [&](const auto& call) {
    return call.distinct && !call.filter && !call.arguments.empty()
           && call.arguments == n.calls[0].arguments;
  });
}

/// GROUP BY keys and arguments, then the aggregates of what is left by the keys.
relation_ptr split(const relation_ptr& r, const aggregate_node& n) {
  aggregate_node inner;
  inner.keys = n.keys;
  auto outer = n;
  for (std::size_t k = 0; k < n.keys.size(); ++k) outer.keys[k] = k;
  std::vector<std::size_t> arguments;
  for (auto a : n.calls[0].arguments) {
    const auto known = std::find(inner.keys.begin(), inner.keys.end(), a);
    arguments.push_back(static_cast<std::size_t>(known - inner.keys.begin()));
    if (known == inner.keys.end()) inner.keys.push_back(a);
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < n.calls.size(); ++i) {
    outer.calls[i].distinct = false;
    outer.calls[i].arguments = arguments;
    names.push_back(r->columns[n.keys.size() + i].name);
  }
  auto values = relation::aggregate(r->inputs[0], std::move(inner), {}, r->position);
  return relation::aggregate(std::move(values), std::move(outer), std::move(names), r->position);
}

} // namespace

relation_ptr split_distinct(const relation_ptr& plan, execution_mode mode) {
  if (mode != execution_mode::batch) return plan;
  return transform_up(plan, [](const relation_ptr& r) {
    const auto* n = r->as<aggregate_node>();
    return n != nullptr && all_distinct(*n) ? split(r, *n) : r;
  });
}

} // namespace sluice::table::rules
