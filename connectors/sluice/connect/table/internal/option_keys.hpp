/// What several connectors have in common: options and checks.
#pragma once

#include "sluice/table/connect/table_connector.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::table::internal {

option_definition sink_parallelism_option();
option_definition scan_parallelism_option();

/// The number that a parallelism option has, if it is given. Errors: `plan_error` unless positive.
std::optional<std::uint32_t> parallelism_of(const std::string& table, const table_options& options,
                                            const std::string& key);

/// Appends `more` to `list`.
void append(std::vector<option_definition>& list, std::vector<option_definition> more);

/// Refuses metadata columns. Errors: `plan_error` that names the first one.
void refuse_metadata(const table_description& table, const std::string& connector);

/// Refuses PARTITIONED BY. Errors: `plan_error`.
void refuse_partitions(const table_description& table, const std::string& connector);

/// Both: of a connector whose tables only have columns.
void refuse_all_but_columns(const table_description& table, const std::string& connector);

/// Types of the columns that a scan asks for: physical ones, then metadata.
std::vector<data_type> types_of(const table_description& table, const scan_request& request);

} // namespace sluice::table::internal
