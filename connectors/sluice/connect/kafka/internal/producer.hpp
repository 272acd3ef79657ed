/// A producer of librdkafka that reports what became of its messages.
#pragma once

#include "sluice/connect/kafka/internal/client.hpp"
#include "sluice/connect/kafka/kafka_options.hpp"
#include "sluice/connect/kafka/kafka_serializer.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::internal {

/// What a Kafka sink is told; shared by its writers.
struct kafka_sink_spec {
  std::string topic;
  std::shared_ptr<const kafka_serializer_base> serializer;
  kafka_sink_options options;

  std::string name() const { return topic.empty() ? "topics" : "topic " + topic; }
};

/// Whom a producer tells what happens on its threads.
struct producer_callbacks {
  std::function<void()> wakeup;
  std::function<void(std::exception_ptr)> fail;
  std::uint32_t subtask = 0;
};

/// Who a transactional producer is to the brokers.
struct producer_identity {
  std::int64_t id = -1;
  std::int16_t epoch = -1;
};

/// The configuration of the sink's producers. Errors: `plan_error`.
client_config make_producer_config(const kafka_sink_spec& spec,
                                   const std::string& transactional_id);

/// Sends messages. Failed deliveries fail the task.
///
/// Thread safety: `produce` by one thread at a time; `has_room` from any; all else may block and
/// belongs on the task's blocking strand, as do constructor and destructor.
class producer {
public:
  /// Errors: `io_error`.
  producer(std::shared_ptr<const kafka_sink_spec> spec, producer_callbacks callbacks,
           const std::string& transactional_id = {});
  ~producer();
  producer(const producer&) = delete;

  /// Waits for the brokers and the sink's topic. Errors: `io_error` when they are not there in
  /// time.
  void check_topic();

  /// Registers the transactional id, which ends what earlier producers with it left open, and
  /// begins a transaction. Errors: `io_error`.
  void begin_transaction();

  /// REQUIRES: `begin_transaction` has returned.
  producer_identity identity() const;

  /// Aborts the transaction, if that is possible within a moment.
  void abort_transaction() noexcept;

  /// Hands over a copy of the message; does not wait. Errors: `io_error`.
  void produce(const kafka_message_view& message);

  /// Whether less waits than the options allow. When there is room again, `wakeup` is called.
  bool has_room() const noexcept;

  std::uint64_t num_produced() const noexcept { return num_produced_; }

  /// Waits until the brokers have everything. Errors: `io_error` if some message failed.
  void flush();

private:
  void on_event(rd_kafka_event_t* event);
  void on_deliveries(rd_kafka_event_t* event);
  void on_statistics(std::string_view json);
  void fail(std::string text);
  std::string describe(rd_kafka_resp_err_t error) const;
  rd_kafka_topic_t* topic(std::string_view name);
  static std::int32_t choose_partition(const rd_kafka_topic_t*, const void*, std::size_t,
                                       std::int32_t count, void* self, void*);

  std::shared_ptr<const kafka_sink_spec> spec_;
  producer_callbacks callbacks_;
  complaints complaints_;
  std::string who_; // the operator's view of the topic, for errors
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<std::int64_t> records_{0};
  std::uint64_t num_produced_ = 0;
  std::atomic<std::uint32_t> turn_{0}; // of round robin

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string problem_;                       // guarded by mutex_
  std::optional<producer_identity> identity_; // guarded by mutex_

  rd_ptr<rd_kafka_t> client_;
  rd_ptr<rd_kafka_topic_t> default_topic_;
  std::map<std::string, rd_ptr<rd_kafka_topic_t>, std::less<>> topics_;
};

} // namespace sluice::internal
