/// Expressions as a syntax tree of plain values.
#pragma once

#include "sluice/table/sql/type_syntax.hpp"

#include <variant>

namespace sluice::sql {

struct expr;
struct query;

// -- literals and names --------------------------------------------------------

enum class literal_kind : std::uint8_t {
  null,
  boolean,            ///< text is TRUE, FALSE or UNKNOWN
  exact_number,       ///< digits with at most one point
  approximate_number, ///< with an exponent
  string,
  binary, ///< hexadecimal digits in upper case
  date,
  time,
  timestamp ///< the last three: the text between the quotes, unchecked
};

struct literal {
  literal_kind kind = literal_kind::null;
  std::string text;

  friend bool operator==(const literal&, const literal&) = default;
};

/// `INTERVAL -'1 12' DAY TO HOUR`.
struct interval_literal {
  bool negative = false;
  std::string text;
  interval_qualifier unit;

  friend bool operator==(const interval_literal&, const interval_literal&) = default;
};

/// A column, or a field of a ROW column: which, the catalog decides.
struct column_ref {
  object_name name;

  friend bool operator==(const column_ref&, const column_ref&) = default;
};

/// A word that is an argument of a function with its own syntax: a time unit, BOTH, LEADING ...
struct symbol {
  std::string text; ///< in upper case

  friend bool operator==(const symbol&, const symbol&) = default;
};

// -- operators -----------------------------------------------------------------

enum class unary_op : std::uint8_t { minus, plus, logical_not };

struct unary {
  unary_op op = unary_op::minus;
  box<expr> operand;

  friend bool operator==(const unary&, const unary&) = default;
};

enum class binary_op : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  concat,
  equal,
  not_equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  distinct,     ///< IS DISTINCT FROM
  not_distinct, ///< IS NOT DISTINCT FROM
  overlaps
};

struct binary {
  binary_op op = binary_op::add;
  box<expr> left;
  box<expr> right;

  friend bool operator==(const binary&, const binary&) = default;
};

enum class logical_op : std::uint8_t { logical_and, logical_or };

/// `a AND b AND c`: a chain of one operator is one node, however long.
struct logical {
  logical_op op = logical_op::logical_and;
  std::vector<expr> operands; ///< at least two

  friend bool operator==(const logical&, const logical&) = default;
};

enum class test_kind : std::uint8_t {
  null,
  is_true,
  is_false,
  unknown,
  json_value,
  json_scalar,
  json_array,
  json_object
};

/// `operand IS [NOT] NULL` and its like.
struct is_test {
  test_kind kind = test_kind::null;
  bool negated = false;
  box<expr> operand;

  friend bool operator==(const is_test&, const is_test&) = default;
};

struct between {
  bool negated = false;
  bool symmetric = false;
  box<expr> operand;
  box<expr> low;
  box<expr> high;

  friend bool operator==(const between&, const between&) = default;
};

struct in_list {
  bool negated = false;
  box<expr> operand;
  std::vector<expr> items; ///< at least one

  friend bool operator==(const in_list&, const in_list&) = default;
};

struct in_query {
  bool negated = false;
  box<expr> operand;
  box<sql::query> subquery;

  friend bool operator==(const in_query&, const in_query&) = default;
};

enum class like_kind : std::uint8_t { like, similar_to };

struct like {
  like_kind kind = like_kind::like;
  bool negated = false;
  box<expr> operand;
  box<expr> pattern;
  box<expr> escape; ///< or none

  friend bool operator==(const like&, const like&) = default;
};

/// `operand op ANY (query)`, `operand op ALL (query)`.
struct quantified {
  binary_op op = binary_op::equal;
  bool all = false;
  box<expr> operand;
  box<sql::query> subquery;

  friend bool operator==(const quantified&, const quantified&) = default;
};

struct exists {
  box<sql::query> subquery;

  friend bool operator==(const exists&, const exists&) = default;
};

struct scalar_subquery {
  box<sql::query> subquery;

  friend bool operator==(const scalar_subquery&, const scalar_subquery&) = default;
};

// -- CASE, CAST, constructors, access --------------------------------------------

struct when_clause;

/// `CASE [operand] WHEN .. THEN .. ELSE .. END`.
struct case_expr {
  box<expr> operand; ///< or none
  std::vector<when_clause> whens;
  box<expr> otherwise; ///< or none

  friend bool operator==(const case_expr&, const case_expr&);
};

struct cast {
  bool safe = false; ///< TRY_CAST
  box<expr> operand;
  type_syntax type;

  friend bool operator==(const cast&, const cast&) = default;
};

struct row_constructor {
  std::vector<expr> items;

  friend bool operator==(const row_constructor&, const row_constructor&) = default;
};

struct array_constructor {
  std::vector<expr> items;

  friend bool operator==(const array_constructor&, const array_constructor&) = default;
};

struct map_constructor {
  std::vector<expr> items; ///< key, value, key, value ...

  friend bool operator==(const map_constructor&, const map_constructor&) = default;
};

/// `base[index]` of an ARRAY, a MAP or a ROW.
struct element_access {
  box<expr> base;
  box<expr> index;

  friend bool operator==(const element_access&, const element_access&) = default;
};

/// `base.field`, where base is not a plain name: `f(x).a`, `rows[1].a`.
struct field_access {
  box<expr> base;
  identifier field;

  friend bool operator==(const field_access&, const field_access&) = default;
};

// -- functions -----------------------------------------------------------------

/// `value`, or `name => value`.
struct argument;

