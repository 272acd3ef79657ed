#include "sluice/table/bind/internal/aggregates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sluice::table::internal {

std::size_t grouping::add(const expression_ptr& key) {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (*keys[i] == *key) return i;
  keys.push_back(key);
  return keys.size() - 1;
}

expression_ptr retyped(const expression_ptr& tree, const function_registry& functions) {
  return transform(tree, [&](const expression_ptr& e) -> expression_ptr {
    switch (e->kind()) {
    case expression_kind::cast:
      return expression::cast(e->children()[0], e->type(), e->position(), e->is_try_cast());
    case expression_kind::and_:
      return expression::all_of(e->children(), e->position());
    case expression_kind::or_:
      return expression::any_of(e->children(), e->position());
    case expression_kind::case_when:
      return expression::case_when(e->children(), e->position());
    case expression_kind::coalesce:
      return expression::coalesce(e->children(), e->position());
    case expression_kind::call:
      return e->children().empty() ? e : functions.call(e->name(), e->children(), e->position());
    default:
      return e;
    }
  });
}

namespace {

/// The columns below an aggregate: keys, arguments and filters.
class aggregate_input {
public:
  explicit aggregate_input(relation_ptr input) : input_(std::move(input)) {}

  std::size_t add(const expression_ptr& value, const char* kind) {
    for (std::size_t i = 0; i < values_.size(); ++i)
      if (*values_[i] == *value && values_[i]->type() == value->type()) return i;
    values_.push_back(value);
    names_.push_back(value->kind() == expression_kind::input
                       ? input_->columns.at(value->index()).name
                       : fmt::format("${}{}", kind, values_.size() - 1));
    return values_.size() - 1;
  }

  /// Whether all are columns of the input: then no projection is needed.
  bool plain() const {
    return std::all_of(values_.begin(), values_.end(),
                       [](const expression_ptr& v) { return v->kind() == expression_kind::input; });
  }

  /// The number in the relation that `build` makes.
  std::size_t number(std::size_t added) const { return plain() ? values_[added]->index() : added; }

