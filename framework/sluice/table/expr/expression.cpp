#include "sluice/table/expr/expression.hpp"

#include "sluice/core/check.hpp"
#include "sluice/table/expr/cast.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace sluice::table {

std::string with_position(source_position at, const std::string& message) {
  if (at.line == 0) return message;
  return fmt::format("{}:{}: {}", at.line, at.column, message);
}

std::shared_ptr<expression> expression::make(expression_kind kind, data_type type,
                                             std::vector<expression_ptr> children,
                                             source_position at) {
  auto result = std::make_shared<expression>(access{});
  result->kind_ = kind;
  result->type_ = std::move(type);
  result->children_ = std::move(children);
  result->position_ = at;
  return result;
}

void expression::summarize() {
  constant_ = kind_ != expression_kind::input;
  bool calls = kind_ == expression_kind::call || kind_ == expression_kind::cast;
  deterministic_ = !calls || function_.deterministic;
  can_fail_ = calls && function_.can_fail;
  for (const auto& child : children_) {
    constant_ = constant_ && child->constant_;
    deterministic_ = deterministic_ && child->deterministic_;
    can_fail_ = can_fail_ || child->can_fail_;
  }
}

expression_ptr expression::input(std::size_t index, data_type type, std::string name,
                                 source_position at) {
  auto result = make(expression_kind::input, std::move(type), {}, at);
  result->index_ = index;
  result->name_ = std::move(name);
  result->summarize();
  return result;
}

expression_ptr expression::literal(scalar value, source_position at) {
  auto result = make(expression_kind::literal, value.type(), {}, at);
  result->value_ = std::move(value);
  return result;
}

expression_ptr expression::cast(expression_ptr value, const data_type& type, source_position at,
                                bool try_cast) {
  const auto& from = value->type();
  if (!can_cast_explicitly(from, type))
    throw binding_error(at,
                        fmt::format("cannot cast {} to {}", from.to_string(), type.to_string()));
  if (from.same_as(type)) return value;
  // What DECIMAL cannot hold becomes NULL, even without TRY_CAST.
  auto makes_null = try_cast || type.is(type_root::decimal);
  auto target = type.with_nullable(from.nullable() || (makes_null && cast_may_fail(from, type)));
  if (value->kind() == expression_kind::literal && value->value().is_null())
    return literal(scalar(target), at);
  auto result = make(expression_kind::cast, target, {std::move(value)}, at);
  result->function_ = make_cast(from, target, try_cast);
  result->try_cast_ = try_cast;
  result->summarize();
  return result;
}

expression_ptr expression::call(std::string name, resolved_call function,
                                std::vector<expression_ptr> arguments, source_position at) {
  SLUICE_CHECK(arguments.size() == function.arguments.size(), "{} got {} arguments, wants {}", name,
               arguments.size(), function.arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto where = arguments[i]->position();
    // Kernels do not look at the type of a column, so one that only its label changes stays.
    if (cast_keeps_values(arguments[i]->type(), function.arguments[i])) continue;
    arguments[i] = cast(std::move(arguments[i]), function.arguments[i], where);
  }
  auto result = make(expression_kind::call, function.result, std::move(arguments), at);
  result->name_ = std::move(name);
  result->function_ = std::move(function);
  result->summarize();
  return result;
}

namespace {

bool any_child_nullable(const std::vector<expression_ptr>& children) {
  return std::any_of(children.begin(), children.end(),
                     [](const expression_ptr& c) { return c->type().nullable(); });
}

/// The operands, with those of operands of the same kind in their place.
std::vector<expression_ptr> flattened_operands(std::vector<expression_ptr> operands,
                                               expression_kind kind, const char* name) {
  std::vector<expression_ptr> result;
  for (auto& o : operands) {
    if (!o->type().is(type_root::boolean) && !o->type().is(type_root::null))
      throw binding_error(o->position(), fmt::format("{} needs BOOLEAN operands, but got {}", name,
                                                     o->type().to_string()));
    if (o->kind() == kind)
      result.insert(result.end(), o->children().begin(), o->children().end());
    else
      result.push_back(o->type().is(type_root::null)
                         ? expression::literal(scalar(data_type::boolean()), o->position())
                         : o);
  }
  return result;
}

} // namespace

expression_ptr expression::all_of(std::vector<expression_ptr> operands, source_position at) {
  auto flat = flattened_operands(std::move(operands), expression_kind::and_, "AND");
  if (flat.size() == 1) return flat[0];
  auto type = data_type::boolean().with_nullable(any_child_nullable(flat));
  auto result = make(expression_kind::and_, type, std::move(flat), at);
  result->summarize();
  return result;
}

expression_ptr expression::any_of(std::vector<expression_ptr> operands, source_position at) {
  auto flat = flattened_operands(std::move(operands), expression_kind::or_, "OR");
  if (flat.size() == 1) return flat[0];
  auto type = data_type::boolean().with_nullable(any_child_nullable(flat));
  auto result = make(expression_kind::or_, type, std::move(flat), at);
  result->summarize();
  return result;
}

