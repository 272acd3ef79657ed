/// Writers of Kafka sinks.
#pragma once

#include "sluice/connect/kafka/internal/producer.hpp"
#include "sluice/io/sink.hpp"

#include <memory>

namespace sluice::internal {

/// For `none` and `at_least_once`.
std::unique_ptr<sink_writer> make_kafka_writer(std::shared_ptr<const kafka_sink_spec> spec);

/// For `exactly_once`.
std::unique_ptr<sink_writer> make_transactional_writer(std::shared_ptr<const kafka_sink_spec> spec);

/// Errors: `plan_error`.
void validate_kafka_sink(const kafka_sink_spec& spec);

} // namespace sluice::internal
