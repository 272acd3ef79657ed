/// Kafka's records to rows and back.
#pragma once

#include "sluice/connect/kafka/kafka_deserializer.hpp"
#include "sluice/connect/kafka/kafka_serializer.hpp"
#include "sluice/connect/table/internal/kafka_columns.hpp"

#include <memory>
#include <vector>

namespace sluice::table::internal {

/// Where a column of the rows comes from.
struct kafka_column {
  enum class origin : std::uint8_t { key, value, metadata };

  origin from = origin::value;
  std::size_t number = 0; ///< of the decoded key or value
  kafka_metadata metadata{};
  data_type type;
};

struct kafka_rows_settings {
  std::shared_ptr<const record_format> key; ///< or null
  std::shared_ptr<const record_format> value;
  std::vector<kafka_column> columns;
  /// A record is the last word on its key: rows are updates, and deletes where there is no value.
  bool upsert = false;
  time_zone zone;
};
std::shared_ptr<const kafka_deserializer_base> make_rows_deserializer(kafka_rows_settings settings);

/// What a table writes.
struct kafka_messages_settings {
  std::shared_ptr<const record_encoder> key; ///< or null
  std::shared_ptr<const record_encoder> value;
  std::optional<std::size_t> timestamp; ///< columns of the rows
  std::optional<std::size_t> headers;
  bool upsert = false;
  time_zone zone;
};
std::shared_ptr<const kafka_serializer_base> make_rows_serializer(kafka_messages_settings settings);

} // namespace sluice::table::internal
