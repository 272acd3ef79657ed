#include "sluice/table/bind/internal/support.hpp"

#include "sluice/table/expr/similar_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace sluice::table::internal {

void not_supported(const sql::source_range& where, std::string_view what) {
  throw binding_error(at(where), fmt::format("not supported yet: {}", what));
}

std::string upper_case(std::string_view text) {
  std::string result(text);
  for (auto& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

std::string dotted(const sql::object_name& name) {
  std::string text;
  for (const auto& part : name.parts) text += (text.empty() ? "" : ".") + part.text;
  return text;
}

expression_ptr as_type(const expression_ptr& value, const data_type& type) {
  if (value->type().is(type_root::null) && !type.is(type_root::null))
    return expression::literal(scalar(type.as_nullable()), value->position());
  return expression::cast(value, type, value->position());
}

expression_ptr field_of(const expression_ptr& row, const sql::identifier& field,
                        const function_registry& functions) {
  auto where = at(field.where);
  if (!row->type().is(type_root::row))
    throw binding_error(where, fmt::format("there is no field '{}': {} is no ROW", field.text,
                                           row->type().as_nullable().to_string()));
  auto names = row->type().field_names();
  if (std::find(names.begin(), names.end(), field.text) == names.end())
    throw binding_error(where,
                        fmt::format("there is no field '{}'{}; the ROW has {}", field.text,
                                    did_you_mean(field.text, names), fmt::join(names, ", ")));
  return functions.call("DOT", {row, expression::literal(scalar::of(field.text))}, where);
}

std::vector<expression_ptr> columns_of(const relation& r) {
  std::vector<expression_ptr> result;
  result.reserve(r.columns.size());
  for (std::size_t i = 0; i < r.columns.size(); ++i) result.push_back(column_of(r, i));
  return result;
}

std::vector<std::string> names_of(const relation& r) {
  std::vector<std::string> result;
  result.reserve(r.columns.size());
  for (const auto& c : r.columns) result.push_back(c.name);
  return result;
}

relation_ptr with_columns(relation_ptr input, const std::vector<expression_ptr>& added,
                          const std::vector<std::string>& names, source_position where) {
  if (added.empty()) return input;
  auto expressions = columns_of(*input);
  auto all_names = names_of(*input);
  expressions.insert(expressions.end(), added.begin(), added.end());
  all_names.insert(all_names.end(), names.begin(), names.end());
  return project(std::move(input), std::move(expressions), std::move(all_names), where);
}

relation_ptr first_columns(relation_ptr input, std::size_t count, source_position where) {
  if (input->columns.size() == count) return input;
  auto expressions = columns_of(*input);
  auto names = names_of(*input);
  expressions.resize(count);
  names.resize(count);
  return project(std::move(input), std::move(expressions), std::move(names), where);
}

relation_ptr renamed(relation_ptr input, const std::vector<std::string>& names,
                     source_position where) {
  if (names == names_of(*input)) return input;
  auto expressions = columns_of(*input);
  return project(std::move(input), std::move(expressions), names, where);
}

relation_ptr project(relation_ptr input, std::vector<expression_ptr> expressions,
                     std::vector<std::string> names, source_position where) {
  return relation::project(std::move(input), std::move(expressions), std::move(names), where);
}

void make_unique(std::vector<std::string>& names) {
  // What somebody wrote stays: only the later ones of equal names change.
  std::set<std::string> written(names.begin(), names.end());
  std::set<std::string> taken;
  for (auto& name : names) {
    if (taken.insert(name).second) continue;
    for (std::size_t n = 0;; ++n) {
      auto candidate = fmt::format("{}{}", name, n);
      if (written.contains(candidate) || !taken.insert(candidate).second) continue;
      name = std::move(candidate);
      break;
    }
  }
}

void split_conjunction(const expression_ptr& condition, std::vector<expression_ptr>& out) {
  if (condition->kind() != expression_kind::and_) {
    out.push_back(condition);
    return;
  }
  for (const auto& child : condition->children()) split_conjunction(child, out);
}

} // namespace sluice::table::internal
