/// Builds and evaluates expressions in tests.
#pragma once

#include "sluice/table/column/text.hpp"
#include "sluice/table/expr/cast.hpp"
#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/function/registry.hpp"

#include <initializer_list>
#include <string>
#include <vector>

namespace sluice::table::test {

inline expression_context& context() {
  static expression_context instance = [] {
    expression_context c;
    c.zone = *time_zone::find("Europe/Berlin");
    c.now_micros = 1'600'000'000'123'456; // 2020-09-13 12:26:40.123456 UTC
    return c;
  }();
  return instance;
}

/// A literal of any type from its text.
inline scalar value(std::string_view text, std::string_view type) {
  return cast_scalar(scalar::of(data_type::string().not_null(), std::string(text)),
                     data_type::parse(type), context());
}

struct arg {
  arg(int v) : value(scalar::of(std::int32_t{v})) {}
  arg(std::int64_t v) : value(scalar::of(v)) {}
  arg(double v) : value(scalar::of(v)) {}
  arg(bool v) : value(scalar::of(v)) {}
  arg(const char* v) : value(scalar::of(v)) {}
  arg(scalar v) : value(std::move(v)) {}

  scalar value;
};

inline arg of(std::string_view text, std::string_view type) { return arg(value(text, type)); }
inline arg null_of(std::string_view type) { return arg(scalar(data_type::parse(type))); }

inline std::string text_of(const column& c, std::size_t row) {
  if (c.is_null(row)) return "NULL";
  std::string out;
  append_cast_text(out, c, row, context().zone);
  return out;
}

inline expression_ptr literal(const arg& a) { return expression::literal(a.value); }

inline std::vector<expression_ptr> literals(const std::vector<arg>& args) {
  std::vector<expression_ptr> result;
  for (const auto& a : args) result.push_back(literal(a));
  return result;
}

/// The value of an expression without input.
inline std::string evaluate(const expression_ptr& tree) {
  columnar_batch one(std::vector<column_ptr>{}, 1);
  return text_of(*evaluator(tree, context()).evaluate(one), 0);
}

/// The value of a call of literals.
inline std::string call(std::string_view name, const std::vector<arg>& args) {
  return evaluate(function_registry::built_in().call(name, literals(args)));
}

/// The type of a call of literals.
inline std::string type_of(std::string_view name, const std::vector<arg>& args) {
  return function_registry::built_in().call(name, literals(args))->type().to_string();
}

/// The same with arguments from columns: rows 0 and 2 hold the arguments, in row 1 all are NULL,
/// which must be unselected or NULL as well. Literals stay where `fixed` says so.
inline std::vector<std::string> call_on_columns(std::string_view name, const std::vector<arg>& args,
                                                const std::vector<std::size_t>& fixed = {}) {
  std::vector<column_ptr> columns;
  std::vector<expression_ptr> inputs;
  for (std::size_t i = 0; i < args.size(); ++i) {
    bool keep = std::find(fixed.begin(), fixed.end(), i) != fixed.end();
    if (keep) {
      inputs.push_back(literal(args[i]));
      continue;
    }
    auto c = std::make_shared<column>(args[i].value.type().as_nullable());
    args[i].value.append_to(*c);
    c->append_null();
    args[i].value.append_to(*c);
    inputs.push_back(expression::input(columns.size(), c->type()));
    columns.push_back(std::move(c));
  }
  columnar_batch in(std::move(columns), 3);
  auto tree = function_registry::built_in().call(name, std::move(inputs));
  evaluator run(tree, context());
  auto result = run.evaluate(in);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 3; ++i) texts.push_back(text_of(*result, i));
  return texts;
}

} // namespace sluice::table::test
