/// Joins with conditions of any form.
#pragma once

#include "sluice/table/bind/internal/support.hpp"

#include <vector>

namespace sluice::table::internal {

/// A join of `left` and `right` by conditions over the columns of the left followed by those of the
/// right. Equalities between the two become keys; what they compare is computed below the join if
/// it is no plain column of the same type. The columns are those of `relation::join` without such.
relation_ptr make_join(relation_ptr left, relation_ptr right, join_type type,
                       const std::vector<expression_ptr>& conditions, source_position where,
                       bool null_aware = false);

/// Whether an equality of such values can be a key of a join.
bool can_be_key(const data_type& a, const data_type& b);

/// `input` where all of `conditions` hold. A condition that compares both sides of a join without
/// keys (`FROM a, b WHERE a.x = b.x`) becomes one of its keys.
relation_ptr filtered(relation_ptr input, std::vector<expression_ptr> conditions,
                      source_position where);

} // namespace sluice::table::internal
