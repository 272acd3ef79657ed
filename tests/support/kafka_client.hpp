/// A plain client of Kafka, for tests to look at brokers with other eyes than the connector's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

struct plain_record {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::int64_t milliseconds = -1;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// All methods block and throw `std::runtime_error`.
class kafka_client {
public:
  explicit kafka_client(std::string servers) : servers_(std::move(servers)) {}

  void create_topic(const std::string& topic, int partitions,
                    const std::map<std::string, std::string>& settings = {});
  void add_partitions(const std::string& topic, int total);

  /// Deletes the records before `offset`.
  void delete_before(const std::string& topic, std::int32_t partition, std::int64_t offset);

  void produce(const std::string& topic, const std::vector<plain_record>& records);
  void produce_values(const std::string& topic, std::int32_t partition,
                      const std::vector<std::string>& values);

  /// Everything in the topic, partition by partition; only committed transactions' records if
  /// `committed`. Stops where nothing can be read any more now.
  std::vector<plain_record> read(const std::string& topic, int partitions, bool committed = true);

  /// The committed records when no transaction is open any more. Brokers answer a commit before
  /// they show its records: whoever reads at once may find nothing.
  std::vector<plain_record> read_settled(const std::string& topic, int partitions);

  std::optional<std::int64_t> committed_offset(const std::string& group, const std::string& topic,
                                               std::int32_t partition);

private:
  std::string servers_;
};

} // namespace sluice::testing
