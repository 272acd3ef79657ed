/// The half of a Kafka reader that talks to librdkafka.
#pragma once

#include "sluice/connect/kafka/internal/client.hpp"
#include "sluice/connect/kafka/internal/kafka_split.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sluice::internal {

/// Fetches partitions into one queue, on the client library's own threads.
///
/// Ownership: shared by the reader and the work it posted. Destroying it blocks.
/// Thread safety: `take` on the actor, `wakeup` is called on the library's threads; all else may
/// block and belongs on the task's blocking strand.
class partition_consumer {
public:
  partition_consumer(std::shared_ptr<const kafka_source_spec> spec, std::function<void()> wakeup);
  ~partition_consumer();
  partition_consumer(const partition_consumer&) = delete;

  /// Starts fetching; the first call starts the client. Errors: `io_error`.
  void start(const std::vector<kafka_split>& splits);

  void stop(const kafka_partition& place);

  /// Commits offsets for the group; false, with the reason, if that did not work.
  bool commit(const std::map<kafka_partition, std::int64_t>& offsets, std::string& reason);

  /// Appends up to `max` messages that are here, without waiting; the caller destroys them.
  void take(std::vector<rd_kafka_message_t*>& to, std::size_t max);

private:
  rd_kafka_topic_t* topic(const std::string& name);

  std::shared_ptr<const kafka_source_spec> spec_;
  std::function<void()> wakeup_;
  rd_ptr<rd_kafka_t> client_;
  rd_ptr<rd_kafka_queue_t> queue_;
  std::map<std::string, rd_ptr<rd_kafka_topic_t>> topics_;
  std::map<kafka_partition, bool> started_;
  std::atomic<bool> running_{false}; // queue_ may be read
};

} // namespace sluice::internal
