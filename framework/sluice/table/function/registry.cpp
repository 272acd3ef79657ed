#include "sluice/table/function/registry.hpp"

#include "sluice/table/expr/similar_names.hpp"
#include "sluice/table/function/builtins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

namespace sluice::table {

namespace {

std::string in_capitals(std::string_view name) {
  std::string upper(name);
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

std::string types_text(std::span<const call_argument> arguments) {
  std::string text;
  for (const auto& a : arguments) {
    if (!text.empty()) text += ", ";
    text += a.type.as_nullable().to_string();
  }
  return "(" + text + ")";
}

std::vector<call_argument> arguments_of(const std::vector<expression_ptr>& arguments) {
  std::vector<call_argument> result;
  for (const auto& a : arguments) result.push_back(argument_of(*a));
  return result;
}

} // namespace

call_argument argument_of(const expression& e) {
  call_argument result{e.type(), std::nullopt};
  if (e.kind() == expression_kind::literal) result.literal = e.value();
  return result;
}

void check_argument_count(std::size_t count, std::size_t least, std::size_t most) {
  if (count >= least && count <= most) return;
  auto wanted = least == most ? std::to_string(least)
                : most > 1000 ? fmt::format("at least {}", least)
                              : fmt::format("{} to {}", least, most);
  throw plan_error(fmt::format("it takes {} arguments, but got {}", wanted, count));
}

std::string literal_text(const call_argument& argument, std::string_view what) {
  if (!argument.literal || argument.literal->is_null() || !argument.type.is_character())
    throw plan_error(fmt::format("{} must be a text literal", what));
  return argument.literal->text();
}

bool any_nullable(std::span<const call_argument> arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const call_argument& a) { return a.type.nullable(); });
}

void throw_no_overload(std::span<const call_argument> arguments,
                       const std::vector<std::string>& overloads) {
  std::string text;
  for (const auto& o : overloads) text += (text.empty() ? "" : " or ") + o;
  throw plan_error(fmt::format("it takes {}, but got {}", text, types_text(arguments)));
}

function_registry::function_registry() {
  add_arithmetic_functions(*this);
  add_comparison_functions(*this);
  add_math_functions(*this);
  add_string_functions(*this);
  add_pattern_functions(*this);
  add_time_functions(*this);
  add_hash_functions(*this);
  add_json_functions(*this);
  add_nested_functions(*this);
  add_count(*this);
  add_number_aggregates(*this);
  add_value_aggregates(*this);
  add_single_value(*this);
  add_special_forms();
}

const function_registry& function_registry::built_in() {
  static const function_registry instance;
  return instance;
}

void function_registry::add(scalar_function function) {
  auto shared = std::make_shared<const scalar_function>(std::move(function));
  auto insert = [&](const std::string& name) {
    if (!scalars_.emplace(in_capitals(name), shared).second)
      throw plan_error("there is a function " + name + " already");
  };
  insert(shared->name);
  for (const auto& alias : shared->aliases) insert(alias);
}

void function_registry::add(aggregate_definition function) {
  auto shared = std::make_shared<const aggregate_definition>(std::move(function));
  auto insert = [&](const std::string& name) {
    if (!aggregates_.emplace(in_capitals(name), shared).second)
      throw plan_error("there is an aggregate function " + name + " already");
  };
  insert(shared->name);
  for (const auto& alias : shared->aliases) insert(alias);
}

void function_registry::add_user_function(scalar_function function) {
  auto name = in_capitals(function.name);
  if (forms_.contains(name) || aggregates_.contains(name))
    throw plan_error("there is a function " + function.name + " already");
  function.name = name;
  add(std::move(function));
}

void function_registry::add_user_function(aggregate_definition function) {
  auto name = in_capitals(function.name);
  if (forms_.contains(name) || scalars_.contains(name))
    throw plan_error("there is a function " + function.name + " already");
  function.name = name;
  add(std::move(function));
}

const scalar_function* function_registry::find_scalar(std::string_view name) const {
  auto it = scalars_.find(in_capitals(name));
  return it == scalars_.end() ? nullptr : it->second.get();
}

const aggregate_definition* function_registry::find_aggregate(std::string_view name) const {
  auto it = aggregates_.find(in_capitals(name));
  return it == aggregates_.end() ? nullptr : it->second.get();
}

