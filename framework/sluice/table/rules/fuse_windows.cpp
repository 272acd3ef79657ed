#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <algorithm>
#include <optional>

namespace sluice::table::rules {

namespace {

/// An aggregate over a window table, perhaps with a projection between.
class window_fusion {
public:
  window_fusion(const relation_ptr& r, const aggregate_node& n) : relation_(r), node_(n) {
    below_ = r->inputs[0];
    if (const auto* p = below_->as<project_node>()) {
      for (const auto& e : p->expressions) columns_.push_back(e);
      below_ = below_->inputs[0];
    } else {
      for (std::size_t i = 0; i < below_->columns.size(); ++i)
        columns_.push_back(column_of(*below_, i));
    }
  }

  relation_ptr apply() {
    const auto* table = below_->as<window_table_node>();
    if (table == nullptr || !sort_keys() || !arguments_fit()) return relation_;
    const auto session = table->window.kind == window_kind::session;
    window_aggregate_node n;
    n.window = table->window;
    // The projection below the window: what is aggregated, then the time column.
    for (auto k : keys_) n.keys.push_back(below_column(k));
    if (session) by_end_of_session(n);
    for (auto call : node_.calls) {
      for (auto& a : call.arguments) a = below_column(a);
      if (call.filter) call.filter = below_column(*call.filter);
      n.calls.push_back(std::move(call));
    }
    n.window.time_column = session ? column_below(*below_, width() + 2)
                                   : column_below(below_->input(), table->window.time_column);
    n.properties = properties_;
    auto input = relation::project(session ? below_ : below_->inputs[0], std::move(expressions_),
                                   std::move(names_), below_->position);
    std::vector<std::string> results;
    for (auto i = node_.keys.size(); i < relation_->columns.size(); ++i)
      results.push_back(relation_->columns[i].name);
    auto fused = relation::window_aggregate(std::move(input), std::move(n), std::move(results),
                                            relation_->position);
    return in_former_order(fused, session);
  }

private:
  std::size_t width() const { return below_->input().columns.size(); }

  /// Which of window_start, window_end and window_time column `i` of the aggregate's input is.
  std::optional<std::uint8_t> property_of(std::size_t i) const {
    const auto& e = *columns_.at(i);
    if (e.kind() != expression_kind::input || e.index() < width()) return std::nullopt;
    return static_cast<std::uint8_t>(e.index() - width());
  }

  /// Tells window columns among the keys from others. False unless start and end are there.
  bool sort_keys() {
    for (auto k : node_.keys) {
      if (auto p = property_of(k)) {
        if (std::find(properties_.begin(), properties_.end(), *p) == properties_.end())
          properties_.push_back(*p);
      } else if (reads_only(*columns_.at(k), 0, width())) {
        keys_.push_back(k);
      } else {
        return false;
      }
    }
    auto has = [&](std::uint8_t p) {
      return std::find(properties_.begin(), properties_.end(), p) != properties_.end();
    };
    return has(0) && has(1);
  }

  bool arguments_fit() const {
    auto fits = [&](std::size_t i) { return reads_only(*columns_.at(i), 0, width()); };
    return std::all_of(node_.calls.begin(), node_.calls.end(), [&](const aggregate_call& c) {
      return std::all_of(c.arguments.begin(), c.arguments.end(), fits)
             && (!c.filter || fits(*c.filter));
    });
  }

  std::size_t below_column(std::size_t i) {
    const auto& e = columns_.at(i);
    for (std::size_t k = 0; k < expressions_.size(); ++k)
      if (*expressions_[k] == *e && e->deterministic()) return k;
    expressions_.push_back(e);
    names_.push_back(relation_->input().columns.at(i).name);
    return expressions_.size() - 1;
  }

  /// Rows of a session come with its window: what has the same window_time, a millisecond before
  /// the end, is complete when time has come to the end. The start is a key like others.
  void by_end_of_session(window_aggregate_node& n) {
    constexpr std::int64_t millisecond = 1000;
    n.window.kind = window_kind::tumble;
    n.window.size = n.window.slide = millisecond;
    n.keys.push_back(column_below(*below_, width()));
    std::erase(properties_, std::uint8_t{0});
  }

  /// Column `of_input` of `input` as one of the projection.
  std::size_t column_below(const relation& input, std::size_t of_input) {
    for (std::size_t k = 0; k < expressions_.size(); ++k)
      if (expressions_[k]->kind() == expression_kind::input && expressions_[k]->index() == of_input)
        return k;
    expressions_.push_back(column_of(input, of_input));
    names_.push_back(input.columns.at(of_input).name);
    return expressions_.size() - 1;
  }

  /// Keys and results in the order of the aggregate that this replaces.
  relation_ptr in_former_order(const relation_ptr& fused, bool session) const {
    std::vector<expression_ptr> expressions;
    const auto num_keys = keys_.size() + (session ? 1 : 0);
    std::size_t key = 0;
    for (auto k : node_.keys) {
      std::size_t from = key;
      if (auto p = property_of(k); p && session && *p == 0) {
        from = keys_.size();
      } else if (p) {
        auto at = std::find(properties_.begin(), properties_.end(), *p) - properties_.begin();
        from = num_keys + node_.calls.size() + static_cast<std::size_t>(at);
      } else {
        ++key;
      }
      expressions.push_back(column_of(*fused, from));
    }
    for (std::size_t i = 0; i < node_.calls.size(); ++i)
      expressions.push_back(column_of(*fused, num_keys + i));
    return relation::project(fused, std::move(expressions), column_names(*relation_),
                             relation_->position);
  }

  relation_ptr relation_;
  const aggregate_node& node_;
  relation_ptr below_;
  std::vector<expression_ptr> columns_; ///< of the aggregate's input, over the window table
  std::vector<std::size_t> keys_;       ///< that are no window columns
  std::vector<std::uint8_t> properties_;
  std::vector<expression_ptr> expressions_;
  std::vector<std::string> names_;
};

} // namespace

relation_ptr fuse_windows(const relation_ptr& plan) {
  return transform_up(plan, [](relation_ptr r) {
    if (const auto* n = r->as<aggregate_node>()) return window_fusion(r, *n).apply();
    return r;
  });
}

} // namespace sluice::table::rules