  relation_ptr build(source_position where) const {
    return plain() ? input_ : project(input_, values_, names_, where);
  }

private:
  relation_ptr input_;
  std::vector<expression_ptr> values_;
  std::vector<std::string> names_;
};

bool same_use(const aggregate_use& a, const aggregate_use& b) {
  if (a.name != b.name || a.distinct != b.distinct || a.arguments.size() != b.arguments.size()
      || static_cast<bool>(a.filter) != static_cast<bool>(b.filter))
    return false;
  for (std::size_t i = 0; i < a.arguments.size(); ++i)
    if (!(*a.arguments[i] == *b.arguments[i])) return false;
  return !a.filter || *a.filter == *b.filter;
}

/// A call whose columns are still those of an `aggregate_input`.
aggregate_call make_call(const aggregate_use& use, aggregate_input& columns) {
  aggregate_call call;
  call.name = use.name;
  call.function = use.function;
  call.distinct = use.distinct;
  for (std::size_t i = 0; i < use.arguments.size(); ++i) {
    const auto& argument = use.arguments[i];
    call.argument_types.push_back(argument_of(*argument));
    // COUNT counts anything, and takes no argument's type.
    auto value = i < use.function->arguments().size()
                   ? as_type(argument, use.function->arguments()[i])
                   : argument;
    call.arguments.push_back(columns.add(value, "arg"));
  }
  if (use.filter) call.filter = columns.add(use.filter, "filter");
  return call;
}

/// Which column of a window (0: start, 1: end, 2: time) column `i` of a relation is.
std::optional<std::size_t> window_property(const relation& r, std::size_t i) {
  if (r.as<window_table_node>()) {
    auto first = r.columns.size() - 3;
    return i >= first ? std::optional(i - first) : std::nullopt;
  }
  if (r.as<filter_node>()) return window_property(r.input(), i);
  const auto* project = r.as<project_node>();
  if (!project || project->expressions.at(i)->kind() != expression_kind::input) return std::nullopt;
  return window_property(r.input(), project->expressions[i]->index());
}

/// Groups of whole windows come in the order of time: then window_time goes on telling it.
relation_ptr with_window_time(relation_ptr grouped) {
  const auto& keys = grouped->as<aggregate_node>()->keys;
  std::vector<std::optional<std::size_t>> properties;
  for (auto k : keys) properties.push_back(window_property(grouped->input(), k));
  auto time = std::find(properties.begin(), properties.end(), std::optional<std::size_t>(2));
  bool whole = std::find(properties.begin(), properties.end(), std::optional<std::size_t>(0))
                 != properties.end()
               && std::find(properties.begin(), properties.end(), std::optional<std::size_t>(1))
                    != properties.end();
  if (!whole || time == properties.end()) return grouped;
  auto marked = std::make_shared<relation>(*grouped);
  auto number = static_cast<std::size_t>(time - properties.begin());
  marked->columns[number].time = grouped->input().columns[keys[number]].time;
  return marked;
}

/// The keys by number, the first one in the highest bit: 1 for those outside of the set.
expression_ptr grouping_bits(const std::vector<std::size_t>& keys,
                             const std::vector<std::size_t>* set, source_position where) {
  std::int64_t bits = 0;
  for (auto k : keys)
    bits = bits << 1 | (set && std::find(set->begin(), set->end(), k) == set->end() ? 1 : 0);
  return expression::literal(scalar::of(data_type::bigint().not_null(), bits), where);
}

/// What GROUPING asks about: keys by number. Nothing: GROUP_ID, which of equal sets it is.
using grouping_question = std::optional<std::vector<std::size_t>>;

expression_ptr number_of(std::int64_t n, source_position where) {
  return expression::literal(scalar::of(data_type::bigint().not_null(), n), where);
}

/// How many of the sets before set `i` are the same.
std::int64_t repetition(const std::vector<std::vector<std::size_t>>& sets, std::size_t i) {
  auto ordered = [](std::vector<std::size_t> keys) {
    std::sort(keys.begin(), keys.end());
    return keys;
  };
  auto same = [&](const auto& other) { return ordered(other) == ordered(sets[i]); };
  return std::count_if(sets.begin(), sets.begin() + static_cast<std::ptrdiff_t>(i), same);
}

/// One of several GROUPING SETS: all keys, those outside of the set as NULL, then the results, then
/// what GROUPING gives for each of `groupings`.
relation_ptr one_set(const relation_ptr& input, const aggregate_node& all,
                     const std::vector<std::size_t>& set, std::int64_t repeated,
                     const std::vector<std::string>& names,
                     const std::vector<grouping_question>& groupings, source_position where) {
  aggregate_node node;
  node.calls = all.calls;
  for (auto k : set) node.keys.push_back(all.keys[k]);
  auto grouped = relation::aggregate(input, std::move(node), names, where);
  std::vector<expression_ptr> values;
  std::vector<std::string> value_names;
  for (std::size_t k = 0; k < all.keys.size(); ++k) {
    const auto& column = input->columns.at(all.keys[k]);
    auto found = std::find(set.begin(), set.end(), k);
    values.push_back(found == set.end()
                       ? expression::literal(scalar(column.type.as_nullable()))
                       : column_of(*grouped, static_cast<std::size_t>(found - set.begin())));
    value_names.push_back(column.name);
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    values.push_back(column_of(*grouped, set.size() + i));
    value_names.push_back(names[i]);
  }
  for (std::size_t i = 0; i < groupings.size(); ++i) {
    values.push_back(groupings[i] ? grouping_bits(*groupings[i], &set, where)
                                  : number_of(repeated, where));
    value_names.push_back(fmt::format("$grouping{}", i));
  }
  return project(std::move(grouped), std::move(values), std::move(value_names), where);
}

} // namespace

