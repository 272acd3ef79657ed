/// What rules are made of: walking plans, and taking expressions apart and moving them.
#pragma once

#include "sluice/table/plan/relation.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace sluice::table::rules {

/// Rebuilds a plan from the leaves up: `f` gets each relation with its new inputs. Parts that occur
/// several times are rewritten once and stay shared.
relation_ptr transform_up(const relation_ptr& plan,
                          const std::function<relation_ptr(relation_ptr)>& f);

/// The operands of AND, or the expression alone.
std::vector<expression_ptr> conjuncts(const expression_ptr& condition);
/// AND of all; null if there are none.
expression_ptr conjunction(std::vector<expression_ptr> operands);

/// `e` with each input column i replaced by `by[i]`.
expression_ptr substitute(const expression_ptr& e, const std::vector<expression_ptr>& by);
/// `e` with each input column i renumbered to `to(i)`.
expression_ptr renumber(const expression_ptr& e, const std::function<std::size_t(std::size_t)>& to);

/// Whether all columns that `e` reads are in [begin, end).
bool reads_only(const expression& e, std::size_t begin, std::size_t end);

/// Whether `e` is `a = b` (or IS NOT DISTINCT FROM).
struct equality {
  expression_ptr left;
  expression_ptr right;
  bool null_safe = false;
};
std::optional<equality> as_equality(const expression& e);

/// A projection to columns of the input as they are.
relation_ptr select_columns(const relation_ptr& input, const std::vector<std::size_t>& columns);

/// Names of the columns of a relation.
std::vector<std::string> column_names(const relation& r);

} // namespace sluice::table::rules
