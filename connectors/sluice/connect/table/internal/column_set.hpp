/// The columns that a decoder fills in a batch.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"

#include <vector>

namespace sluice::table::internal {

/// Empties `out` and gives it columns of these types that nobody else holds; memory that it has is
/// reused.
void prepare_columns(columnar_batch& out, const std::vector<data_type>& types);

/// Cuts the rows of columns that became longer than `rows`, and fills up those that are shorter
/// with NULL, so that all have `rows`.
void level_columns(columnar_batch& out, std::size_t rows);

/// Appends NULLs until the column has `rows` rows.
void pad_with_nulls(column& c, std::size_t rows);

} // namespace sluice::table::internal
