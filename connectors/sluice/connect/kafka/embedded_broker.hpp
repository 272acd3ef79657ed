/// Kafka brokers inside the process, for demos and tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace sluice {

/// Brokers that speak Kafka's protocol on loopback and keep records in memory (librdkafka's mock
/// cluster): enough for producers, consumers and offsets. They are not Kafka: at most 5 MB of each
/// partition is kept, transactions are acknowledged without being isolated, and topics come to be
/// when somebody writes to them.
///
/// Thread safety: all methods from any thread.
class embedded_broker {
public:
  /// Starts `brokers` of them. Errors: `io_error`.
  explicit embedded_broker(int brokers = 1);
  ~embedded_broker();
  embedded_broker(const embedded_broker&) = delete;

  /// For clients of this and of other processes: `127.0.0.1:port`, with commas between.
  std::string bootstrap_servers() const;

  /// Errors: `io_error` if it exists.
  void create_topic(const std::string& topic, std::int32_t partitions);

  /// Cuts all connections and refuses new ones, until `set_up`.
  void set_down();
  void set_up();

  /// Makes the next `count` requests of a kind (Kafka's API key, 0 is Produce) fail with an error
  /// of Kafka's protocol.
  void fail_requests(std::int16_t api_key, int error, std::size_t count);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice
