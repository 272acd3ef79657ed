#include "sluice/table/bind/internal/joins.hpp"

#include <algorithm>
#include <optional>

namespace sluice::table::internal {

namespace {

enum class side : std::uint8_t { none, left, right, both };

/// Which side of a join an expression reads.
side side_of(const expression& e, std::size_t left_width) {
  bool left = false;
  bool right = false;
  for (auto i : inputs_of(e)) (i < left_width ? left : right) = true;
  if (left && right) return side::both;
  return left ? side::left : right ? side::right : side::none;
}

/// An equality between the sides, each over its own relation.
struct equality {
  expression_ptr left;
  expression_ptr right;
  bool null_safe = false;
};

std::optional<equality> equality_of(const expression& condition, std::size_t left_width) {
  if (condition.kind() != expression_kind::call) return std::nullopt;
  bool null_safe = condition.name() == "IS NOT DISTINCT FROM";
  if (!null_safe && condition.name() != "=") return std::nullopt;
  auto a = condition.children()[0];
  auto b = condition.children()[1];
  auto side_a = side_of(*a, left_width);
  auto side_b = side_of(*b, left_width);
  if (side_a == side::right && side_b == side::left) {
    std::swap(a, b);
    std::swap(side_a, side_b);
  }
  if (side_a != side::left || side_b != side::right) return std::nullopt;
  if (!a->deterministic() || !b->deterministic()) return std::nullopt;
  b = renumbered(b, [&](std::size_t i) { return i - left_width; });
  return equality{a, b, null_safe};
}

/// The type that holds both: comparing made them alike but for a length or precision.
data_type key_type(const data_type& a, const data_type& b) {
  if (a.same_as(b)) return a;
  if (a.is_character()) return data_type::string();
  if (a.is_binary()) return data_type::bytes();
  return a.precision() >= b.precision() ? a : b;
}

/// A side of a join that gets computed keys.
class keyed_side {
public:
  explicit keyed_side(relation_ptr input) : input_(std::move(input)) {}

  /// The number of the column with this value.
  std::size_t column(const expression_ptr& value) {
    if (value->kind() == expression_kind::input) return value->index();
    for (std::size_t i = 0; i < added_.size(); ++i)
      if (*added_[i] == *value) return width() + i;
    added_.push_back(value);
    names_.push_back("$key" + std::to_string(added_.size() - 1));
    return width() + added_.size() - 1;
  }

  std::size_t width() const { return input_->columns.size(); }
  std::size_t added() const { return added_.size(); }
  relation_ptr build(source_position where) const {
    return with_columns(input_, added_, names_, where);
  }

private:
  relation_ptr input_;
  std::vector<expression_ptr> added_;
  std::vector<std::string> names_;
};

/// The join without the computed keys of its sides.
relation_ptr without_keys(relation_ptr join, const keyed_side& left, const keyed_side& right,
                          bool left_only, source_position where) {
  std::vector<expression_ptr> kept;
  std::vector<std::string> names;
  auto keep = [&](std::size_t from, std::size_t count) {
    for (auto i = from; i < from + count; ++i) {
      kept.push_back(column_of(*join, i));
      names.push_back(join->columns[i].name);
    }
  };
  keep(0, left.width());
  if (!left_only) keep(left.width() + left.added(), right.width());
  return project(std::move(join), std::move(kept), std::move(names), where);
}

} // namespace

relation_ptr make_join(relation_ptr left_input, relation_ptr right_input, join_type type,
                       const std::vector<expression_ptr>& conditions, source_position where,
                       bool null_aware) {
  keyed_side left(std::move(left_input));
  keyed_side right(std::move(right_input));
  join_node node;
  node.type = type;
  node.null_aware = null_aware;
  std::vector<expression_ptr> others;
  for (const auto& condition : conditions) {
    auto found = equality_of(*condition, left.width());
    if (!found) {
      others.push_back(condition);
      continue;
    }
    auto common = key_type(found->left->type(), found->right->type());
    node.keys.push_back({left.column(as_type(found->left, common)),
                         right.column(as_type(found->right, common)), found->null_safe});
  }
  if (!others.empty()) {
    auto shift = left.added();
    auto width = left.width();
    node.condition = renumbered(expression::all_of(std::move(others), where),
                                [&](std::size_t i) { return i < width ? i : i + shift; });
  }
  auto join = relation::join(left.build(where), right.build(where), std::move(node), where);
  if (left.added() + right.added() == 0) return join;
  return without_keys(std::move(join), left, right,
                      type == join_type::semi || type == join_type::anti, where);
}

namespace {

/// Moves conditions into the inner joins of `input` that they connect; what is left stays in
/// `conditions`.
relation_ptr pushed_into_joins(const relation_ptr& input, std::vector<expression_ptr>& conditions) {
  const auto* join = input->as<join_node>();
  if (!join || join->type != join_type::inner) return input;
  auto left = input->inputs[0];
  auto right = input->inputs[1];
  auto left_width = left->columns.size();
  std::vector<expression_ptr> of_left;
  std::vector<expression_ptr> of_join;
  std::vector<expression_ptr> of_right;
  std::vector<expression_ptr> rest;
  for (auto& c : conditions) {
    auto which = side_of(*c, left_width);
    auto& target = !c->deterministic()           ? rest
                   : which == side::left         ? of_left
                   : which == side::right        ? of_right
                   : equality_of(*c, left_width) ? of_join
                                                 : rest;
    target.push_back(c);
  }
  bool mergeable = join->keys.empty() && !join->condition;
  if (!mergeable) {
    rest.insert(rest.end(), of_join.begin(), of_join.end());
    of_join.clear();
  }
  auto move_back = [&](std::vector<expression_ptr>& left_over, std::size_t shift) {
    for (auto& c : left_over)
      rest.push_back(renumbered(c, [&](std::size_t i) { return i + shift; }));
  };
  auto new_left = pushed_into_joins(left, of_left);
  for (auto& c : of_right) c = renumbered(c, [&](std::size_t i) { return i - left_width; });
  auto new_right = pushed_into_joins(right, of_right);
  move_back(of_left, 0);
  move_back(of_right, left_width);
  conditions = std::move(rest);
  if (!of_join.empty())
    return make_join(new_left, new_right, join_type::inner, of_join, input->position);
  if (new_left == left && new_right == right) return input;
  return input->with_inputs({new_left, new_right});
}

} // namespace

relation_ptr filtered(relation_ptr input, std::vector<expression_ptr> conditions,
                      source_position where) {
  auto wanted = conditions;
  auto result = pushed_into_joins(input, conditions);
  if (result == input) conditions = std::move(wanted); // as written
  if (conditions.empty()) return result;
  return relation::filter(std::move(result), expression::all_of(std::move(conditions), where),
                          where);
}

} // namespace sluice::table::internal
