/// What the generated parser works on, and the bricks that its actions build trees from.
#pragma once

#include "sluice/table/sql/internal/token.hpp"
#include "sluice/table/sql/sql_error.hpp"
#include "sluice/table/sql/statement.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::sql::internal {

/// A syntax error as the parser sees it, before somebody made sense of it.
struct unexpected_token {
  std::size_t index = 0;     ///< in the tokens
  std::vector<int> expected; ///< token kinds that could have stood there
};

/// What stands between two commas of a table's schema.
struct keyed_column {
  column_definition column;
  std::optional<primary_key> key; ///< `PRIMARY KEY` behind the column
};
using schema_part = std::variant<keyed_column, watermark_definition, primary_key>;

/// One run of the parser over the tokens of one statement.
class parse_context {
public:
  /// `start` is the START_... token that selects what to parse. `tokens` ends with the end token.
  parse_context(std::string_view text, std::span<const token> tokens, int start)
    : text_(text), tokens_(tokens), start_(start) {}

  // -- for the parser ----------------------------------------------------------

  token next();
  [[noreturn]] void unexpected(std::vector<int> expected) const {
    throw unexpected_token{next_ == 0 ? 0 : next_ - 1, std::move(expected)};
  }
  [[noreturn]] static void not_supported(const std::string& what, const source_range& range) {
    throw sql_error("not supported yet: " + what, range);
  }

  // -- names, texts, numbers -----------------------------------------------------

  std::size_t num_read() const noexcept { return next_; }
  std::string_view text(const source_range& range) const { return text_of(text_, range); }
  identifier plain_name(const source_range& range) const;
  identifier quoted_name(const source_range& range) const;
  text_literal quoted_text(const source_range& range) const;
  /// A text and the part of it that follows. Errors: `sql_error` if they are on one line.
  static text_literal joined_text(text_literal text, const text_literal& part);
  text_literal unicode_text(const source_range& range, char escape) const;
  literal binary_text(const source_range& range) const;
  std::uint32_t integer(const source_range& range) const;
  static object_name name(identifier part);
  static object_name name(object_name name, identifier part);
  static object_name function_name(std::string_view name, const source_range& range);

  // -- expressions -----------------------------------------------------------------

  using expr_box = box<expr>;

  /// Sets place and height; throws when the tree gets too high.
  expr_box make(expr::variant node, const source_range& range) const;
  expr_box text_value(literal_kind kind, std::string text, const source_range& range) const {
    return make(literal{kind, std::move(text)}, range);
  }
  expr_box make_unary(unary_op op, expr_box operand, const source_range& range) const;
  expr_box make_binary(binary_op op, expr_box left, expr_box right,
                       const source_range& range) const;
  expr_box make_logical(logical_op op, expr_box left, expr_box right,
                        const source_range& range) const;
  expr_box make_call(call function, const source_range& range) const;
  expr_box make_special(std::string_view name, std::vector<expr_box> arguments,
                        const source_range& range) const;
  expr_box make_symbol(std::string_view text, const source_range& range) const;
  expr_box make_column(object_name name, const source_range& range) const;
  expr_box make_interval(bool negative, text_literal text, interval_qualifier unit,
                         const source_range& range) const;
  time_unit unit(const identifier& name) const;
  argument positional(expr_box value, const source_range& range) const;
  table_argument partitioned(object_name table, expr_box by) const;

  // -- types, queries ----------------------------------------------------------------

  type_syntax make_type(type_syntax type, const source_range& range) const;
  type_syntax simple_type(identifier name, const source_range& range) const;
  type_syntax long_type(identifier first, identifier second, const source_range& range) const;
  type_syntax zoned_type(type_syntax type, std::string zone, const source_range& range) const;

  table_ref make_table(table_ref::variant node, std::optional<table_alias> alias,
                       const source_range& range) const;
  table_ref make_join(join_kind kind, bool natural, table_ref left, table_ref right, join condition,
                      const source_range& range) const;
  grouping_item grouping(expr_box value, const source_range& range) const;
  query_body make_body(query_body::variant node, const source_range& range) const;
  query_body make_set_operation(set_operator op, bool all, query_body left, query_body right,
                                const source_range& range) const;
  query_body nest(query subquery, const source_range& range) const;
  query make_query(query value, const source_range& range) const;

  // -- statements ----------------------------------------------------------------------

  static void add(table_schema& schema, schema_part part);
  static void look_in(show& statement, object_name from);
  /// A word of the language that was written where a name may stand.
  bool is_word(const identifier& name, std::string_view word) const;
  explain_detail detail(const identifier& name) const;

  /// What was parsed, by the START_... token.
  std::variant<std::monostate, statement, box<expr>, query, type_syntax> parsed;

private:
  void check_height(std::uint32_t height, const source_range& range) const;

  std::string_view text_;
  std::span<const token> tokens_;
  int start_;
  bool started_ = false;
  std::size_t next_ = 0;
};

/// Moves what boxes hold into a vector.
std::vector<expr> unbox(std::vector<box<expr>> boxes);

} // namespace sluice::sql::internal
