/// What programs ask of brokers besides reading and writing.
#pragma once

#include "sluice/connect/kafka/kafka_options.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace sluice {

/// Asks brokers about topics, and makes some. All methods block, at most as long as the time given
/// to the constructor. Errors: `io_error` with the topic and the brokers' reason.
///
/// Thread safety: one thread at a time.
class kafka_admin {
public:
  /// Connects to nobody yet. Errors: `plan_error` for properties that librdkafka does not know.
  explicit kafka_admin(std::string bootstrap_servers, const kafka_properties& properties = {},
                       duration timeout = std::chrono::seconds(20));
  ~kafka_admin();
  kafka_admin(const kafka_admin&) = delete;

  /// Makes a topic, with as many replicas as the brokers' default says, and returns when it can be
  /// used. Returns false if it was there already; it is then left as it is.
  bool create_topic(const std::string& topic, std::int32_t partitions,
                    const std::map<std::string, std::string>& settings = {});

  /// How many offsets from the first record of a topic to its end, over all partitions: as many as
  /// there are records, if it is neither compacted nor written by transactions.
  std::uint64_t num_offsets(const std::string& topic);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice
