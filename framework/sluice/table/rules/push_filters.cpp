#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <algorithm>

namespace sluice::table::rules {

namespace {

using conditions = std::vector<expression_ptr>;

relation_ptr push(const relation_ptr& r, conditions above);

relation_ptr filtered(relation_ptr r, conditions by) {
  auto condition = conjunction(std::move(by));
  if (!condition) return r;
  auto at = condition->position();
  return relation::filter(std::move(r), std::move(condition), at);
}

/// Pushes nothing through `r`, but whatever its inputs hold further down.
relation_ptr stop_here(const relation_ptr& r, conditions above) {
  std::vector<relation_ptr> inputs;
  for (const auto& in : r->inputs) inputs.push_back(push(in, {}));
  return filtered(inputs == r->inputs ? r : r->with_inputs(std::move(inputs)), std::move(above));
}

/// Splits `from` by whether `f` holds.
template <class F>
std::pair<conditions, conditions> split(conditions from, F&& f) {
  std::pair<conditions, conditions> parts;
  for (auto& c : from) (f(c) ? parts.first : parts.second).push_back(std::move(c));
  return parts;
}

relation_ptr through_project(const relation_ptr& r, const project_node& n, conditions above) {
  // A condition is moved below what it reads, unless that would change how often it is drawn.
  auto [through, stay] = split(std::move(above), [&](const expression_ptr& c) {
    for (auto i : inputs_of(*c))
      if (!n.expressions[i]->deterministic()) return false;
    return true;
  });
  for (auto& c : through) c = substitute(c, n.expressions);
  auto input = push(r->inputs[0], std::move(through));
  return filtered(relation::project(std::move(input), n.expressions, column_names(*r), r->position),
                  std::move(stay));
}

relation_ptr through_keys(const relation_ptr& r, const std::vector<std::size_t>& keys,
                          conditions above) {
  auto [through, stay] = split(std::move(above), [&](const expression_ptr& c) {
    return c->deterministic() && !keys.empty() && reads_only(*c, 0, keys.size());
  });
  for (auto& c : through) c = renumber(c, [&](std::size_t i) { return keys[i]; });
  return filtered(r->with_inputs({push(r->inputs[0], std::move(through))}), std::move(stay));
}

/// Conditions on columns of the input alone; columns that the relation adds come after those.
relation_ptr through_columns(const relation_ptr& r, conditions above,
                             const std::vector<std::size_t>* only = nullptr) {
  auto width = r->input().columns.size();
  auto [through, stay] = split(std::move(above), [&](const expression_ptr& c) {
    if (!c->deterministic() || !reads_only(*c, 0, width)) return false;
    if (only == nullptr) return true;
    auto read = inputs_of(*c);
    return std::all_of(read.begin(), read.end(), [&](std::size_t i) {
      return std::find(only->begin(), only->end(), i) != only->end();
    });
  });
  return filtered(r->with_inputs({push(r->inputs[0], std::move(through))}), std::move(stay));
}

relation_ptr through_union(const relation_ptr& r, const conditions& above) {
  std::vector<relation_ptr> inputs;
  for (const auto& in : r->inputs) inputs.push_back(push(in, above));
  return r->with_inputs(std::move(inputs));
}

/// Whether a condition is not TRUE when all of these columns are NULL. Not all that are, are told.
bool rejects_nulls(const expression& e, std::size_t first, std::size_t last) {
  if (e.kind() == expression_kind::input) return e.index() >= first && e.index() < last;
  bool calls = e.kind() == expression_kind::call || e.kind() == expression_kind::cast;
  if (!calls || !e.function().propagates_nulls) return false;
  return std::any_of(e.children().begin(), e.children().end(),
                     [&](const expression_ptr& c) { return rejects_nulls(*c, first, last); });
}

/// A join that is taken apart to be put together again.
class join_rule {
public:
  join_rule(const relation_ptr& r, const join_node& n)
    : relation_(r), node_(n), left_(r->inputs[0]), right_(r->inputs[1]),
      left_width_(left_->columns.size()), width_(left_width_ + right_->columns.size()) {
    if (n.condition) on_ = conjuncts(n.condition);
    node_.condition = nullptr;
  }

