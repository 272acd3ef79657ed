/// What a partition holds: records as they are read, messages as they are written.
#pragma once

#include "sluice/core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// Who set the timestamp of a record.
enum class kafka_timestamp_type : std::uint8_t { none, create_time, log_append_time };

/// A header of a record. Names may repeat.
struct kafka_header {
  std::string_view name;
  std::optional<std::string_view> value;
};

/// A record as it was received: views into the client's memory, valid during the call that got it.
struct kafka_record {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;

  /// `min_timestamp` if the record has none.
  timestamp time = min_timestamp;
  kafka_timestamp_type time_type = kafka_timestamp_type::none;

  std::optional<std::string_view> key;
  /// Nothing: a tombstone, which deletes the key in a compacted topic.
  std::optional<std::string_view> value;

  /// All headers, in order. Taken apart at every call.
  std::vector<kafka_header> headers() const;

  /// The value of the last header with this name; nothing if there is none or its value is null.
  std::optional<std::string_view> header(std::string_view name) const;

  /// The client library's message.
  const void* native = nullptr;
};

/// A record to write. The sink reuses one object, cleared before each record.
struct kafka_message {
  /// Where to; empty: the sink's topic.
  std::string topic;
  /// Nothing: the sink's partitioner decides.
  std::optional<std::int32_t> partition;
  std::optional<std::string> key;
  /// Nothing: a tombstone.
  std::optional<std::string> value;
  /// Nothing: the event time of the record, if its stream has one, else now.
  std::optional<timestamp> time;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;

  /// Forgets the contents and keeps what memory it can.
  void clear() {
    topic.clear();
    partition.reset();
    key.reset();
    value.reset();
    time.reset();
    headers.clear();
  }
};

} // namespace sluice