expression_ptr expression::case_when(std::vector<expression_ptr> parts, source_position at) {
  if (parts.size() % 2 == 0) parts.push_back(literal(scalar(), at));
  std::vector<data_type> types;
  for (std::size_t i = 1; i < parts.size(); i += 2) types.push_back(parts[i]->type());
  types.push_back(parts.back()->type());
  auto type = common_type(types);
  if (!type) {
    std::string names;
    for (const auto& t : types) names += (names.empty() ? "" : ", ") + t.to_string();
    throw binding_error(at, "the values of CASE have no common type: " + names);
  }
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    if (!parts[i]->type().is(type_root::boolean) && !parts[i]->type().is(type_root::null))
      throw binding_error(parts[i]->position(),
                          "a condition must be BOOLEAN, but is " + parts[i]->type().to_string());
    if (parts[i]->type().is(type_root::null))
      parts[i] = literal(scalar(data_type::boolean()), parts[i]->position());
    parts[i + 1] = cast(parts[i + 1], *type, at);
  }
  parts.back() = cast(parts.back(), *type, at);
  auto result = make(expression_kind::case_when, *type, std::move(parts), at);
  result->summarize();
  return result;
}

expression_ptr expression::coalesce(std::vector<expression_ptr> operands, source_position at) {
  std::vector<data_type> types;
  bool nullable = true;
  for (const auto& o : operands) {
    types.push_back(o->type());
    nullable = nullable && o->type().nullable();
  }
  auto type = common_type(types);
  if (!type) {
    std::string names;
    for (const auto& t : types) names += (names.empty() ? "" : ", ") + t.to_string();
    throw binding_error(at, "the arguments of COALESCE have no common type: " + names);
  }
  for (auto& o : operands) o = cast(o, *type, at);
  if (operands.size() == 1) return operands[0];
  auto result
    = make(expression_kind::coalesce, type->with_nullable(nullable), std::move(operands), at);
  result->summarize();
  return result;
}

expression_ptr expression::with_children(std::vector<expression_ptr> children) const {
  auto copy = std::make_shared<expression>(*this);
  copy->children_ = std::move(children);
  copy->summarize();
  return copy;
}

namespace {

constexpr std::array<std::string_view, 14> infix{"+", "-",  "*", "/",  "%",  "=",    "<>",
                                                 "<", "<=", ">", ">=", "||", "LIKE", "SIMILAR TO"};
constexpr std::array<std::string_view, 8> postfix{"IS NULL",     "IS NOT NULL",   "IS TRUE",
                                                  "IS NOT TRUE", "IS FALSE",      "IS NOT FALSE",
                                                  "IS UNKNOWN",  "IS NOT UNKNOWN"};

std::string joined(const std::vector<expression_ptr>& parts, std::string_view separator) {
  std::string text;
  for (const auto& p : parts) {
    if (!text.empty()) text += separator;
    text += p->to_string();
  }
  return text;
}

} // namespace

std::string expression::to_string() const {
  switch (kind_) {
  case expression_kind::input:
    return name_.empty() ? fmt::format("${}", index_) : name_;
  case expression_kind::literal:
    return value_.to_string();
  case expression_kind::cast:
    return fmt::format("{}({} AS {})", try_cast_ ? "TRY_CAST" : "CAST", children_[0]->to_string(),
                       type_.as_nullable().to_string());
  case expression_kind::and_:
    return "(" + joined(children_, " AND ") + ")";
  case expression_kind::or_:
    return "(" + joined(children_, " OR ") + ")";
  case expression_kind::coalesce:
    return "COALESCE(" + joined(children_, ", ") + ")";
  case expression_kind::case_when: {
    std::string text = "CASE";
    for (std::size_t i = 0; i + 1 < children_.size(); i += 2)
      text += " WHEN " + children_[i]->to_string() + " THEN " + children_[i + 1]->to_string();
    return text + " ELSE " + children_.back()->to_string() + " END";
  }
  case expression_kind::call:
    break;
  }
  if (children_.size() == 2 && std::find(infix.begin(), infix.end(), name_) != infix.end())
    return fmt::format("({} {} {})", children_[0]->to_string(), name_, children_[1]->to_string());
  if (children_.size() == 1 && std::find(postfix.begin(), postfix.end(), name_) != postfix.end())
    return children_[0]->to_string() + " " + name_;
  return name_ + "(" + joined(children_, ", ") + ")";
}

bool operator==(const expression& a, const expression& b) {
  if (&a == &b) return true;
  if (a.kind_ != b.kind_ || a.type_ != b.type_ || a.try_cast_ != b.try_cast_
      || a.children_.size() != b.children_.size())
    return false;
  if (a.kind_ == expression_kind::input && a.index_ != b.index_) return false;
  if (a.kind_ == expression_kind::literal && !(a.value_ == b.value_)) return false;
  if (a.kind_ == expression_kind::call && (a.name_ != b.name_ || !a.deterministic_)) return false;
  for (std::size_t i = 0; i < a.children_.size(); ++i)
    if (!(*a.children_[i] == *b.children_[i])) return false;
  return true;
}

expression_ptr transform(const expression_ptr& tree,
                         const std::function<expression_ptr(const expression_ptr&)>& f) {
  bool changed = false;
  std::vector<expression_ptr> children;
  for (const auto& child : tree->children()) {
    children.push_back(transform(child, f));
    changed = changed || children.back() != child;
  }
  return f(changed ? tree->with_children(std::move(children)) : tree);
}

std::vector<std::size_t> inputs_of(const expression& tree) {
  std::set<std::size_t> found;
  std::function<void(const expression&)> visit = [&](const expression& e) {
    if (e.kind() == expression_kind::input) found.insert(e.index());
    for (const auto& child : e.children()) visit(*child);
  };
  visit(tree);
  return {found.begin(), found.end()};
}

} // namespace sluice::table