  relation_ptr apply(conditions above) {
    drop_unwanted_rows(above);
    const auto type = node_.type;
    const auto inner = type == join_type::inner;
    const auto semi = type == join_type::semi;
    // Of these, conditions of the join say only which right rows count.
    const auto anti = type == join_type::anti || type == join_type::mark;
    if (inner) {
      on_.insert(on_.end(), above.begin(), above.end());
      above.clear();
    }
    auto of_left = [&](const expression_ptr& c) {
      return c->deterministic() && reads_only(*c, 0, left_width_);
    };
    auto of_right = [&](const expression_ptr& c) {
      return c->deterministic() && reads_only(*c, left_width_, width_);
    };
    conditions left;
    conditions right;
    if (inner || semi) take(on_, left, of_left);
    if (inner || semi || type == join_type::left || anti)
      if (!node_.null_aware) take(on_, right, of_right);
    if (type == join_type::right) take(on_, left, of_left);
    if (type == join_type::left || semi || anti) take(above, left, of_left);
    if (type == join_type::right) take(above, right, of_right);
    for (auto& c : right) c = renumber(c, [&](std::size_t i) { return i - left_width_; });
    make_keys();
    left_ = push(left_, std::move(left));
    right_ = push(right_, std::move(right));
    return filtered(build(), std::move(above));
  }

private:
  /// An outer join need not make rows with NULLs that the conditions above do not let pass.
  void drop_unwanted_rows(const conditions& above) {
    auto rejected = [&](std::size_t first, std::size_t last) {
      return std::any_of(above.begin(), above.end(),
                         [&](const expression_ptr& c) { return rejects_nulls(*c, first, last); });
    };
    auto& type = node_.type;
    if ((type == join_type::right || type == join_type::full) && rejected(0, left_width_))
      type = type == join_type::full ? join_type::left : join_type::inner;
    if ((type == join_type::left || type == join_type::full) && rejected(left_width_, width_))
      type = type == join_type::full ? join_type::right : join_type::inner;
  }

  template <class F>
  static void take(conditions& from, conditions& to, F&& f) {
    auto [taken, rest] = split(std::move(from), f);
    to.insert(to.end(), taken.begin(), taken.end());
    from = std::move(rest);
  }

  /// Equalities between the sides become keys; what they compare becomes columns.
  void make_keys() {
    conditions rest;
    for (auto& c : on_) {
      auto e = as_equality(*c);
      if (!e || !add_key(*e)) rest.push_back(c);
    }
    on_ = std::move(rest);
  }

  bool add_key(equality e) {
    if (!e.left->deterministic() || !e.right->deterministic()) return false;
    if (!reads_only(*e.left, 0, left_width_)) std::swap(e.left, e.right);
    if (!reads_only(*e.left, 0, left_width_) || !reads_only(*e.right, left_width_, width_))
      return false;
    if (inputs_of(*e.left).empty() || inputs_of(*e.right).empty()) return false;
    if (!e.left->type().same_as(e.right->type())) return false;
    left_keys_.push_back(e.left);
    right_keys_.push_back(renumber(e.right, [&](std::size_t i) { return i - left_width_; }));
    null_safe_.push_back(e.null_safe);
    return true;
  }

  /// The number of the column of `side` that is `e`: one that it has, or one that is added.
  static std::size_t column_for(const expression_ptr& e, const relation& side,
                                std::vector<expression_ptr>& added) {
    if (e->kind() == expression_kind::input) return e->index();
    for (std::size_t i = 0; i < added.size(); ++i)
      if (*added[i] == *e) return side.columns.size() + i;
    added.push_back(e);
    return side.columns.size() + added.size() - 1;
  }

