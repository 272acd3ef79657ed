/// GROUP BY: from expressions over the FROM clause to expressions over what is grouped.
#pragma once

#include "sluice/table/bind/internal/expression_binder.hpp"

#include <vector>

namespace sluice::table::internal {

/// What a query is grouped by.
struct grouping {
  /// Different from each other.
  std::vector<expression_ptr> keys;
  /// Of GROUPING SETS, ROLLUP and CUBE: the keys of each set by number. Else empty.
  std::vector<std::vector<std::size_t>> sets;

  /// Adds a key, or finds it among those that there are.
  std::size_t add(const expression_ptr& key);
};

/// The grouped rows of a relation.
class grouped_relation {
public:
  grouped_relation(const relation_ptr& input, grouping groups,
                   const std::vector<aggregate_use>& uses, const function_registry& functions,
                   source_position where);

  const relation_ptr& relation() const noexcept { return relation_; }

  /// An expression over the input (and aggregates) as one over the groups. Errors: `binding_error`
  /// for a column that is not grouped by.
  expression_ptr rewrite(const expression_ptr& tree) const;

private:
  std::vector<std::size_t> keys_of(const aggregate_use& use) const;

  const function_registry& functions_;
  grouping groups_;
  std::vector<std::size_t> results_; // column of each aggregate_use
  /// Of each aggregate_use: what GROUPING always gives where there is one grouping set, or null.
  std::vector<expression_ptr> groupings_;
  relation_ptr relation_;
};

/// The tree with types found anew from its leaves, which may have become nullable.
expression_ptr retyped(const expression_ptr& tree, const function_registry& functions);

} // namespace sluice::table::internal