grouped_relation::grouped_relation(const relation_ptr& input, grouping groups,
                                   const std::vector<aggregate_use>& uses,
                                   const function_registry& functions, source_position where)
  : functions_(functions), groups_(std::move(groups)) {
  aggregate_input columns(input);
  aggregate_node node;
  for (const auto& key : groups_.keys) node.keys.push_back(columns.add(key, "key"));
  std::vector<const aggregate_use*> different;
  std::vector<grouping_question> groupings;
  for (const auto& use : uses) {
    if (!use.function) { // GROUPING: where it is, is known when all calls are
      groupings.push_back(use.name == "GROUP_ID" ? grouping_question() : keys_of(use));
      results_.push_back(0);
      continue;
    }
    auto same = std::find_if(different.begin(), different.end(),
                             [&](const aggregate_use* other) { return same_use(*other, use); });
    results_.push_back(groups_.keys.size() + static_cast<std::size_t>(same - different.begin()));
    if (same != different.end()) continue;
    different.push_back(&use);
    node.calls.push_back(make_call(use, columns));
  }
  for (auto& k : node.keys) k = columns.number(k);
  for (auto& call : node.calls) {
    for (auto& a : call.arguments) a = columns.number(a);
    if (call.filter) call.filter = columns.number(*call.filter);
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < node.calls.size(); ++i) names.push_back(fmt::format("$agg{}", i));
  auto below = columns.build(where);
  groupings_.resize(uses.size());
  for (std::size_t u = 0, g = 0; u < uses.size(); ++u) {
    if (uses[u].function) continue;
    if (groups_.sets.empty())
      groupings_[u]
        = groupings[g] ? grouping_bits(*groupings[g], nullptr, where) : number_of(0, where);
    results_[u] = groups_.keys.size() + names.size() + g++;
  }
  if (groups_.sets.empty()) {
    relation_
      = with_window_time(relation::aggregate(below, std::move(node), std::move(names), where));
    return;
  }
  std::vector<relation_ptr> arms;
  for (std::size_t i = 0; i < groups_.sets.size(); ++i)
    arms.push_back(
      one_set(below, node, groups_.sets[i], repetition(groups_.sets, i), names, groupings, where));
  relation_ = arms.size() == 1 ? arms[0] : relation::union_all(std::move(arms), where);
}

/// The keys that GROUPING is asked about. Errors: `binding_error` for what is none.
std::vector<std::size_t> grouped_relation::keys_of(const aggregate_use& use) const {
  std::vector<std::size_t> result;
  for (const auto& argument : use.arguments) {
    auto found
      = std::find_if(groups_.keys.begin(), groups_.keys.end(),
                     [&](const expression_ptr& k) { return k == argument || *k == *argument; });
    if (found == groups_.keys.end())
      throw binding_error(argument->position(),
                          "Argument to operator 'GROUPING' must be a grouped expression");
    result.push_back(static_cast<std::size_t>(found - groups_.keys.begin()));
  }
  return result;
}

expression_ptr grouped_relation::rewrite(const expression_ptr& tree) const {
  for (std::size_t k = 0; k < groups_.keys.size(); ++k)
    if (tree == groups_.keys[k] || *tree == *groups_.keys[k])
      return column_of(*relation_, k, tree->position());
  if (tree->kind() == expression_kind::input) {
    auto index = tree->index();
    if (index >= placeholder::over) return tree;
    if (index >= placeholder::aggregate && groupings_.at(index - placeholder::aggregate))
      return groupings_[index - placeholder::aggregate];
    if (index >= placeholder::aggregate)
      return column_of(*relation_, results_.at(index - placeholder::aggregate), tree->position());
    bool by_number = std::any_of(groups_.keys.begin(), groups_.keys.end(), [](const auto& key) {
      return key->kind() == expression_kind::literal && key->type().is_integer();
    });
    throw binding_error(tree->position(),
                        fmt::format("Expression '{}' is not being grouped{}", tree->to_string(),
                                    by_number ? "; a number in GROUP BY is a value, not the place "
                                                "of a column"
                                              : ""));
  }
  if (tree->children().empty()) return tree;
  std::vector<expression_ptr> children;
  for (const auto& child : tree->children()) children.push_back(rewrite(child));
  auto result = tree->with_children(std::move(children));
  return groups_.sets.empty() ? result : retyped(result, functions_);
}

} // namespace sluice::table::internal
