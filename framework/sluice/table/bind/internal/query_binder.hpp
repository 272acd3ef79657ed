/// Queries of the syntax tree to relations.
#pragma once

#include "sluice/table/bind/internal/aggregates.hpp"
#include "sluice/table/bind/internal/expression_binder.hpp"
#include "sluice/table/bind/internal/subqueries.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// ORDER BY, OFFSET and LIMIT of a query.
struct ordering {
  const std::vector<sql::order_item>* items = nullptr;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> limit;

  bool sorted() const noexcept { return items && !items->empty(); }
  bool empty() const noexcept { return !sorted() && offset == 0 && !limit; }

  /// Errors: `binding_error` unless OFFSET and LIMIT are whole numbers.
  static ordering of(const sql::query& query);
};

/// The tables of a FROM clause.
struct bound_from {
  relation_ptr relation;
  scope names;
};

bound_from bind_from(const sql::table_ref& from, const environment& env);

/// A whole query; it sees nothing of queries around it.
relation_ptr bind_whole_query(const sql::query& query, const environment& env);

/// A table or view of the catalog; `hints` as behind its name in FROM.
relation_ptr bind_named_table(const sql::object_name& name, const std::vector<sql::hint>& hints,
                              const environment& env);

/// TUMBLE, HOP, CUMULATE or SESSION in FROM.
relation_ptr bind_window_function(const sql::call& call, const environment& env,
                                  const sql::source_range& where);

/// A window of GROUP BY TUMBLE(ts, ..) and the like over `input`: a window table whose columns of
/// the window are the last three. `binder` binds the arguments.
relation_ptr bind_group_window(const sql::call& call, relation_ptr input, expression_binder& binder,
                               const environment& env, const sql::source_range& where);
bool is_group_window(const sql::expr& e);

relation_ptr bind_values(const sql::values& values, const environment& env,
                         const sql::source_range& where);

/// An item of ORDER BY; a number means one of the columns that are selected.
order_use order_value(const sql::order_item& item, expression_binder& binder,
                      const std::vector<expression_ptr>& selected);

/// `table (column, ..)`: the columns with other names.
relation_ptr with_aliases(relation_ptr input, const std::vector<sql::identifier>& columns,
                          const sql::identifier& table);

/// One row without columns that can be named: what SELECT without FROM reads.
relation_ptr single_row();

/// Adds what ORDER BY, OFFSET and LIMIT say where only columns of the result can be named.
relation_ptr ordered(relation_ptr input, const ordering& order, const environment& env,
                     source_position where);

/// The different rows of a relation.
relation_ptr distinct(relation_ptr input, source_position where);

/// One SELECT, bound in two steps so that a subquery can be joined in between.
class select_binder {
public:
  select_binder(const environment& env, const sql::select& select, sql::source_range where)
    : env_(env), select_(select), where_(where) {}

  /// FROM and WHERE. Afterwards `input` is what they give.
  void bind_input();

  const relation_ptr& input() const noexcept { return input_; }
  const scope& names() const noexcept { return names_; }
  /// Conditions of WHERE that name columns of the query around: not in `input` yet.
  const std::vector<expression_ptr>& correlated() const noexcept { return correlated_; }

  /// The rest. REQUIRES: not correlated.
  relation_ptr finish(const ordering& order);

  /// Whether it has exactly one row: aggregates without GROUP BY.
  bool single() const noexcept { return single_; }

  /// The result of a select of one item for each value of `keys` (over `input`): the keys first,
  /// then what `value`, the item, is made of. Items without an aggregate may have one row only.
  struct keyed {
    relation_ptr relation;
    expression_ptr value;
  };
  keyed finish_keyed(const std::vector<expression_ptr>& keys);

private:
  struct output_item {
    expression_ptr value;
    std::string name;
    bool aliased = false;
  };

  clause clause_called(std::string name);
  std::vector<output_item> bind_items();
  void bind_star(const sql::star& star, const sql::select_item& item,
                 std::vector<output_item>& out);
  void check_hints() const;
  void bind_where(const sql::expr& condition);
  /// Splits a condition at AND into those with subqueries and others.
  void bind_conditions(const sql::expr& condition, expression_binder& binder,
                       std::vector<expression_ptr>& plain,
                       std::vector<subquery_condition>& subqueries);
  grouping bind_groups();
  void bind_group_item(const sql::grouping_item& item, grouping& out);
  std::vector<std::vector<std::size_t>> sets_of(const sql::grouping_item& item, grouping& out);
  std::size_t bind_group_key(const sql::expr& e, grouping& out);
  void find_group_windows();
  /// Makes columns of scalar subqueries and window functions; `resolve` then puts them in.
  void join_subqueries(const rewriter& rewrite);
  void add_overs(const rewriter& rewrite);
  expression_ptr resolve(const expression_ptr& tree) const;
  std::vector<order_use> bind_order(const ordering& order, const std::vector<output_item>& items);
  relation_ptr output(std::vector<output_item> items, std::vector<order_use> order,
                      const ordering& ordering);

  const environment& env_;
  const sql::select& select_;
  sql::source_range where_;
  relation_ptr input_;
  scope names_;
  std::vector<expression_ptr> correlated_;
  std::vector<group_window> group_windows_;
  collected collected_;
  std::vector<expression_ptr> subquery_values_;
  std::vector<std::size_t> over_columns_;
  bool single_ = false;
};

} // namespace sluice::table::internal
