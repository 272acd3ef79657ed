#include "sluice/connect/table/internal/option_keys.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice::table::internal {

option_definition sink_parallelism_option() {
  return {"sink.parallelism", option_type::integer, false, {}, {}, "How many writers there are."};
}

option_definition scan_parallelism_option() {
  return {"scan.parallelism", option_type::integer, false, {}, {}, "How many readers there are."};
}

std::optional<std::uint32_t> parallelism_of(const std::string& table, const table_options& options,
                                            const std::string& key) {
  if (!options.has(key)) return std::nullopt;
  auto value = options.integer(key);
  if (value < 1 || value > 32768)
    throw plan_error(
      fmt::format("table {}: option '{}' must be between 1 and 32768, not {}", table, key, value));
  return static_cast<std::uint32_t>(value);
}

void append(std::vector<option_definition>& list, std::vector<option_definition> more) {
  for (auto& definition : more) list.push_back(std::move(definition));
}

void refuse_metadata(const table_description& table, const std::string& connector) {
  if (!table.metadata.empty())
    throw plan_error(fmt::format("table {}: column {}: the {} connector has no metadata '{}'",
                                 table.name, table.metadata.front().name, connector,
                                 table.metadata.front().key));
}

void refuse_partitions(const table_description& table, const std::string& connector) {
  if (!table.partition_keys.empty())
    throw plan_error(
      fmt::format("table {}: the {} connector cannot be PARTITIONED BY", table.name, connector));
}

void refuse_all_but_columns(const table_description& table, const std::string& connector) {
  refuse_metadata(table, connector);
  refuse_partitions(table, connector);
}

std::vector<data_type> types_of(const table_description& table, const scan_request& request) {
  std::vector<data_type> types;
  for (auto i : request.columns) types.push_back(table.columns.at(i).type);
  for (auto i : request.metadata) types.push_back(table.metadata.at(i).type);
  return types;
}

} // namespace sluice::table::internal
