#include "sluice/table/rules/rewrite.hpp"

#include <unordered_map>

namespace sluice::table::rules {

namespace {

using memo = std::unordered_map<const relation*, relation_ptr>;

relation_ptr transform_up(const relation_ptr& plan,
                          const std::function<relation_ptr(relation_ptr)>& f, memo& done) {
  auto known = done.find(plan.get());
  if (known != done.end()) return known->second;
  std::vector<relation_ptr> inputs;
  auto changed = false;
  for (const auto& in : plan->inputs) {
    inputs.push_back(transform_up(in, f, done));
    changed |= inputs.back() != in;
  }
  auto result = f(changed ? plan->with_inputs(std::move(inputs)) : plan);
  done.emplace(plan.get(), result);
  return result;
}

} // namespace

relation_ptr transform_up(const relation_ptr& plan,
                          const std::function<relation_ptr(relation_ptr)>& f) {
  memo done;
  return transform_up(plan, f, done);
}

std::vector<expression_ptr> conjuncts(const expression_ptr& condition) {
  if (condition->kind() != expression_kind::and_) return {condition};
  std::vector<expression_ptr> parts;
  for (const auto& child : condition->children()) {
    auto further = conjuncts(child);
    parts.insert(parts.end(), further.begin(), further.end());
  }
  return parts;
}

expression_ptr conjunction(std::vector<expression_ptr> operands) {
  if (operands.empty()) return nullptr;
  if (operands.size() == 1) return std::move(operands[0]);
  return expression::all_of(std::move(operands));
}

expression_ptr substitute(const expression_ptr& e, const std::vector<expression_ptr>& by) {
  return transform(e, [&](const expression_ptr& node) {
    return node->kind() == expression_kind::input ? by.at(node->index()) : node;
  });
}

expression_ptr renumber(const expression_ptr& e,
                        const std::function<std::size_t(std::size_t)>& to) {
  return transform(e, [&](const expression_ptr& node) {
    if (node->kind() != expression_kind::input) return node;
    return expression::input(to(node->index()), node->type(), node->name(), node->position());
  });
}

bool reads_only(const expression& e, std::size_t begin, std::size_t end) {
  for (auto i : inputs_of(e))
    if (i < begin || i >= end) return false;
  return true;
}

std::optional<equality> as_equality(const expression& e) {
  if (e.kind() != expression_kind::call || e.children().size() != 2) return std::nullopt;
  if (e.name() == "=") return equality{e.children()[0], e.children()[1], false};
  if (e.name() == "IS NOT DISTINCT FROM") return equality{e.children()[0], e.children()[1], true};
  return std::nullopt;
}

relation_ptr select_columns(const relation_ptr& input, const std::vector<std::size_t>& columns) {
  std::vector<expression_ptr> expressions;
  std::vector<std::string> names;
  for (auto i : columns) {
    expressions.push_back(column_of(*input, i));
    names.push_back(input->columns.at(i).name);
  }
  return relation::project(input, std::move(expressions), std::move(names), input->position);
}

std::vector<std::string> column_names(const relation& r) {
  std::vector<std::string> names;
  for (const auto& c : r.columns) names.push_back(c.name);
  return names;
}

} // namespace sluice::table::rules
