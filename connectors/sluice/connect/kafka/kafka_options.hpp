/// Where a Kafka source starts and ends, and how a Kafka sink delivers.
#pragma once

#include "sluice/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

/// Names a partition.
struct kafka_partition {
  std::string topic;
  std::int32_t partition = 0;

  friend auto operator<=>(const kafka_partition&, const kafka_partition&) = default;
};

/// Settings of the client library (librdkafka), handed on as they are. A name that it does not
/// know, or that an option of the source or sink decides, is refused.
using kafka_properties = std::map<std::string, std::string>;

/// What to do where a position is missing.
enum class kafka_offset_reset : std::uint8_t {
  none, ///< fail, naming the partition
  earliest,
  latest,
};

/// A position in every partition: where reading starts or ends.
class kafka_offsets {
public:
  enum class mode : std::uint8_t { earliest, latest, committed, time, specific };

  static kafka_offsets earliest() { return kafka_offsets(mode::earliest); }
  static kafka_offsets latest() { return kafka_offsets(mode::latest); }

  /// What the consumer group has committed; `reset` tells what to do where it has nothing.
  static kafka_offsets committed(kafka_offset_reset reset = kafka_offset_reset::none) {
    kafka_offsets result(mode::committed);
    result.reset_ = reset;
    return result;
  }

  /// The first record whose timestamp is `time` or later; the end where there is none.
  static kafka_offsets at_time(timestamp time) {
    kafka_offsets result(mode::time);
    result.time_ = time;
    return result;
  }

  /// These offsets. A source starts at the earliest record of a partition that is not named, and
  /// reads nothing of one whose end is not named.
  static kafka_offsets specific(std::map<kafka_partition, std::int64_t> offsets) {
    kafka_offsets result(mode::specific);
    result.offsets_ = std::move(offsets);
    return result;
  }

  mode which() const noexcept { return mode_; }
  kafka_offset_reset reset() const noexcept { return reset_; }
  timestamp time() const noexcept { return time_; }
  const std::map<kafka_partition, std::int64_t>& offsets() const noexcept { return offsets_; }

private:
  explicit kafka_offsets(mode m) : mode_(m) {}

  mode mode_;
  kafka_offset_reset reset_ = kafka_offset_reset::none;
  timestamp time_ = 0;
  std::map<kafka_partition, std::int64_t> offsets_;
};

struct kafka_source_options {
  /// `host:port`, several with commas between.
  std::string bootstrap_servers = {};

  /// The topics to read, which must exist; or, instead, a regular expression (ECMAScript) that the
  /// whole name of a topic has to match. Names that start with "__" (Kafka's own) never match.
  std::vector<std::string> topics = {};
  std::string topic_pattern = {};

  /// Whose offsets are read and committed. The source never joins the group: it decides itself
  /// which subtask reads what. May be empty if nobody needs committed offsets.
  std::string group_id = {};

  /// Where partitions that exist at the start are read from. Those found later are read from their
  /// first record, and after a restore the checkpoint tells.
  kafka_offsets starting_offsets = kafka_offsets::earliest();

  /// Where reading ends, found out when the job starts. Nothing: never.
  std::optional<kafka_offsets> bounded = std::nullopt;

  /// How often to look for new partitions and topics; zero: only at the start. A bounded source
  /// looks once.
  duration partition_discovery_interval = std::chrono::minutes(5);

  /// Whether offsets are committed (for others to see; restoring does not need them) when a
  /// checkpoint is complete. Needs a group id.
  bool commit_offsets_on_checkpoint = true;

  /// How long to wait for the brokers and the topics at the start.
  duration connect_timeout = std::chrono::seconds(20);

  kafka_properties properties = {};
};

enum class kafka_delivery : std::uint8_t {
  none,          ///< a failure may lose records, and repeat some
  at_least_once, ///< a checkpoint waits until the brokers have everything before it
  exactly_once,  ///< transactions, committed when a checkpoint is complete
};

enum class kafka_partitioner : std::uint8_t {
  by_key,      ///< the hash of the key as the Java client has it; without a key, changing ones
  fixed,       ///< all of a subtask's records go to one partition
  round_robin, ///< one after the other
};

struct kafka_sink_options {
  std::string bootstrap_servers = {};

  kafka_delivery delivery = kafka_delivery::at_least_once;

  /// Begins the names of this sink's transactions: no two sinks of a cluster may share it. Needed
  /// for, and only for, exactly-once.
  std::string transactional_id_prefix = {};

  /// After this time the brokers abort a transaction that was not committed: longer than the
  /// checkpoint interval and the longest time that the job may be down. At most what the brokers
  /// allow (`transaction.max.timeout.ms`, 15 minutes unless set).
  duration transaction_timeout = std::chrono::minutes(15);

  /// Whether to go on, with a warning, when the records of a complete checkpoint are lost because
  /// their transaction timed out. Else the job fails. Set it also to restore an older checkpoint
  /// than the last, whose transactions cannot be told from lost ones.
  bool tolerate_lost_transactions = false;

  kafka_partitioner partitioner = kafka_partitioner::by_key;

  /// How long to wait for the brokers and the topic at the start.
  duration connect_timeout = std::chrono::seconds(20);

  /// How long a record may take to arrive, retries and restarts of brokers included, before the
  /// job fails.
  duration delivery_timeout = std::chrono::minutes(2);

  /// Bytes and records handed to the client and not yet acknowledged. When there are more, the
  /// sink takes no more records.
  std::size_t max_buffered_bytes = std::size_t{32} << 20;
  std::size_t max_buffered_records = 200'000;

  kafka_properties properties = {};
};

} // namespace sluice