  static relation_ptr with_columns(const relation_ptr& side,
                                   const std::vector<expression_ptr>& added) {
    if (added.empty()) return side;
    std::vector<expression_ptr> all;
    auto names = column_names(*side);
    for (std::size_t i = 0; i < side->columns.size(); ++i) all.push_back(column_of(*side, i));
    for (std::size_t i = 0; i < added.size(); ++i) {
      all.push_back(added[i]);
      names.push_back("$key" + std::to_string(i));
    }
    return relation::project(side, std::move(all), std::move(names), side->position);
  }

  relation_ptr build() {
    std::vector<expression_ptr> more_left;
    std::vector<expression_ptr> more_right;
    for (std::size_t k = 0; k < left_keys_.size(); ++k)
      node_.keys.push_back({column_for(left_keys_[k], *left_, more_left),
                            column_for(right_keys_[k], *right_, more_right), null_safe_[k]});
    auto condition = conjunction(std::move(on_));
    if (more_left.empty() && more_right.empty()) {
      node_.condition = condition;
      return relation::join(left_, right_, std::move(node_), relation_->position);
    }
    if (condition)
      node_.condition = renumber(
        condition, [&](std::size_t i) { return i < left_width_ ? i : i + more_left.size(); });
    const auto right_width = width_ - left_width_;
    const auto mark = node_.type == join_type::mark;
    const auto has_right = !mark && node_.type != join_type::semi && node_.type != join_type::anti;
    auto joined = relation::join(with_columns(left_, more_left), with_columns(right_, more_right),
                                 std::move(node_), relation_->position);
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < left_width_; ++i) wanted.push_back(i);
    if (has_right)
      for (std::size_t i = 0; i < right_width; ++i)
        wanted.push_back(left_width_ + more_left.size() + i);
    if (mark) wanted.push_back(left_width_ + more_left.size());
    return select_columns(joined, wanted);
  }

  relation_ptr relation_;
  join_node node_;
  relation_ptr left_;
  relation_ptr right_;
  std::size_t left_width_;
  std::size_t width_;
  conditions on_;
  std::vector<expression_ptr> left_keys_;
  std::vector<expression_ptr> right_keys_;
  std::vector<bool> null_safe_;
};

relation_ptr push(const relation_ptr& r, conditions above) {
  if (const auto* n = r->as<filter_node>()) {
    auto own = conjuncts(n->condition);
    // What stood below is applied first: it may guard what stood above.
    own.insert(own.end(), above.begin(), above.end());
    return push(r->inputs[0], std::move(own));
  }
  if (const auto* n = r->as<project_node>()) return through_project(r, *n, std::move(above));
  if (const auto* n = r->as<aggregate_node>()) return through_keys(r, n->keys, std::move(above));
  if (const auto* n = r->as<window_aggregate_node>())
    return through_keys(r, n->keys, std::move(above));
  if (const auto* n = r->as<window_table_node>())
    return through_columns(r, std::move(above),
                           n->window.kind == window_kind::session ? &n->partition : nullptr);
  if (r->as<union_node>() != nullptr) return through_union(r, above);
  if (r->as<replicate_node>() != nullptr) return through_columns(r, std::move(above));
  if (const auto* n = r->as<join_node>()) return join_rule(r, *n).apply(std::move(above));
  if (const auto* n = r->as<sort_node>(); n != nullptr && !n->limit && n->offset == 0)
    return through_columns(r, std::move(above));
  if (const auto* n = r->as<over_rank_node>())
    return through_columns(r, std::move(above), &n->partition);
  if (const auto* n = r->as<rank_node>())
    return through_columns(r, std::move(above), &n->partition);
  return stop_here(r, std::move(above));
}

} // namespace

relation_ptr push_filters(const relation_ptr& plan) { return push(plan, {}); }

} // namespace sluice::table::rules
