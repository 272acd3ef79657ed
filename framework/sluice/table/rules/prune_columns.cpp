#include "sluice/core/check.hpp"
#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <algorithm>
#include <limits>

namespace sluice::table::rules {

namespace {

using columns_used = std::vector<bool>;

constexpr auto gone = std::numeric_limits<std::size_t>::max();

/// A relation with fewer columns, and where the former ones are in it (or `gone`).
struct pruned {
  relation_ptr relation;
  std::vector<std::size_t> place;
};

pruned prune(const relation_ptr& r, const columns_used& used);

void use_all(columns_used& used, const std::vector<std::size_t>& columns) {
  for (auto c : columns) used.at(c) = true;
}
void use_all(columns_used& used, const std::vector<sort_key>& keys) {
  for (const auto& k : keys) used.at(k.column) = true;
}

std::vector<std::size_t> identity(std::size_t size) {
  std::vector<std::size_t> place(size);
  for (std::size_t i = 0; i < size; ++i) place[i] = i;
  return place;
}

expression_ptr moved(const expression_ptr& e, const std::vector<std::size_t>& place) {
  return renumber(e, [&](std::size_t i) {
    SLUICE_CHECK(place.at(i) != gone, "a column that is used was pruned");
    return place[i];
  });
}
void move(std::vector<std::size_t>& columns, const std::vector<std::size_t>& place) {
  for (auto& c : columns) c = place.at(c);
}
void move(std::vector<sort_key>& keys, const std::vector<std::size_t>& place) {
  for (auto& k : keys) k.column = place.at(k.column);
}
void move(std::vector<aggregate_call>& calls, const std::vector<std::size_t>& place) {
  for (auto& c : calls) {
    move(c.arguments, place);
    if (c.filter) c.filter = place.at(*c.filter);
  }
}

/// At least one column, so that batches have something to count: the narrowest.
void use_something(columns_used& used, const relation& r) {
  if (used.empty() || std::find(used.begin(), used.end(), true) != used.end()) return;
  std::size_t best = 0;
  auto width = [&](std::size_t i) {
    const auto& t = r.columns[i].type;
    return t.is_nested() ? 1000u : width_of(t.physical());
  };
  for (std::size_t i = 1; i < used.size(); ++i)
    if (width(i) < width(best)) best = i;
  used[best] = true;
}

pruned prune_scan(const relation_ptr& r, scan_node n, columns_used used) {
  auto changes = n.source->changelog();
  // Updates by key say only by the key what they replace.
  if (changes.update_after && !changes.update_before)
    for (auto k : n.primary_key) used[k] = true;
  use_something(used, *r);
  scan_request request;
  SLUICE_CHECK(n.request.filters.empty(), "filters are pushed into scans after this rule");
  std::vector<relation_column> columns;
  std::vector<std::size_t> place(used.size(), gone);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    place[i] = columns.size();
    columns.push_back(r->columns[i]);
    const auto physical = n.request.columns.size();
    if (i < physical)
      request.columns.push_back(n.request.columns[i]);
    else
      request.metadata.push_back(n.request.metadata[i - physical]);
  }
  auto has_key = std::all_of(n.primary_key.begin(), n.primary_key.end(),
                             [&](std::size_t k) { return used[k]; });
  if (has_key)
    move(n.primary_key, place);
  else
    n.primary_key.clear();
  n.request = std::move(request);
  return {relation::scan(std::move(n), std::move(columns), r->position), std::move(place)};
}

pruned prune_values(const relation_ptr& r, const values_node& n, columns_used used) {
  use_something(used, *r);
  values_node fewer;
  std::vector<relation_column> columns;
  std::vector<std::size_t> place(used.size(), gone);
  for (std::size_t i = 0; i < used.size(); ++i)
    if (used[i]) {
      place[i] = columns.size();
      columns.push_back(r->columns[i]);
    }
  for (const auto& row : n.rows) {
    auto& to = fewer.rows.emplace_back();
    for (std::size_t i = 0; i < used.size(); ++i)
      if (used[i]) to.push_back(row[i]);
  }
  return {relation::values(std::move(fewer), std::move(columns), r->position), std::move(place)};
}

pruned prune_project(const relation_ptr& r, const project_node& n, columns_used used) {
  use_something(used, *r);
  columns_used below(r->input().columns.size());
  for (std::size_t i = 0; i < used.size(); ++i)
    if (used[i]) use_all(below, inputs_of(*n.expressions[i]));
  auto input = prune(r->inputs[0], below);
  std::vector<expression_ptr> expressions;
  std::vector<std::string> names;
  std::vector<std::size_t> place(used.size(), gone);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    place[i] = expressions.size();
    expressions.push_back(moved(n.expressions[i], input.place));
    names.push_back(r->columns[i].name);
  }
  return {relation::project(input.relation, std::move(expressions), std::move(names), r->position),
          std::move(place)};
}

