// The part of select_binder that reads GROUP BY.
#include "sluice/table/bind/internal/query_binder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sluice::table::internal {

namespace {

/// CUBE of more would be more unions than anybody wants.
constexpr std::size_t most_sets = 256;

using key_set = std::vector<std::size_t>;

key_set merged(key_set a, const key_set& b) {
  for (auto k : b)
    if (std::find(a.begin(), a.end(), k) == a.end()) a.push_back(k);
  return a;
}

} // namespace

void select_binder::find_group_windows() {
  for (const auto& item : select_.group_by) {
    if (item.kind != sql::grouping_kind::expressions || item.values.size() != 1) continue;
    const auto& e = item.values[0];
    if (!is_group_window(e)) continue;
    const auto& call = std::get<sql::call>(e.node);
    expression_binder binder(env_, names_, clause_called("GROUP BY"));
    auto width = input_->columns.size();
    input_ = bind_group_window(call, std::move(input_), binder, env_, e.where);
    // The arguments may have been computed below the window.
    auto first = input_->columns.size() - 3;
    if (first != width) not_supported(e.where, "a group window over a computed time");
    group_windows_.push_back({&call, first, input_});
  }
}

std::size_t select_binder::bind_group_key(const sql::expr& e, grouping& out) {
  auto what = clause_called("GROUP BY");
  what.into = nullptr;
  return out.add(expression_binder(env_, names_, what).bind(e));
}

std::vector<key_set> select_binder::sets_of(const sql::grouping_item& item, grouping& out) {
  if (item.kind == sql::grouping_kind::expressions) {
    key_set keys;
    for (const auto& e : item.values) {
      auto k = bind_group_key(e, out);
      keys = merged(std::move(keys), {k});
    }
    return {keys};
  }
  std::vector<key_set> parts;
  for (const auto& i : item.items)
    for (auto& s : sets_of(i, out)) parts.push_back(std::move(s));
  if (item.kind == sql::grouping_kind::sets) return parts;
  std::vector<key_set> result;
  if (item.kind == sql::grouping_kind::rollup) {
    for (auto count = parts.size() + 1; count-- > 0;) {
      key_set keys;
      for (std::size_t i = 0; i < count; ++i) keys = merged(std::move(keys), parts[i]);
      result.push_back(std::move(keys));
    }
    return result;
  }
  if (parts.size() > 8) throw binding_error(at(item.where), "CUBE of more than 8 expressions");
  auto all = std::size_t{1} << parts.size();
  for (auto mask = all; mask-- > 0;) {
    key_set keys;
    for (std::size_t i = 0; i < parts.size(); ++i)
      if ((mask >> (parts.size() - 1 - i) & 1) != 0) keys = merged(std::move(keys), parts[i]);
    result.push_back(std::move(keys));
  }
  return result;
}

grouping select_binder::bind_groups() {
  grouping out;
  bool simple = std::all_of(select_.group_by.begin(), select_.group_by.end(), [](const auto& item) {
    return item.kind == sql::grouping_kind::expressions;
  });
  std::vector<key_set> sets{{}};
  for (const auto& item : select_.group_by) {
    if (simple && item.values.size() == 1 && is_group_window(item.values[0])) {
      for (const auto& w : group_windows_)
        if (w.call == &std::get<sql::call>(item.values[0].node))
          for (std::size_t i = 0; i < 3; ++i) out.add(column_of(*w.relation, w.first_column + i));
      continue;
    }
    auto choices = sets_of(item, out);
    std::vector<key_set> combined;
    for (const auto& a : sets)
      for (const auto& b : choices) combined.push_back(merged(a, b));
    sets = std::move(combined);
    if (sets.size() > most_sets)
      throw binding_error(at(item.where),
                          fmt::format("GROUP BY makes more than {} grouping sets", most_sets));
  }
  if (!simple) out.sets = std::move(sets);
  return out;
}

} // namespace sluice::table::internal