/// `expression [ASC | DESC] [NULLS FIRST | NULLS LAST]`.
struct order_item;

/// `[name] [PARTITION BY ..] [ORDER BY ..] [ROWS | RANGE ..]`.
struct window_spec;

enum class set_quantifier : std::uint8_t { none, all, distinct };
enum class null_treatment : std::uint8_t { none, ignore, respect };

/// A function call with all that an aggregate may have.
///
/// Special syntax is reduced to it, with the name in upper case: `EXTRACT(DAY FROM x)` is EXTRACT
/// with the symbol DAY and x; `FLOOR(x TO DAY)` is FLOOR with x and the symbol; `TRIM(BOTH c FROM
/// x)` is TRIM with the symbol BOTH, c and x; `POSITION(a IN b)`, `OVERLAY(a PLACING b FROM c FOR
/// d)` and `SUBSTRING(a FROM b FOR c)` have their arguments in this order. CURRENT_DATE and its
/// like have none.
struct call {
  object_name name;
  set_quantifier quantifier = set_quantifier::none;
  bool star = false; ///< `COUNT(*)`
  std::vector<argument> arguments;
  std::vector<order_item> order_by;
  null_treatment nulls = null_treatment::none;
  std::vector<order_item> within_group;
  box<expr> filter;      ///< or none
  box<window_spec> over; ///< or none; `OVER name` is a spec of which only `base` is set

  friend bool operator==(const call&, const call&);
};

enum class json_behavior_kind : std::uint8_t {
  none,
  null,
  error,
  true_value,
  false_value,
  unknown,
  empty_array,
  empty_object,
  default_value
};

/// `NULL ON EMPTY`, `DEFAULT 0 ON ERROR`.
struct json_behavior {
  json_behavior_kind kind = json_behavior_kind::none;
  box<expr> value; ///< of default_value

  friend bool operator==(const json_behavior&, const json_behavior&) = default;
};

enum class json_wrapper : std::uint8_t { none, without, conditional, unconditional };

enum class json_function : std::uint8_t {
  exists,
  value,
  query,
  object,    ///< items are key, value, key, value ...
  array,     ///
  objectagg, ///< one key and one value
  arrayagg
};

/// The JSON functions that have clauses of their own. A clause that was not written is `none`.
struct json_call {
  json_function function = json_function::value;
  std::vector<expr> items; ///< document and path, or what is put together
  std::optional<type_syntax> returning;
  json_wrapper wrapper = json_wrapper::none;
  json_behavior on_empty;
  json_behavior on_error;
  std::optional<bool> absent_on_null; ///< ABSENT ON NULL or NULL ON NULL
  box<expr> filter;                   ///< of the aggregates, or none

  friend bool operator==(const json_call&, const json_call&) = default;
};

/// `TABLE name [PARTITION BY ..] [ORDER BY ..]` as an argument.
struct table_argument {
  object_name table;
  std::vector<expr> partition_by;
  std::vector<order_item> order_by;

  friend bool operator==(const table_argument&, const table_argument&);
};

/// `DESCRIPTOR(a, b)`.
struct descriptor {
  std::vector<identifier> columns;

  friend bool operator==(const descriptor&, const descriptor&) = default;
};

// -- the node ------------------------------------------------------------------

/// Any expression.
struct expr {
  using variant
    = std::variant<literal, interval_literal, column_ref, symbol, unary, binary, logical, is_test,
                   between, in_list, in_query, like, quantified, exists, scalar_subquery, case_expr,
                   cast, row_constructor, array_constructor, map_constructor, element_access,
                   field_access, call, json_call, table_argument, descriptor>;

  place where;
  variant node;
  std::uint32_t height = 1; ///< levels of the tree, this one included; bounded by `max_depth`

  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&node);
  }
  template <class T>
  T* as() noexcept {
    return std::get_if<T>(&node);
  }

  friend bool operator==(const expr&, const expr&) = default;
};

struct when_clause {
  place where;
  expr condition;
  expr result;

  friend bool operator==(const when_clause&, const when_clause&) = default;
};

struct argument {
  place where;
  std::optional<identifier> name;
  expr value;

  friend bool operator==(const argument&, const argument&) = default;
};

enum class sort_direction : std::uint8_t { unspecified, ascending, descending };
enum class null_order : std::uint8_t { unspecified, first, last };

struct order_item {
  place where;
  expr value;
  sort_direction direction = sort_direction::unspecified;
  null_order nulls = null_order::unspecified;

  friend bool operator==(const order_item&, const order_item&) = default;
};

enum class frame_unit : std::uint8_t { rows, range };

enum class bound_kind : std::uint8_t {
  unbounded_preceding,
  preceding,
  current_row,
  following,
  unbounded_following
};

struct frame_bound {
  bound_kind kind = bound_kind::current_row;
  box<expr> distance; ///< of preceding and following

  friend bool operator==(const frame_bound&, const frame_bound&) = default;
};

/// `ROWS BETWEEN low AND high`; `ROWS low` has the current row as its high bound, unwritten.
struct window_frame {
  frame_unit unit = frame_unit::rows;
  frame_bound low;
  std::optional<frame_bound> high;

  friend bool operator==(const window_frame&, const window_frame&) = default;
};

struct window_spec {
  place where;
  std::optional<identifier> base; ///< a window of the WINDOW clause
  std::vector<expr> partition_by;
  std::vector<order_item> order_by;
  std::optional<window_frame> frame;
  bool parenthesised = true; ///< false: `OVER name`

  friend bool operator==(const window_spec&, const window_spec&) = default;
};

} // namespace sluice::sql
