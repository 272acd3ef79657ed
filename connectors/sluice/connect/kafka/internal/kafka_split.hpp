/// Splits of Kafka: partitions.
#pragma once

#include "sluice/connect/kafka/internal/client.hpp"
#include "sluice/connect/kafka/kafka_deserializer.hpp"
#include "sluice/connect/kafka/kafka_options.hpp"
#include "sluice/io/source.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::internal {

/// What a Kafka source is told; shared by its enumerator and its readers.
struct kafka_source_spec {
  std::shared_ptr<const kafka_deserializer_base> deserializer;
  kafka_source_options options;

  /// "topic clicks", "topics a, b", "topics matching x.*".
  std::string topics_text() const;
};

/// A partition and the offsets to read: [position, end).
struct kafka_split {
  static constexpr std::int64_t no_end = std::numeric_limits<std::int64_t>::max();

  kafka_partition place;
  std::int64_t position = 0;
  std::int64_t end = no_end;

  std::string id() const;
  std::string encode() const;
  static kafka_split decode(std::string_view data);
};

/// The configuration of the source's clients. Errors: `plan_error`.
client_config make_source_config(const kafka_source_spec& spec);

std::unique_ptr<split_enumerator>
make_kafka_enumerator(std::shared_ptr<const kafka_source_spec> spec);
std::unique_ptr<source_reader> make_kafka_reader(std::shared_ptr<const kafka_source_spec> spec);

/// Errors: `plan_error`.
void validate_kafka_source(const kafka_source_spec& spec);

} // namespace sluice::internal