pruned prune_filter(const relation_ptr& r, const filter_node& n, columns_used used) {
  use_all(used, inputs_of(*n.condition));
  auto input = prune(r->inputs[0], used);
  return {relation::filter(input.relation, moved(n.condition, input.place), r->position),
          std::move(input.place)};
}

pruned prune_watermark(const relation_ptr& r, watermark_node n, columns_used used) {
  use_all(used, inputs_of(*n.value));
  used[n.column] = true;
  auto input = prune(r->inputs[0], used);
  n.column = input.place[n.column];
  n.value = moved(n.value, input.place);
  return {relation::watermark(input.relation, std::move(n), r->position), std::move(input.place)};
}

/// What the calls that are used read; drops the others.
std::vector<std::string> prune_calls(const relation& r, std::size_t num_keys,
                                     std::vector<aggregate_call>& calls, const columns_used& used,
                                     columns_used& below, std::vector<std::size_t>& place) {
  std::vector<aggregate_call> kept;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < num_keys; ++i) place[i] = i;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!used[num_keys + i]) continue;
    place[num_keys + i] = num_keys + kept.size();
    use_all(below, calls[i].arguments);
    if (calls[i].filter) below[*calls[i].filter] = true;
    names.push_back(r.columns[num_keys + i].name);
    kept.push_back(std::move(calls[i]));
  }
  calls = std::move(kept);
  return names;
}

pruned prune_aggregate(const relation_ptr& r, aggregate_node n, columns_used used) {
  if (n.keys.empty()) use_something(used, *r);
  columns_used below(r->input().columns.size());
  std::vector<std::size_t> place(used.size(), gone);
  use_all(below, n.keys);
  auto names = prune_calls(*r, n.keys.size(), n.calls, used, below, place);
  auto input = prune(r->inputs[0], below);
  move(n.keys, input.place);
  move(n.calls, input.place);
  return {relation::aggregate(input.relation, std::move(n), std::move(names), r->position),
          std::move(place)};
}

pruned prune_window_aggregate(const relation_ptr& r, window_aggregate_node n,
                              const columns_used& used) {
  columns_used below(r->input().columns.size());
  std::vector<std::size_t> place(used.size(), gone);
  use_all(below, n.keys);
  below[n.window.time_column] = true;
  const auto first_property = n.keys.size() + n.calls.size();
  auto names = prune_calls(*r, n.keys.size(), n.calls, used, below, place);
  std::vector<std::uint8_t> properties;
  for (std::size_t i = 0; i < n.properties.size(); ++i) {
    if (!used[first_property + i]) continue;
    place[first_property + i] = n.keys.size() + n.calls.size() + properties.size();
    properties.push_back(n.properties[i]);
  }
  n.properties = std::move(properties);
  auto input = prune(r->inputs[0], below);
  move(n.keys, input.place);
  move(n.calls, input.place);
  n.window.time_column = input.place[n.window.time_column];
  return {relation::window_aggregate(input.relation, std::move(n), std::move(names), r->position),
          std::move(place)};
}

pruned prune_window_table(const relation_ptr& r, window_table_node n, const columns_used& used) {
  const auto width = r->input().columns.size();
  columns_used below(used.begin(), used.begin() + static_cast<std::ptrdiff_t>(width));
  below[n.window.time_column] = true;
  use_all(below, n.partition);
  auto input = prune(r->inputs[0], below);
  n.window.time_column = input.place[n.window.time_column];
  move(n.partition, input.place);
  auto place = input.place;
  for (std::size_t i = 0; i < 3; ++i) place.push_back(input.relation->columns.size() + i);
  return {relation::window_table(input.relation, std::move(n), r->position), std::move(place)};
}

pruned prune_join(const relation_ptr& r, join_node n, const columns_used& used) {
  const auto left_width = r->input(0).columns.size();
  const auto right_width = r->input(1).columns.size();
  const auto mark = n.type == join_type::mark;
  auto all = used;
  if (mark) all.resize(left_width);
  all.resize(left_width + right_width);
  if (n.condition) use_all(all, inputs_of(*n.condition));
  columns_used left(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(left_width));
  columns_used right(all.begin() + static_cast<std::ptrdiff_t>(left_width), all.end());
  for (const auto& k : n.keys) left[k.left] = right[k.right] = true;
  auto l = prune(r->inputs[0], left);
  auto w = prune(r->inputs[1], right);
  for (auto& k : n.keys) {
    k.left = l.place[k.left];
    k.right = w.place[k.right];
  }
  auto place = l.place;
  for (auto p : w.place) place.push_back(p == gone ? gone : l.relation->columns.size() + p);
  if (n.condition) n.condition = moved(n.condition, place);
  place.resize(mark ? left_width : used.size());
  if (mark) place.push_back(l.relation->columns.size());
  return {relation::join(l.relation, w.relation, std::move(n), r->position), std::move(place)};
}

