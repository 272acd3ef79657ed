/// Owners of librdkafka's objects, and configurations that say what is wrong with them.
#pragma once

#include "sluice/connect/kafka/kafka_options.hpp"

#include <librdkafka/rdkafka.h>

#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sluice::internal {

struct rd_deleter {
  void operator()(rd_kafka_t* p) const noexcept { rd_kafka_destroy(p); }
  void operator()(rd_kafka_conf_t* p) const noexcept { rd_kafka_conf_destroy(p); }
  void operator()(rd_kafka_topic_t* p) const noexcept { rd_kafka_topic_destroy(p); }
  void operator()(rd_kafka_topic_conf_t* p) const noexcept { rd_kafka_topic_conf_destroy(p); }
  void operator()(rd_kafka_queue_t* p) const noexcept { rd_kafka_queue_destroy(p); }
  void operator()(rd_kafka_message_t* p) const noexcept { rd_kafka_message_destroy(p); }
  void operator()(rd_kafka_error_t* p) const noexcept { rd_kafka_error_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const noexcept {
    rd_kafka_topic_partition_list_destroy(p);
  }
  void operator()(const rd_kafka_metadata_t* p) const noexcept { rd_kafka_metadata_destroy(p); }
};

template <class T>
using rd_ptr = std::unique_ptr<T, rd_deleter>;

/// A configuration under construction.
class client_config {
public:
  /// `who` begins the text of errors: "kafka source", "kafka sink".
  explicit client_config(std::string who);

  /// Errors: `plan_error` with the name and librdkafka's reason.
  void set(const std::string& name, const std::string& value);

  /// Sets what the user wants. Errors: `plan_error`; for a name in `decided`, which the connector
  /// sets itself, with the option to use instead.
  struct decided_by {
    std::string_view name;
    std::string_view instead;
  };
  void set_all(const kafka_properties& properties, std::initializer_list<decided_by> decided);

  rd_kafka_conf_t* get() const noexcept { return conf_.get(); }

  /// Starts a client. Errors: `io_error`.
  rd_ptr<rd_kafka_t> start(rd_kafka_type_t type);

private:
  std::string who_;
  rd_ptr<rd_kafka_conf_t> conf_;
};

/// The last thing that a client's threads complained about: tells why nothing happens.
/// Thread safety: all.
class complaints {
public:
  void note(int error, std::string text) {
    std::lock_guard lock(mutex_);
    // That all brokers are down only repeats what was said of each.
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || last_.empty()) last_ = std::move(text);
  }
  /// " (text)", or nothing.
  std::string in_brackets() const;

private:
  mutable std::mutex mutex_;
  std::string last_;
};

/// Errors: `plan_error` if `servers` is empty.
void require_servers(const std::string& servers, std::string_view who);

} // namespace sluice::internal
