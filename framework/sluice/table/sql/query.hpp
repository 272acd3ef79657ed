/// Queries as a syntax tree of plain values.
#pragma once

#include "sluice/table/sql/expression.hpp"

namespace sluice::sql {

// -- FROM ----------------------------------------------------------------------

struct table_ref;

/// `[AS] name [(column, ...)]`.
struct table_alias {
  place where;
  identifier name;
  std::vector<identifier> columns;

  friend bool operator==(const table_alias&, const table_alias&) = default;
};

/// A table or view of the catalog.
struct named_table {
  object_name name;
  std::vector<hint> hints;
  box<expr> as_of; ///< `FOR SYSTEM_TIME AS OF`, or none

  friend bool operator==(const named_table&, const named_table&) = default;
};

/// `(query)`; of LATERAL the query may name columns of the tables before it.
struct derived_table {
  bool lateral = false;
  box<sql::query> subquery;

  friend bool operator==(const derived_table&, const derived_table&) = default;
};

/// `TABLE(f(..))` or `f(..)`, the window functions TUMBLE, HOP ... among them.
struct table_function {
  bool lateral = false;
  call function;

  friend bool operator==(const table_function&, const table_function&) = default;
};

struct unnest {
  std::vector<expr> arrays; ///< at least one
  bool with_ordinality = false;

  friend bool operator==(const unnest&, const unnest&) = default;
};

enum class join_kind : std::uint8_t { comma, cross, inner, left, right, full };

/// Has ON or USING, or is natural, or is a comma or a cross join.
struct join {
  join_kind kind = join_kind::inner;
  bool natural = false;
  box<table_ref> left;
  box<table_ref> right;
  box<expr> on;
  std::vector<identifier> using_columns;

  friend bool operator==(const join&, const join&) = default;
};

struct table_ref {
  using variant = std::variant<named_table, derived_table, table_function, unnest, join>;

  place where;
  variant node;
  std::optional<table_alias> alias; ///< never of a join
  std::uint32_t height = 1;

  friend bool operator==(const table_ref&, const table_ref&) = default;
};

// -- SELECT --------------------------------------------------------------------

/// `*` or `table.*`.
struct star {
  std::optional<object_name> table;

  friend bool operator==(const star&, const star&) = default;
};

struct select_item {
  place where;
  std::variant<star, expr> value;
  std::optional<identifier> alias;

  friend bool operator==(const select_item&, const select_item&) = default;
};

enum class grouping_kind : std::uint8_t { expressions, rollup, cube, sets };

/// One item of GROUP BY. `expressions`: an expression, or of an item of the other kinds any number,
/// as `()` and `(a, b)`. The others: what is in their parentheses.
struct grouping_item {
  place where;
  grouping_kind kind = grouping_kind::expressions;
  std::vector<expr> values;         ///< of expressions
  std::vector<grouping_item> items; ///< of the others

  friend bool operator==(const grouping_item& a, const grouping_item& b) {
    return a.kind == b.kind && a.values == b.values && a.items == b.items;
  }
};

/// `name AS (specification)` of the WINDOW clause.
struct named_window {
  place where;
  identifier name;
  window_spec spec;

  friend bool operator==(const named_window&, const named_window&) = default;
};

struct select {
  std::vector<hint> hints;
  set_quantifier quantifier = set_quantifier::none;
  std::vector<select_item> items;
  box<table_ref> from; ///< or none
  box<expr> where;     ///< or none
  std::vector<grouping_item> group_by;
  box<expr> having; ///< or none
  std::vector<named_window> windows;

  friend bool operator==(const select&, const select&) = default;
};

// -- queries -------------------------------------------------------------------

struct query_body;

/// `VALUES (1, 'a'), (2, 'b')`: rows are row constructors or single expressions.
struct values {
  std::vector<expr> rows;

  friend bool operator==(const values&, const values&) = default;
};

/// `TABLE name` as a query.
struct explicit_table {
  object_name name;

  friend bool operator==(const explicit_table&, const explicit_table&) = default;
};

enum class set_operator : std::uint8_t { union_, intersect, except };

/// `a UNION b UNION c`: a chain of one operator, evaluated from the left, is one node.
struct set_operation {
  set_operator op = set_operator::union_;
  bool all = false;
  std::vector<query_body> operands; ///< at least two

  friend bool operator==(const set_operation&, const set_operation&);
};

/// A query in parentheses that has its own WITH, ORDER BY or LIMIT.
struct nested_query {
  box<sql::query> subquery;

  friend bool operator==(const nested_query&, const nested_query&) = default;
};

struct query_body {
  using variant = std::variant<select, values, explicit_table, set_operation, nested_query>;

  place where;
  variant node;
  std::uint32_t height = 1;

  friend bool operator==(const query_body&, const query_body&) = default;
};

inline bool operator==(const set_operation&, const set_operation&) = default;

/// `name [(column, ...)] AS (query)` of a WITH clause.
struct common_table {
  place where;
  identifier name;
  std::vector<identifier> columns;
  box<sql::query> subquery;

  friend bool operator==(const common_table&, const common_table&) = default;
};

struct query {
  place where;
  std::vector<common_table> with;
  query_body body;
  std::vector<order_item> order_by;
  box<expr> offset; ///< or none
  box<expr> limit;  ///< LIMIT or FETCH; none also for LIMIT ALL
  std::uint32_t height = 1;

  friend bool operator==(const query&, const query&) = default;
};

} // namespace sluice::sql
