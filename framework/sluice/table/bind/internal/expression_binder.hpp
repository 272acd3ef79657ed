/// Expressions of the syntax tree to bound ones.
#pragma once

#include "sluice/table/bind/internal/scope.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// Queries that WITH named, and those around.
struct with_scope {
  std::map<std::string, relation_ptr> tables;
  const with_scope* parent = nullptr;

  const relation_ptr* find(const std::string& name) const;
};

/// What a query may refer to.
struct environment {
  const bind_context& context;
  const with_scope* with = nullptr;
  const scope* outer = nullptr; ///< of the query around a subquery
  int views = 0;                ///< that are being expanded

  const function_registry& functions() const { return context.functions; }
};

/// A call of an aggregate function; its arguments are over the FROM clause.
struct aggregate_use {
  std::string name;
  std::vector<expression_ptr> arguments;
  expression_ptr filter; ///< or null
  bool distinct = false;
  /// Null of GROUPING and GROUP_ID, which are no functions of rows: the arguments are keys, and
  /// what they give is known of each grouping set.
  std::shared_ptr<const aggregate_function> function;
  source_position position;
};

struct order_use {
  expression_ptr value;
  bool descending = false;
  bool nulls_first = true;
};

/// ROW_NUMBER() OVER (..) and its like.
struct over_use {
  rank_function function = rank_function::row_number;
  std::vector<expression_ptr> partition;
  std::vector<order_use> order;
  source_position position;
};

/// `[NOT] EXISTS (..)` or `x [NOT] IN (..)`, bound.
struct subquery_condition {
  bool negated = false;
  relation_ptr relation;
  /// Of IN: what is compared with the first columns of `relation`, over the query around.
  std::vector<expression_ptr> compared;
  /// Over `relation`, and over the query around from number `placeholder::outer`.
  std::vector<expression_ptr> conditions;
  source_position position;
};

/// What may be put for an unknown condition: WHERE passes neither FALSE nor NULL.
enum class unknown_value : std::uint8_t { null, is_false, is_true };

/// A scalar subquery: a relation whose row, found by `keys`, has the value. Or a condition on a
/// subquery whose truth is the value.
struct subquery_use {
  relation_ptr relation;
  /// Of the query around (over its FROM clause, without placeholders) and of `relation`.
  struct key {
    expression_ptr outer;
    std::size_t inner;
  };
  std::vector<key> keys;
  /// Over the columns of `relation`; NULL-able where no row is found.
  expression_ptr value;
  /// Then nothing of the above is set.
  std::optional<subquery_condition> condition;
  unknown_value unknown = unknown_value::null;
  source_position position;
};

/// What a clause collects while its expressions are bound: the expressions have placeholders.
struct collected {
  std::vector<aggregate_use> aggregates;
  std::vector<over_use> overs;
  std::vector<subquery_use> subqueries;
};

/// Old-style group windows: which column stands for TUMBLE_START(..) and the like.
struct group_window {
  const sql::call* call = nullptr; ///< TUMBLE(ts, INTERVAL ..) of GROUP BY
  std::size_t first_column = 0;    ///< window_start, window_end, window_time follow each other
  relation_ptr relation;
};

/// What may stand in a clause.
struct clause {
  std::string name; ///< for messages: `WHERE`
  /// Where aggregates, window functions and subqueries go; null if the clause cannot have any.
  collected* into = nullptr;
  bool aggregates = false;
  bool overs = false;
  /// Columns of the query around may be named.
  bool outer = false;
  /// Names that ORDER BY may use before those of the FROM clause.
  const std::map<std::string, expression_ptr>* aliases = nullptr;
  const std::vector<sql::named_window>* windows = nullptr;
  /// Whose aliases this clause cannot name, but somebody may think so.
  const sql::select* select = nullptr;
  const std::vector<group_window>* group_windows = nullptr;
};

/// Binds expressions of one clause.
class expression_binder {
public:
  expression_binder(const environment& env, const scope& names, clause what)
    : env_(env), names_(names), clause_(std::move(what)) {}

