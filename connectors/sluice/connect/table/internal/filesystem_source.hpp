/// Tables that read files.
#pragma once

#include "sluice/table/connect/table_connector.hpp"

#include <memory>
#include <vector>

namespace sluice::table::internal {

std::vector<option_definition> filesystem_source_options();

/// Errors: `plan_error`.
std::shared_ptr<const table_source> make_filesystem_source(const table_description& table,
                                                           const table_options& options,
                                                           const connector_context& context);

} // namespace sluice::table::internal