expression_ptr function_registry::call(std::string_view name, std::vector<expression_ptr> arguments,
                                       source_position at) const {
  auto upper = in_capitals(name);
  if (auto form = forms_.find(upper); form != forms_.end())
    return form->second.make(*this, std::move(arguments), at);
  const auto* function = find_scalar(upper);
  if (!function) {
    auto hint = similar_to(upper);
    throw binding_error(at, fmt::format("there is no function {}{}", upper,
                                        hint.empty() ? "" : "; did you mean " + hint + "?"));
  }
  try {
    auto given = arguments_of(arguments);
    return expression::call(function->name, function->resolve(given), std::move(arguments), at);
  } catch (const binding_error&) {
    throw;
  } catch (const plan_error& e) {
    throw binding_error(at, fmt::format("cannot apply {}: {}", function->signature, e.what()));
  }
}

std::shared_ptr<const aggregate_function>
function_registry::aggregate(std::string_view name, std::span<const call_argument> arguments,
                             bool retractable, source_position at) const {
  const auto* definition = find_aggregate(name);
  if (!definition) {
    auto hint = similar_to(in_capitals(name));
    throw binding_error(at, fmt::format("there is no aggregate function {}{}", in_capitals(name),
                                        hint.empty() ? "" : "; did you mean " + hint + "?"));
  }
  try {
    return definition->resolve(arguments, retractable);
  } catch (const plan_error& e) {
    throw binding_error(at, fmt::format("cannot apply {}: {}", definition->signature, e.what()));
  }
}

std::string function_registry::similar_to(std::string_view name) const {
  std::vector<std::string> names;
  auto consider = [&](const std::string& candidate) {
    if (std::isalpha(static_cast<unsigned char>(candidate[0])) != 0) names.push_back(candidate);
  };
  for (const auto& [candidate, function] : scalars_) consider(candidate);
  for (const auto& [candidate, function] : aggregates_) consider(candidate);
  for (const auto& [candidate, form] : forms_) consider(candidate);
  return similar_name(in_capitals(name), names);
}

std::vector<const scalar_function*> function_registry::scalar_functions() const {
  std::vector<const scalar_function*> result;
  for (const auto& [name, function] : scalars_)
    if (in_capitals(function->name) == name) result.push_back(function.get());
  return result;
}

std::vector<const aggregate_definition*> function_registry::aggregate_functions() const {
  std::vector<const aggregate_definition*> result;
  for (const auto& [name, function] : aggregates_)
    if (in_capitals(function->name) == name) result.push_back(function.get());
  return result;
}

// -- special forms
// ---------------------------------------------------------------------------------

