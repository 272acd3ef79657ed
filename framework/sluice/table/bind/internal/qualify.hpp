/// Full names in queries, so that they mean the same wherever they are bound.
#pragma once

#include "sluice/table/catalog/catalog.hpp"

namespace sluice::table::internal {

/// Writes the full name for each table of the catalog that the query names, at any depth. Names of
/// WITH stay.
void qualify_tables(sql::query& query, const catalog_manager& catalogs);

} // namespace sluice::table::internal