  /// Errors: `binding_error`.
  expression_ptr bind(const sql::expr& e);
  /// The same, and it must be BOOLEAN.
  expression_ptr bind_condition(const sql::expr& e);

private:
  expression_ptr bind_node(const sql::literal& n, const sql::expr& e);
  expression_ptr bind_node(const sql::interval_literal& n, const sql::expr& e);
  expression_ptr bind_node(const sql::column_ref& n, const sql::expr& e);
  expression_ptr bind_node(const sql::symbol& n, const sql::expr& e);
  expression_ptr bind_node(const sql::unary& n, const sql::expr& e);
  expression_ptr bind_node(const sql::binary& n, const sql::expr& e);
  expression_ptr bind_node(const sql::logical& n, const sql::expr& e);
  expression_ptr bind_node(const sql::is_test& n, const sql::expr& e);
  expression_ptr bind_node(const sql::between& n, const sql::expr& e);
  expression_ptr bind_node(const sql::in_list& n, const sql::expr& e);
  expression_ptr bind_node(const sql::in_query& n, const sql::expr& e);
  expression_ptr bind_node(const sql::like& n, const sql::expr& e);
  expression_ptr bind_node(const sql::quantified& n, const sql::expr& e);
  expression_ptr bind_node(const sql::exists& n, const sql::expr& e);
  expression_ptr bind_node(const sql::scalar_subquery& n, const sql::expr& e);
  expression_ptr bind_node(const sql::case_expr& n, const sql::expr& e);
  expression_ptr bind_node(const sql::cast& n, const sql::expr& e);
  expression_ptr bind_node(const sql::row_constructor& n, const sql::expr& e);
  expression_ptr bind_node(const sql::array_constructor& n, const sql::expr& e);
  expression_ptr bind_node(const sql::map_constructor& n, const sql::expr& e);
  expression_ptr bind_node(const sql::element_access& n, const sql::expr& e);
  expression_ptr bind_node(const sql::field_access& n, const sql::expr& e);
  expression_ptr bind_node(const sql::call& n, const sql::expr& e);
  expression_ptr bind_node(const sql::json_call& n, const sql::expr& e);
  expression_ptr bind_node(const sql::table_argument& n, const sql::expr& e);
  expression_ptr bind_node(const sql::descriptor& n, const sql::expr& e);

  std::vector<expression_ptr> bind_all(const std::vector<sql::expr>& items);
  expression_ptr call(std::string_view name, std::vector<expression_ptr> arguments,
                      const sql::source_range& where) const;

  /// `a op b`, of rows field by field.
  expression_ptr compare(const char* op, const sql::expr& left, const sql::expr& right,
                         const sql::source_range& where);
  expression_ptr bind_scalar_call(const std::string& name, const sql::call& n, const sql::expr& e);
  expression_ptr bind_aggregate(const std::string& name, const sql::call& n, const sql::expr& e);
  expression_ptr bind_json_constructor(const sql::json_call& n, const sql::expr& e);
  expression_ptr bind_json_aggregate(const sql::json_call& n, const sql::expr& e);
  expression_ptr bind_filter(const sql::expr& e);
  /// The placeholder of an aggregate whose arguments are bound.
  expression_ptr add_aggregate(aggregate_use use);
  expression_ptr bind_grouping(const std::string& name, const sql::call& n, const sql::expr& e);
  expression_ptr bind_over(const std::string& name, const sql::call& n, const sql::expr& e);
  /// TUMBLE_START and the like of a group window; null if `name` is none.
  expression_ptr bind_window_property(const std::string& name, const sql::call& n,
                                      const sql::expr& e);
  const sql::window_spec& window_called(const sql::identifier& name) const;
  order_use bind_order(const sql::order_item& item);
  /// Throws if `name` is an alias of the clause's SELECT.
  void refuse_alias(const sql::identifier& name) const;
  [[noreturn]] void refuse_subquery(const sql::expr& e, const char* what) const;
  /// A condition on a subquery as a value.
  expression_ptr bind_subquery_value(const sql::expr& e, const char* what);
  /// Binds what counts only if it is TRUE.
  expression_ptr bind_test(const sql::expr& e);

  const environment& env_;
  const scope& names_;
  clause clause_;
  bool in_aggregate_ = false;
  unknown_value unknown_ = unknown_value::null;
};

/// Whether the expression calls an aggregate function (outside of subqueries and OVER).
bool has_aggregate(const sql::expr& e, const function_registry& functions);

/// Calls `f` for each direct part of an expression that is an expression of the same query.
void for_each_part(const sql::expr& e, const std::function<void(const sql::expr&)>& f);

} // namespace sluice::table::internal