namespace {

using arguments = std::vector<expression_ptr>;

void want(const char* name, const arguments& given, std::size_t least, std::size_t most,
          source_position at) {
  try {
    check_argument_count(given.size(), least, most);
  } catch (const plan_error& e) {
    throw binding_error(at, fmt::format("cannot apply {}: {}", name, e.what()));
  }
}

expression_ptr form_and(const function_registry&, arguments a, source_position at) {
  want("AND", a, 1, 100'000, at);
  return expression::all_of(std::move(a), at);
}

expression_ptr form_or(const function_registry&, arguments a, source_position at) {
  want("OR", a, 1, 100'000, at);
  return expression::any_of(std::move(a), at);
}

expression_ptr form_case(const function_registry&, arguments a, source_position at) {
  want("CASE", a, 2, 100'000, at);
  return expression::case_when(std::move(a), at);
}

expression_ptr form_coalesce(const function_registry&, arguments a, source_position at) {
  want("COALESCE", a, 1, 100'000, at);
  return expression::coalesce(std::move(a), at);
}

expression_ptr form_ifnull(const function_registry&, arguments a, source_position at) {
  want("IFNULL", a, 2, 2, at);
  return expression::coalesce(std::move(a), at);
}

expression_ptr form_if(const function_registry&, arguments a, source_position at) {
  want("IF", a, 3, 3, at);
  return expression::case_when(std::move(a), at);
}

expression_ptr form_nullif(const function_registry& r, arguments a, source_position at) {
  want("NULLIF", a, 2, 2, at);
  auto value = a[0];
  auto same = r.call("=", std::move(a), at);
  return expression::case_when(
    {same, expression::literal(scalar(value->type().as_nullable()), at), value}, at);
}

expression_ptr form_in(const function_registry& r, arguments a, source_position at) {
  want("IN", a, 2, 100'000, at);
  arguments tests;
  for (std::size_t i = 1; i < a.size(); ++i) tests.push_back(r.call("=", {a[0], a[i]}, at));
  return expression::any_of(std::move(tests), at);
}

expression_ptr form_not_in(const function_registry& r, arguments a, source_position at) {
  return r.call("NOT", {form_in(r, std::move(a), at)}, at);
}

expression_ptr form_between(const function_registry& r, arguments a, source_position at) {
  want("BETWEEN", a, 3, 3, at);
  return expression::all_of({r.call(">=", {a[0], a[1]}, at), r.call("<=", {a[0], a[2]}, at)}, at);
}

expression_ptr form_not_between(const function_registry& r, arguments a, source_position at) {
  want("NOT BETWEEN", a, 3, 3, at);
  return expression::any_of({r.call("<", {a[0], a[1]}, at), r.call(">", {a[0], a[2]}, at)}, at);
}

expression_ptr form_between_symmetric(const function_registry& r, arguments a, source_position at) {
  want("BETWEEN SYMMETRIC", a, 3, 3, at);
  auto reversed = arguments{a[0], a[2], a[1]};
  return expression::any_of(
    {form_between(r, std::move(a), at), form_between(r, std::move(reversed), at)}, at);
}

expression_ptr form_not_between_symmetric(const function_registry& r, arguments a,
                                          source_position at) {
  return r.call("NOT", {form_between_symmetric(r, std::move(a), at)}, at);
}

/// Periods of two times, or of a time and an interval, in either order.
expression_ptr form_overlaps(const function_registry& r, arguments a, source_position at) {
  want("OVERLAPS", a, 4, 4, at);
  auto end_of = [&](const expression_ptr& from, const expression_ptr& to) {
    return to->type().is_interval() ? r.call("+", {from, to}, at) : to;
  };
  auto a_end = end_of(a[0], a[1]);
  auto b_end = end_of(a[2], a[3]);
  auto first = [&](const expression_ptr& x, const expression_ptr& y) {
    return r.call("LEAST", {x, y}, at);
  };
  auto last = [&](const expression_ptr& x, const expression_ptr& y) {
    return r.call("GREATEST", {x, y}, at);
  };
  return expression::all_of({r.call("<=", {first(a[0], a_end), last(a[2], b_end)}, at),
                             r.call("<=", {first(a[2], b_end), last(a[0], a_end)}, at)},
                            at);
}

} // namespace

void function_registry::add_special_forms() {
  forms_ = {
    {"AND", {form_and, "Whether both are TRUE; the second is not computed if the first is FALSE."}},
    {"OR", {form_or, "Whether one is TRUE; the second is not computed if the first is TRUE."}},
    {"CASE", {form_case, "The value of the first condition that is TRUE."}},
    {"COALESCE", {form_coalesce, "The first argument that is not NULL."}},
    {"IFNULL", {form_ifnull, "The first argument, or the second if that is NULL."}},
    {"IF", {form_if, "One value or the other."}},
    {"NULLIF", {form_nullif, "NULL if both are equal, else the first."}},
    {"IN", {form_in, "Whether it equals one of the values."}},
    {"NOT IN", {form_not_in, "Whether it equals none of the values."}},
    {"BETWEEN", {form_between, "Whether it lies between two values, or is one of them."}},
    {"BETWEEN ASYMMETRIC", {form_between, "The same as BETWEEN."}},
    {"BETWEEN SYMMETRIC", {form_between_symmetric, "BETWEEN in either order of the bounds."}},
    {"NOT BETWEEN", {form_not_between, "Whether it lies outside."}},
    {"NOT BETWEEN ASYMMETRIC", {form_not_between, "The same as NOT BETWEEN."}},
    {"NOT BETWEEN SYMMETRIC",
     {form_not_between_symmetric, "NOT BETWEEN in either order of the bounds."}},
    {"OVERLAPS", {form_overlaps, "Whether two periods have a time in common."}},
  };
}

std::optional<function_registry::description>
function_registry::describe(std::string_view name) const {
  if (const auto* f = find_scalar(name)) return description{f->doc, f};
  if (const auto* f = find_aggregate(name)) return description{f->doc, f};
  if (auto it = forms_.find(name); it != forms_.end())
    return description{it->second.doc, &it->second};
  if (name == "CAST")
    return description{"The value as another type; an error if it cannot be.", &forms_};
  if (name == "TRY_CAST")
    return description{"The value as another type; NULL if it cannot be.", &forms_};
  return std::nullopt;
}

} // namespace sluice::table
