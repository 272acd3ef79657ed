#include "sluice/table/plan/properties.hpp"

#include "sluice/table/rules/rewrite.hpp"

#include <algorithm>
#include <unordered_set>

namespace sluice::table {

namespace {

using keys = std::vector<std::vector<std::size_t>>;

/// Upserts become complete changelogs right behind their scan.
changelog_mode normalized(changelog_mode m) {
  if (m.update_after) m.update_before = true;
  return m;
}

bool updates(const changelog_mode& m) { return m.update_after || m.deletes; }

changelog_mode both(const changelog_mode& a, const changelog_mode& b) {
  return {a.update_before || b.update_before, a.update_after || b.update_after,
          a.deletes || b.deletes};
}

/// By which key columns a side of a join is compared.
std::vector<std::size_t> side_keys(const join_node& n, bool left) {
  std::vector<std::size_t> columns;
  for (const auto& k : n.keys) columns.push_back(left ? k.left : k.right);
  std::sort(columns.begin(), columns.end());
  return columns;
}

bool covers(const std::vector<std::size_t>& columns, const std::vector<std::size_t>& key) {
  return std::includes(columns.begin(), columns.end(), key.begin(), key.end());
}

bool some_covered(const std::vector<std::size_t>& columns, const keys& of) {
  return std::any_of(of.begin(), of.end(), [&](const auto& key) { return covers(columns, key); });
}

void add(keys& to, std::vector<std::size_t> key) {
  std::sort(key.begin(), key.end());
  key.erase(std::unique(key.begin(), key.end()), key.end());
  if (std::find(to.begin(), to.end(), key) == to.end()) to.push_back(std::move(key));
}

keys through_projection(const project_node& n, const keys& below) {
  keys result;
  for (const auto& key : below) {
    std::vector<std::size_t> moved;
    for (auto column : key)
      for (std::size_t i = 0; i < n.expressions.size(); ++i) {
        const auto& e = *n.expressions[i];
        if (e.kind() != expression_kind::input || e.index() != column) continue;
        moved.push_back(i);
        break;
      }
    if (moved.size() == key.size()) add(result, std::move(moved));
  }
  return result;
}

std::vector<std::size_t> first_columns(std::size_t count) {
  std::vector<std::size_t> columns(count);
  for (std::size_t i = 0; i < count; ++i) columns[i] = i;
  return columns;
}

} // namespace

changelog_mode plan_properties::changes(const relation& r) {
  if (mode_ == execution_mode::batch) {
    // Only what is read may change; operators give final rows.
    if (const auto* n = r.as<scan_node>()) return normalized(n->source->changelog());
    if (r.as<stream_scan_node>() == nullptr && r.as<filter_node>() == nullptr
        && r.as<project_node>() == nullptr && r.as<watermark_node>() == nullptr
        && r.as<union_node>() == nullptr && r.as<sink_node>() == nullptr)
      return changelog_mode::inserts();
  }
  auto known = changes_.find(&r);
  if (known == changes_.end()) known = changes_.emplace(&r, find_changes(r)).first;
  return known->second;
}

changelog_mode plan_properties::find_changes(const relation& r) {
  constexpr auto inserts = changelog_mode::inserts();
  constexpr auto updates_only = changelog_mode{true, true, false};
  if (const auto* n = r.as<scan_node>()) return normalized(n->source->changelog());
  if (const auto* n = r.as<stream_scan_node>()) return normalized(n->changes);
  if (r.as<values_node>() != nullptr) return inserts;
  if (const auto* n = r.as<aggregate_node>()) {
    auto in = changes(r.input());
    if (n->calls.empty() && !updates(in)) return inserts; // DISTINCT
    return n->keys.empty() || !updates(in) ? updates_only : changelog_mode::all();
  }
  if (r.as<window_aggregate_node>() != nullptr) return inserts;
  if (const auto* n = r.as<join_node>()) {
    auto in = both(changes(r.input(0)), changes(r.input(1)));
    if (n->type == join_type::mark && !updates(in)) return updates_only;
    auto inner = n->type == join_type::inner || n->type == join_type::semi;
    return inner && !updates(in) ? inserts : changelog_mode::all();
  }
  if (const auto* n = r.as<rank_node>()) {
    auto time
      = n->order.empty() ? time_attribute::none : r.input().columns.at(n->order[0].column).time;
    auto first_only = n->last == 1 && time == time_attribute::processing_time
                      && !n->order[0].descending && n->order.size() == 1;
    if (first_only && !updates(changes(r.input()))) return inserts;
    return changelog_mode::all();
  }
  if (r.as<replicate_node>() != nullptr)
    return updates(changes(r.input())) ? changelog_mode{false, false, true} : inserts;
  if (const auto* n = r.as<sort_node>(); n != nullptr && updates(changes(r.input())))
    return changelog_mode::all();
  changelog_mode all;
  for (const auto& in : r.inputs) all = both(all, changes(*in));
  return all;
}

bool plan_properties::needs_update_before(const relation& r, std::size_t input) {
  if (!changes(r.input(input)).update_after) return false;
  // A row that passed may not pass any more after an update.
  if (r.as<filter_node>() != nullptr) return true;
  if (r.as<project_node>() != nullptr || r.as<union_node>() != nullptr
      || r.as<watermark_node>() != nullptr)
    return false;
  if (const auto* n = r.as<sink_node>())
    return n->sink->accept(changes(r.input())).update_before || materializes(r, *n);
  return true;
}

bool plan_properties::materializes(const relation& r, const sink_node& sink) {
  if (sink.primary_key.empty() || !updates(changes(r.input()))) return false;
  if (sink.sink->accept(changes(r.input())).insert_only()) return false;
  auto sorted = sink.primary_key;
  std::sort(sorted.begin(), sorted.end());
  return !some_covered(sorted, unique_keys(r.input()));
}

const std::vector<std::vector<std::size_t>>& plan_properties::unique_keys(const relation& r) {
  auto known = keys_.find(&r);
  if (known == keys_.end()) known = keys_.emplace(&r, find_keys(r)).first;
  return known->second;
}

keys plan_properties::keys_in_order(const relation& r, std::size_t input,
                                    std::vector<std::size_t> exchanged_by) {
  const auto& all = unique_keys(r.input(input));
  // Rows that never change go one way only.
  if (!updates(changes(r.input(input)))) return all;
  std::sort(exchanged_by.begin(), exchanged_by.end());
  keys result;
  for (const auto& key : all)
    if (covers(key, exchanged_by)) result.push_back(key);
  return result;
}

keys plan_properties::find_keys(const relation& r) {
  keys result;
  if (const auto* n = r.as<scan_node>()) {
    if (!n->primary_key.empty()) add(result, n->primary_key);
  } else if (const auto* s = r.as<stream_scan_node>()) {
    if (!s->primary_key.empty()) add(result, s->primary_key);
  } else if (const auto* a = r.as<aggregate_node>()) {
    add(result, first_columns(a->keys.size()));
  } else if (const auto* w = r.as<window_aggregate_node>()) {
    auto has = [&](std::uint8_t p) {
      return std::find(w->properties.begin(), w->properties.end(), p) != w->properties.end();
    };
    // Either end of a window tells it; windows of CUMULATE share their starts.
    auto first = w->keys.size() + w->calls.size();
    for (std::size_t i = 0; i < w->properties.size(); ++i)
      if (w->properties[i] != 0 || (w->window.kind != window_kind::cumulate && !has(1))) {
        auto key = first_columns(w->keys.size());
        key.push_back(first + i);
        add(result, std::move(key));
        break;
      }
  } else if (const auto* p = r.as<project_node>()) {
    result = through_projection(*p, unique_keys(r.input()));
  } else if (const auto* j = r.as<join_node>()) {
    const auto left
      = j->null_aware ? unique_keys(r.input(0)) : keys_in_order(r, 0, side_keys(*j, true));
    if (j->type == join_type::semi || j->type == join_type::anti || j->type == join_type::mark)
      return left;
    const auto right = keys_in_order(r, 1, side_keys(*j, false));
    const auto width = r.input(0).columns.size();
    auto shifted = [&](std::vector<std::size_t> key) {
      for (auto& c : key) c += width;
      return key;
    };
    if (some_covered(side_keys(*j, false), unique_keys(r.input(1))) && j->type != join_type::right
        && j->type != join_type::full)
      for (const auto& key : left) add(result, key);
    if (some_covered(side_keys(*j, true), unique_keys(r.input(0))) && j->type != join_type::left
        && j->type != join_type::full)
      for (const auto& key : right) add(result, shifted(key));
    for (const auto& of_left : left)
      for (const auto& of_right : right) {
        auto key = of_left;
        auto more = shifted(of_right);
        key.insert(key.end(), more.begin(), more.end());
        add(result, std::move(key));
      }
  } else if (const auto* k = r.as<rank_node>()) {
    result = keys_in_order(r, 0, k->partition);
    if (k->last == 1 && k->function == rank_function::row_number) add(result, k->partition);
    if (k->output_rank && k->function == rank_function::row_number) {
      auto key = k->partition;
      key.push_back(r.columns.size() - 1);
      add(result, std::move(key));
    }
  } else if (r.as<filter_node>() != nullptr || r.as<watermark_node>() != nullptr
             || r.as<sort_node>() != nullptr || r.as<over_rank_node>() != nullptr) {
    result = unique_keys(r.input());
  }
  return result;
}

namespace {

/// Notes who sends UPDATE_BEFORE rows: those whose consumers want them.
void find_senders(const relation& r, bool wanted, plan_properties& properties,
                  std::unordered_set<const relation*>& senders) {
  wanted = wanted && properties.changes(r).update_after;
  if (wanted) senders.insert(&r);
  for (std::size_t i = 0; i < r.inputs.size(); ++i)
    find_senders(r.input(i), wanted || properties.needs_update_before(r, i), properties, senders);
}

} // namespace

std::string to_string_with_changes(const relation_ptr& plan, execution_mode mode) {
  plan_properties properties(mode);
  std::unordered_set<const relation*> senders;
  find_senders(*plan, plan->as<sink_node>() == nullptr, properties, senders);
  return to_string(*plan, [&](const relation& r) -> std::string {
    if (r.as<sink_node>() != nullptr) return ", changelogMode=[NONE]";
    auto mode_of = properties.changes(r);
    mode_of.update_before = senders.contains(&r);
    return ", changelogMode=[" + mode_of.to_string() + "]";
  });
}

} // namespace sluice::table
