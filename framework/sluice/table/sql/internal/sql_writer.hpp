/// Appends nodes of a syntax tree to a text.
#pragma once

#include "sluice/table/sql/statement.hpp"

#include <string>
#include <string_view>

namespace sluice::sql::internal {

/// How tightly an expression holds together; a node is put in parentheses where the place needs
/// more.
enum class binding : std::uint8_t {
  logical_or,
  logical_and,
  logical_not,
  comparison,
  predicate,
  sum,
  product,
  unary,
  primary
};

class sql_writer {
public:
  std::string take() && { return std::move(out_); }

  // -- names and texts ---------------------------------------------------------

  void raw(std::string_view text) { out_ += text; }
  void name(std::string_view text);
  void name(const identifier& part) { name(part.text); }
  void name(const object_name& parts);
  void names(const std::vector<identifier>& parts); ///< a, b
  void text(std::string_view value);
  void text(const text_literal& value) { text(value.text); }
  void option(const table_option& value);
  void hints(const std::vector<hint>& list); ///< with a blank before, if there are any
  void type(const type_syntax& node);
  void unit(const interval_qualifier& node);

  // -- expressions ---------------------------------------------------------------

  void value(const expr& node, binding needed = binding::logical_or);
  void values_of(const std::vector<expr>& list);
  void order(const std::vector<order_item>& list);
  void window(const window_spec& spec);

  // -- queries -------------------------------------------------------------------

  void whole(const query& node);
  void in_parens(const query& node);

  // -- statements ----------------------------------------------------------------

  void whole(const statement& node);
  void schema(const table_schema& n, std::string_view separator);

  /// `a, b, c`, each written by `write`.
  template <class List, class Write>
  void separated(const List& list, std::string_view separator, Write write) {
    bool first = true;
    for (const auto& item : list) {
      if (!first) raw(separator);
      first = false;
      write(item);
    }
  }

private:
  // Nodes of expressions.
  void write(const literal& n);
  void write(const interval_literal& n);
  void write(const column_ref& n) { name(n.name); }
  void write(const symbol& n) { raw(n.text); }
  void write(const unary& n);
  void write(const binary& n);
  void write(const logical& n);
  void write(const is_test& n);
  void write(const between& n);
  void write(const in_list& n);
  void write(const in_query& n);
  void write(const like& n);
  void write(const quantified& n);
  void write(const exists& n);
  void write(const scalar_subquery& n);
  void write(const case_expr& n);
  void write(const cast& n);
  void write(const row_constructor& n);
  void write(const array_constructor& n);
  void write(const map_constructor& n);
  void write(const element_access& n);
  void write(const field_access& n);
  void write(const call& n);
  void write(const json_call& n);
  void write(const table_argument& n);
  void write(const descriptor& n);

  bool special_call(const call& n);
  void arguments(const call& n);
  void function_name(const object_name& name);
  void bound(const frame_bound& n);
  void behavior(const json_behavior& n, std::string_view when);

  // Nodes of queries.
  void body(const query_body& node);
  void operand(const query_body& node, bool parens);
  void write(const select& n);
  void write(const values& n);
  void write(const explicit_table& n);
  void write(const set_operation& n);
  void write(const nested_query& n);
  void table(const table_ref& node);
  void write(const named_table& n);
  void write(const derived_table& n);
  void write(const table_function& n);
  void write(const unnest& n);
  void write(const join& n);
  void grouping(const grouping_item& item);

  // Nodes of statements.
  void write(const query& n) { whole(n); }
  void write(const insert& n);
  void write(const statement_set& n);
  void write(const create_table& n);
  void write(const alter_table& n);
  void write(const create_view& n);
  void write(const create_database& n);
  void write(const create_catalog& n);
  void write(const drop_object& n);
  void write(const use_catalog& n);
  void write(const use_database& n);
  void write(const show& n);
  void write(const describe& n);
  void write(const set_statement& n);
  void write(const reset_statement& n);
  void write(const explain& n);

  void column(const column_definition& n);
  void comment(const std::optional<text_literal>& n);
  void options(const std::vector<table_option>& list);

  std::string out_;
};

} // namespace sluice::sql::internal
