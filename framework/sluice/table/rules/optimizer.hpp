/// Rewrites bound plans into ones that give the same rows with less work.
#pragma once

#include "sluice/table/plan/relation.hpp"

namespace sluice::table {

/// What the rules need to know.
struct optimizer_context {
  execution_mode mode = execution_mode::streaming;
  /// For constants: the zone and, in batch mode, the present.
  expression_context constants;
};

/// Applies all rules. Errors: `binding_error` for what cannot be planned in this mode.
relation_ptr optimize(const relation_ptr& plan, const optimizer_context& context);

namespace rules {

// The rules, in the order in which they are applied.

/// Computes constant parts of expressions; a filter that is TRUE goes, one that is never TRUE
/// leaves no rows.
relation_ptr fold_expressions(const relation_ptr& plan, const expression_context& context);

/// Moves conditions towards the leaves: through projections, into the sides of joins (where
/// equalities between the sides become keys), below aggregates.
relation_ptr push_filters(const relation_ptr& plan);

/// Makes one projection of two where nothing is computed twice for it; drops those that change
/// nothing.
relation_ptr merge_projections(const relation_ptr& plan);

/// An aggregate by window_start and window_end of a window table becomes a window aggregate.
relation_ptr fuse_windows(const relation_ptr& plan);

/// A bounded ROW_NUMBER() becomes a Top-N. In streaming mode ORDER BY with LIMIT does as well.
/// Errors: `binding_error` for a window function or an order without bound in streaming mode.
relation_ptr fuse_ranks(const relation_ptr& plan, execution_mode mode);

/// In batch mode, aggregates of the distinct values of some columns, and no others, become two
/// aggregates by keys: those can be spread over subtasks and put on disk.
relation_ptr split_distinct(const relation_ptr& plan, execution_mode mode);

/// Reads and computes only what is used.
relation_ptr prune_columns(const relation_ptr& plan);

/// Gives conditions on what is read to sources that can leave out rows by themselves. In streaming
/// mode not where there are watermarks, which rows that are left out tell as well.
relation_ptr push_into_scans(const relation_ptr& plan, execution_mode mode);

} // namespace rules
} // namespace sluice::table
