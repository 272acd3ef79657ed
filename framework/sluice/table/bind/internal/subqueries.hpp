/// Subqueries: conditions that become semi and anti joins, and scalar ones that become joins.
#pragma once

#include "sluice/table/bind/internal/expression_binder.hpp"

#include <functional>

namespace sluice::table::internal {

/// An expression over the FROM clause as one over the relation at hand.
using rewriter = std::function<expression_ptr(const expression_ptr&)>;

/// Whether the expression is such a condition (perhaps below NOT).
bool is_subquery_condition(const sql::expr& e);

/// REQUIRES: `is_subquery_condition(e)`. `operands` binds what stands before IN.
subquery_condition bind_subquery_condition(const sql::expr& e, const environment& env,
                                           const scope& names, expression_binder& operands);

/// The rows of `input` for which the condition holds.
relation_ptr apply(relation_ptr input, const subquery_condition& condition, const rewriter& rewrite,
                   const function_registry& functions);

/// The subquery as a relation with at most one row for each row of the query around.
subquery_use bind_scalar_subquery(const sql::query& query, const environment& env,
                                  const scope& names);

/// Joins a subquery that is part of an expression to `input`; returns the joined relation, whose
/// first columns are those of `input`, and the subquery's value over it.
std::pair<relation_ptr, expression_ptr> join_value(relation_ptr input, const subquery_use& use,
                                                   const rewriter& rewrite,
                                                   const function_registry& functions);

} // namespace sluice::table::internal
