/// The options of Kafka tables, as the connector takes them.
#pragma once

#include "sluice/connect/kafka/kafka_options.hpp"
#include "sluice/table/connect/table_connector.hpp"

#include <string>
#include <vector>

namespace sluice::table::internal {

void define_kafka_options(std::vector<option_definition>& list, bool upsert);

/// The topics of 'topic', with `;` between.
std::vector<std::string> topics_of(const table_options& options);

// Errors of both: `plan_error`.
kafka_source_options kafka_source_settings(const table_description& table,
                                           const table_options& options, bool upsert);
kafka_sink_options kafka_sink_settings(const table_description& table, const table_options& options,
                                       bool upsert);

} // namespace sluice::table::internal
