/// Reference program 16 from outside: its events, its script, and what has to come out.
#pragma once

#include "support/kafka_client.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

/// Sends random events to a topic and counts them by itself.
class behavior_counts {
public:
  behavior_counts(kafka_client& client, std::string topic, int partitions, unsigned seed = 1)
    : client_(client), topic_(std::move(topic)), partitions_(partitions), random_(seed) {}

  void send(int events);

  /// Takes in an event that somebody else has sent: its JSON text. Errors: `std::runtime_error` if
  /// it is not as reference program 16 says.
  void add(const std::string& json);

  std::size_t num_keys() const noexcept { return latest_.size(); }
  std::int64_t total() const;

  /// What differs from what the records of the result topic say in the end; empty: nothing.
  std::string difference(const std::vector<plain_record>& results) const;

  /// The same, and that each key has had every count from 1 on once, in this order.
  std::string difference_of_every_count(const std::vector<plain_record>& results) const;

  /// Rows of the result as `sluice demo behaviors` shows them, without blanks.
  std::vector<std::string> table_rows() const;

private:
  struct count {
    std::int64_t events = 0;
    std::string latest;
  };
  using key = std::pair<std::string, std::string>;

  kafka_client& client_;
  std::string topic_;
  int partitions_;
  std::mt19937 random_;
  std::map<key, count> latest_;
};

struct script_changes {
  std::string servers;
  std::string source_topic = "user_behaviors";
  std::string result_topic = "behavior_stats";
  std::string settings = {};     ///< statements in front
  std::string sink_options = {}; ///< after the sink's other options
  std::string having = {};       ///< after GROUP BY
};

/// examples/user_behaviors.sql for other brokers and topics. Errors: `std::runtime_error` if the
/// script has not the places where changes go.
std::string behaviors_script(const script_changes& changes);

/// Options and settings of an exactly-once job that goes on where the one before was killed.
script_changes exactly_once(script_changes changes, const std::string& checkpoints);

} // namespace sluice::testing
