#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <algorithm>

namespace sluice::table::rules {

namespace {

bool same(const expression_ptr& a, const expression_ptr& b) {
  return a->deterministic() && b->deterministic() && *a == *b;
}

bool same(const call_argument& a, const call_argument& b) {
  if (a.type != b.type || a.literal.has_value() != b.literal.has_value()) return false;
  return !a.literal || a.literal->to_string() == b.literal->to_string();
}

bool same(const aggregate_call& a, const aggregate_call& b) {
  return a.name == b.name && a.arguments == b.arguments && a.filter == b.filter
         && a.distinct == b.distinct
         && std::ranges::equal(a.argument_types, b.argument_types,
                               [](const auto& x, const auto& y) { return same(x, y); });
}

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::ranges::equal(a, b, [](const T& x, const T& y) { return same(x, y); });
}

/// Whether two relations over the same input do the same. Those that are not here never do.
struct comparison {
  const relation& other;

  bool operator()(const scan_node& a) const {
    const auto& b = *other.as<scan_node>();
    return a.table == b.table && a.definition == b.definition
           && a.request.columns == b.request.columns && a.request.metadata == b.request.metadata
           && same(a.request.filters, b.request.filters) && a.primary_key == b.primary_key;
  }
  bool operator()(const filter_node& a) const {
    return same(a.condition, other.as<filter_node>()->condition);
  }
  bool operator()(const project_node& a) const {
    return same(a.expressions, other.as<project_node>()->expressions);
  }
  bool operator()(const watermark_node& a) const {
    const auto& b = *other.as<watermark_node>();
    return a.column == b.column && same(a.value, b.value);
  }
  bool operator()(const aggregate_node& a) const {
    const auto& b = *other.as<aggregate_node>();
    return a.keys == b.keys && same(a.calls, b.calls);
  }
  bool operator()(const window_table_node& a) const {
    const auto& b = *other.as<window_table_node>();
    return a.window == b.window && a.partition == b.partition;
  }
  bool operator()(const window_aggregate_node& a) const {
    const auto& b = *other.as<window_aggregate_node>();
    return a.window == b.window && a.keys == b.keys && a.properties == b.properties
           && same(a.calls, b.calls);
  }
  template <class Node>
  bool operator()(const Node&) const {
    return false;
  }
};

bool same_relation(const relation& a, const relation& b) {
  return a.node.index() == b.node.index() && a.inputs == b.inputs && a.columns == b.columns
         && std::visit(comparison{b}, a.node);
}

} // namespace

relation_ptr share_parts(const relation_ptr& plan, execution_mode mode) {
  if (mode == execution_mode::batch) return plan;
  std::vector<relation_ptr> known;
  return transform_up(plan, [&](relation_ptr r) {
    auto found = std::ranges::find_if(
      known, [&](const relation_ptr& other) { return same_relation(*r, *other); });
    if (found != known.end()) return *found;
    known.push_back(r);
    return r;
  });
}

} // namespace sluice::table::rules
