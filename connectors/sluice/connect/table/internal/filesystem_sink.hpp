/// Tables that write files.
#pragma once

#include "sluice/table/connect/table_connector.hpp"

#include <memory>
#include <vector>

namespace sluice::table::internal {

std::vector<option_definition> filesystem_sink_options();

/// Errors: `plan_error`.
std::shared_ptr<const table_sink> make_filesystem_sink(const table_description& table,
                                                       const table_options& options,
                                                       const connector_context& context);

} // namespace sluice::table::internal
