#include "sluice/table/bind/internal/joins.hpp"

#include "sluice/table/types/type_rules.hpp"

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
  data_type type; // of the keys
  bool null_safe = false;
};

/// The type in which values of both are equal if and only if the comparison says so. Nothing if
/// there is none: two DECIMALs that need more than 38 digits together.
std::optional<data_type> key_type(const data_type& a, const data_type& b) {
  auto type = common_type(a, b);
  if (!type || !type->is(type_root::decimal)) return type;
  for (const auto& t : {decimal_of(a), decimal_of(b)})
    if (t.scale() > type->scale() || t.precision() - t.scale() > type->precision() - type->scale())
      return std::nullopt;
  return type;
}

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
  auto type = key_type(a->type(), b->type());
  if (!type) return std::nullopt;
  b = renumbered(b, [&](std::size_t i) { return i - left_width; });
  return equality{a, b, *type, null_safe};
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
                          join_type type, source_position where) {
  std::vector<expression_ptr> kept;
  std::vector<std::string> names;
  auto keep = [&](std::size_t from, std::size_t count) {
    for (auto i = from; i < from + count; ++i) {
      kept.push_back(column_of(*join, i));
      names.push_back(join->columns[i].name);
    }
  };
  keep(0, left.width());
  if (type == join_type::mark)
    keep(left.width() + left.added(), 1);
  else if (type != join_type::semi && type != join_type::anti)
    keep(left.width() + left.added(), right.width());
  return project(std::move(join), std::move(kept), std::move(names), where);
}

} // namespace

bool can_be_key(const data_type& a, const data_type& b) {
  auto compared = comparison_type(a, b);
  return compared && (common_type(a, b) ? key_type(a, b).has_value() : true);
}

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
    node.keys.push_back({left.column(as_type(found->left, found->type)),
                         right.column(as_type(found->right, found->type)), found->null_safe});
  }
  if (!others.empty()) {
    auto shift = left.added();
    auto width = left.width();
    node.condition = renumbered(expression::all_of(std::move(others), where),
                                [&](std::size_t i) { return i < width ? i : i + shift; });
  }
  auto join = relation::join(left.build(where), right.build(where), std::move(node), where);
  if (left.added() + right.added() == 0) return join;
  return without_keys(std::move(join), left, right, type, where);
}

namespace {

/// Whether rows of a side come out of the join as they went in, so that they can be filtered
/// before.
bool keeps(join_type type, side which) {
  if (type == join_type::inner) return true;
  if (which == side::right) return type == join_type::right;
  return type == join_type::left || type == join_type::semi || type == join_type::anti
         || type == join_type::mark;
}

/// Those of `conditions` that read one side only, over that side; null for the others.
std::vector<expression_ptr> of_side(const std::vector<expression_ptr>& conditions, side which,
                                    std::size_t left_width) {
  std::vector<expression_ptr> result(conditions.size());
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const auto& c = conditions[i];
    if (!c || !c->deterministic() || side_of(*c, left_width) != which) continue;
    result[i]
      = which == side::left ? c : renumbered(c, [&](std::size_t n) { return n - left_width; });
  }
  return result;
}

/// Makes those of `conditions` keys of the joins without keys in `input` that compare their sides,
/// and null in the list. The others stay where they are.
relation_ptr pushed_into_joins(const relation_ptr& input, std::vector<expression_ptr>& conditions) {
  const auto* join = input->as<join_node>();
  if (!join) return input;
  auto sides = input->inputs;
  auto left_width = sides[0]->columns.size();
  for (auto which : {side::left, side::right}) {
    if (!keeps(join->type, which)) continue;
    auto part = of_side(conditions, which, left_width);
    auto before = part;
    auto& target = sides[which == side::left ? 0 : 1];
    target = pushed_into_joins(target, part);
    for (std::size_t i = 0; i < part.size(); ++i)
      if (before[i] && !part[i]) conditions[i] = nullptr;
  }
  std::vector<expression_ptr> keys;
  if (join->type == join_type::inner && join->keys.empty() && !join->condition) {
    for (auto& c : conditions) {
      if (!c || !c->deterministic() || !equality_of(*c, left_width)) continue;
      keys.push_back(c);
      c = nullptr;
    }
  }
  if (!keys.empty()) return make_join(sides[0], sides[1], join_type::inner, keys, input->position);
  return sides == input->inputs ? input : input->with_inputs(std::move(sides));
}

} // namespace

relation_ptr filtered(relation_ptr input, std::vector<expression_ptr> conditions,
                      source_position where) {
  auto result = pushed_into_joins(input, conditions);
  std::erase(conditions, nullptr);
  if (conditions.empty()) return result;
  return relation::filter(std::move(result), expression::all_of(std::move(conditions), where),
                          where);
}

} // namespace sluice::table::internal