pruned prune_union(const relation_ptr& r, columns_used used) {
  use_something(used, *r);
  std::vector<std::size_t> place(used.size(), gone);
  std::size_t width = 0;
  for (std::size_t i = 0; i < used.size(); ++i)
    if (used[i]) place[i] = width++;
  std::vector<relation_ptr> inputs;
  for (const auto& in : r->inputs) {
    auto input = prune(in, used);
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < used.size(); ++i)
      if (used[i]) wanted.push_back(input.place[i]);
    auto exact = wanted == identity(input.relation->columns.size());
    inputs.push_back(exact ? input.relation : select_columns(input.relation, wanted));
  }
  return {relation::union_all(std::move(inputs), r->position), std::move(place)};
}

pruned prune_sort(const relation_ptr& r, sort_node n, columns_used used) {
  use_all(used, n.keys);
  auto input = prune(r->inputs[0], used);
  move(n.keys, input.place);
  return {relation::sort(input.relation, std::move(n), r->position), std::move(input.place)};
}

template <class Node>
pruned prune_rank(const relation_ptr& r, Node n, columns_used used, bool has_rank) {
  const auto width = r->input().columns.size();
  const auto rank_used = has_rank && used.back();
  used.resize(width);
  use_all(used, n.partition);
  use_all(used, n.order);
  use_something(used, r->input());
  auto input = prune(r->inputs[0], used);
  move(n.partition, input.place);
  move(n.order, input.place);
  auto place = std::move(input.place);
  if (has_rank) place.push_back(rank_used ? input.relation->columns.size() : gone);
  auto name = has_rank ? r->columns.back().name : std::string();
  if constexpr (std::is_same_v<Node, rank_node>) {
    n.output_rank = rank_used;
    return {relation::rank(input.relation, std::move(n), std::move(name), r->position),
            std::move(place)};
  } else {
    return {relation::over_rank(input.relation, std::move(n), std::move(name), r->position),
            std::move(place)};
  }
}

/// The number of rows stays the last column.
pruned prune_replicate(const relation_ptr& r, columns_used used) {
  use_something(used, *r);
  used.push_back(true);
  auto input = prune(r->inputs[0], used);
  auto place = std::move(input.place);
  auto below = std::move(input.relation);
  if (place.back() + 1 != below->columns.size()) {
    std::vector<std::size_t> wanted;
    std::vector<std::size_t> moved(place.size(), gone);
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (!used[i]) continue;
      moved[i] = wanted.size();
      wanted.push_back(place[i]);
    }
    below = select_columns(below, wanted);
    place = std::move(moved);
  }
  place.pop_back();
  return {relation::replicate(std::move(below), r->position), std::move(place)};
}

pruned prune(const relation_ptr& r, const columns_used& used) {
  if (const auto* n = r->as<scan_node>()) return prune_scan(r, *n, used);
  if (const auto* n = r->as<values_node>()) return prune_values(r, *n, used);
  if (const auto* n = r->as<filter_node>()) return prune_filter(r, *n, used);
  if (const auto* n = r->as<project_node>()) return prune_project(r, *n, used);
  if (const auto* n = r->as<watermark_node>()) return prune_watermark(r, *n, used);
  if (const auto* n = r->as<aggregate_node>()) return prune_aggregate(r, *n, used);
  if (const auto* n = r->as<window_table_node>()) return prune_window_table(r, *n, used);
  if (const auto* n = r->as<window_aggregate_node>()) return prune_window_aggregate(r, *n, used);
  if (const auto* n = r->as<join_node>()) return prune_join(r, *n, used);
  if (r->as<union_node>() != nullptr) return prune_union(r, used);
  if (const auto* n = r->as<sort_node>()) return prune_sort(r, *n, used);
  if (const auto* n = r->as<rank_node>()) return prune_rank(r, *n, used, n->output_rank);
  if (const auto* n = r->as<over_rank_node>()) return prune_rank(r, *n, used, true);
  if (r->as<replicate_node>() != nullptr) return prune_replicate(r, used);
  if (r->as<sink_node>() != nullptr) return {prune_columns(r), identity(r->columns.size())};
  return {r, identity(r->columns.size())};
}

/// All columns of `r`, in order, from a plan that computes nothing else.
relation_ptr exactly(const relation_ptr& r) {
  auto result = prune(r, columns_used(r->columns.size(), true));
  if (result.place == identity(result.relation->columns.size())) return result.relation;
  return select_columns(result.relation, result.place);
}

} // namespace

relation_ptr prune_columns(const relation_ptr& plan) {
  if (plan->as<sink_node>() != nullptr) return plan->with_inputs({exactly(plan->inputs[0])});
  return exactly(plan);
}

} // namespace sluice::table::rules
