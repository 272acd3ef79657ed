#include "support/kafka_client.hpp"

#include <librdkafka/rdkafka.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>

namespace sluice::testing {

namespace {

using client_ptr = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;
using list_ptr = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                 decltype(&rd_kafka_topic_partition_list_destroy)>;

constexpr int patience = 20'000;

[[noreturn]] void fail(const std::string& what, rd_kafka_resp_err_t error) {
  throw std::runtime_error("kafka client: " + what + ": " + rd_kafka_err2str(error));
}

void check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(what, error);
}

client_ptr start(rd_kafka_type_t type, const std::string& servers,
                 const std::vector<std::pair<std::string, std::string>>& settings = {}) {
  auto* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  std::array<char, 256> reason{};
  auto set = [&](const std::string& name, const std::string& value) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size())
        != RD_KAFKA_CONF_OK)
      throw std::runtime_error(reason.data());
  };
  set("bootstrap.servers", servers);
  for (auto& [name, value] : settings) set(name, value);
  if (type == RD_KAFKA_PRODUCER)
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* m, void*) {
      if (m->err && m->_private) *static_cast<rd_kafka_resp_err_t*>(m->_private) = m->err;
    });
  auto* made = rd_kafka_new(type, conf, reason.data(), reason.size());
  if (!made) throw std::runtime_error(reason.data());
  return {made, &rd_kafka_destroy};
}

list_ptr one_partition(const std::string& topic, std::int32_t partition, std::int64_t offset) {
  list_ptr list(rd_kafka_topic_partition_list_new(1), &rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  return list;
}

/// Runs an admin request and returns the error of its result.
void admin(const std::string& servers, const std::string& what,
           const std::function<void(rd_kafka_t*, rd_kafka_queue_t*)>& ask,
           const std::function<rd_kafka_resp_err_t(rd_kafka_event_t*)>& outcome) {
  auto client = start(RD_KAFKA_PRODUCER, servers);
  std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)> queue(
    rd_kafka_queue_new(client.get()), &rd_kafka_queue_destroy);
  ask(client.get(), queue.get());
  std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)> event(
    rd_kafka_queue_poll(queue.get(), patience), &rd_kafka_event_destroy);
  if (!event) throw std::runtime_error("kafka client: " + what + ": no answer");
  check(rd_kafka_event_error(event.get()), what);
  check(outcome(event.get()), what);
}

rd_kafka_resp_err_t first_topic_error(const rd_kafka_topic_result_t** results, std::size_t count) {
  return count == 0 ? RD_KAFKA_RESP_ERR__FAIL : rd_kafka_topic_result_error(results[0]);
}

} // namespace

void kafka_client::create_topic(const std::string& topic, int partitions,
                                const std::map<std::string, std::string>& settings) {
  std::array<char, 256> reason{};
  auto* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, reason.data(), reason.size());
  for (auto& [name, value] : settings)
    rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  admin(
    servers_, "create topic " + topic,
    [&](rd_kafka_t* c, rd_kafka_queue_t* q) { rd_kafka_CreateTopics(c, &wanted, 1, nullptr, q); },
    [](rd_kafka_event_t* e) {
      std::size_t n = 0;
      auto** results
        = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(e), &n);
      return first_topic_error(results, n);
    });
  rd_kafka_NewTopic_destroy(wanted);
}

void kafka_client::add_partitions(const std::string& topic, int total) {
  std::array<char, 256> reason{};
  auto* wanted = rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(total),
                                            reason.data(), reason.size());
  admin(
    servers_, "add partitions to " + topic,
    [&](rd_kafka_t* c, rd_kafka_queue_t* q) {
      rd_kafka_CreatePartitions(c, &wanted, 1, nullptr, q);
    },
    [](rd_kafka_event_t* e) {
      std::size_t n = 0;
      auto** results
        = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(e), &n);
      return first_topic_error(results, n);
    });
  rd_kafka_NewPartitions_destroy(wanted);
}

void kafka_client::delete_before(const std::string& topic, std::int32_t partition,
                                 std::int64_t offset) {
  auto list = one_partition(topic, partition, offset);
  auto* wanted = rd_kafka_DeleteRecords_new(list.get());
  admin(
    servers_, "delete records of " + topic,
    [&](rd_kafka_t* c, rd_kafka_queue_t* q) { rd_kafka_DeleteRecords(c, &wanted, 1, nullptr, q); },
    [](rd_kafka_event_t* e) {
      return rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(e))
        ->elems[0]
        .err;
    });
  rd_kafka_DeleteRecords_destroy(wanted);
}

void kafka_client::produce(const std::string& topic, const std::vector<plain_record>& records) {
  auto client = start(RD_KAFKA_PRODUCER, servers_, {{"linger.ms", "1"}});
  auto failed = RD_KAFKA_RESP_ERR_NO_ERROR;
  for (auto& r : records) {
    auto* headers = rd_kafka_headers_new(r.headers.size());
    for (auto& [name, value] : r.headers)
      rd_kafka_header_add(headers, name.c_str(), -1, value.data(),
                          static_cast<ssize_t>(value.size()));
    auto* key = r.key ? r.key->data() : nullptr;
    auto* bytes = r.value ? const_cast<char*>(r.value->data()) : nullptr;
    auto key_size = r.key ? r.key->size() : 0;
    auto size = r.value ? r.value->size() : 0;
    auto time = r.milliseconds > 0 ? r.milliseconds : 0;
    auto error = rd_kafka_producev(
      client.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(r.partition),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK),
      RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE(bytes, size), RD_KAFKA_V_TIMESTAMP(time),
      RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(&failed), RD_KAFKA_V_END);
    check(error, "produce");
    rd_kafka_poll(client.get(), 0);
  }
  check(rd_kafka_flush(client.get(), patience), "flush");
  check(failed, "deliver");
}

void kafka_client::produce_values(const std::string& topic, std::int32_t partition,
                                  const std::vector<std::string>& values) {
  std::vector<plain_record> records(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    records[i].partition = partition;
    records[i].value = values[i];
  }
  produce(topic, records);
}

std::vector<plain_record> kafka_client::read(const std::string& topic, int partitions,
                                             bool committed) {
  auto client = start(RD_KAFKA_CONSUMER, servers_,
                      {{"group.id", "plain-client"},
                       {"enable.auto.commit", "false"},
                       {"enable.partition.eof", "true"},
                       {"fetch.wait.max.ms", "50"},
                       {"isolation.level", committed ? "read_committed" : "read_uncommitted"}});
  rd_kafka_poll_set_consumer(client.get());
  list_ptr all(rd_kafka_topic_partition_list_new(partitions),
               &rd_kafka_topic_partition_list_destroy);
  for (std::int32_t p = 0; p < partitions; ++p)
    rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), p)->offset
      = RD_KAFKA_OFFSET_BEGINNING;
  check(rd_kafka_assign(client.get(), all.get()), "assign");
  // Up to what is there now: a topic that grows has no end.
  std::map<std::int32_t, std::int64_t> ends;
  for (std::int32_t p = 0; p < partitions; ++p) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    check(rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), p, &low, &high, patience),
          "query offsets");
    if (low < high) ends[p] = high;
  }
  std::vector<plain_record> result;
  while (!ends.empty()) {
    auto* m = rd_kafka_consumer_poll(client.get(), patience);
    if (!m) throw std::runtime_error("kafka client: reading " + topic + " takes too long");
    std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)> owner(
      m, &rd_kafka_message_destroy);
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ends.erase(m->partition);
    } else if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      auto end = ends.find(m->partition);
      if (end == ends.end()) continue;
      if (m->offset + 1 >= end->second) ends.erase(end);
      auto& r = result.emplace_back();
      r.partition = m->partition;
      r.offset = m->offset;
      if (m->key) r.key.emplace(static_cast<const char*>(m->key), m->key_len);
      if (m->payload) r.value.emplace(static_cast<const char*>(m->payload), m->len);
      r.milliseconds = rd_kafka_message_timestamp(m, nullptr);
      rd_kafka_headers_t* headers = nullptr;
      if (rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char* name = nullptr;
        const void* value = nullptr;
        std::size_t size = 0;
        for (std::size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); ++i)
          r.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
      }
    }
  }
  rd_kafka_consumer_close(client.get());
  return result;
}

std::vector<plain_record> kafka_client::read_settled(const std::string& topic, int partitions) {
  auto ends = [&](const char* isolation) {
    auto client = start(RD_KAFKA_CONSUMER, servers_, {{"isolation.level", isolation}});
    std::vector<std::int64_t> result;
    for (std::int32_t p = 0; p < partitions; ++p) {
      std::int64_t low = 0;
      check(rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), p, &low,
                                             &result.emplace_back(), patience),
            "query offsets");
    }
    return result;
  };
  auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience);
  while (ends("read_committed") != ends("read_uncommitted")) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("kafka client: a transaction of " + topic + " stays open");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return read(topic, partitions);
}

std::optional<std::int64_t> kafka_client::committed_offset(const std::string& group,
                                                           const std::string& topic,
                                                           std::int32_t partition) {
  auto client = start(RD_KAFKA_CONSUMER, servers_, {{"group.id", group}});
  auto list = one_partition(topic, partition, RD_KAFKA_OFFSET_INVALID);
  check(rd_kafka_committed(client.get(), list.get(), patience), "committed offsets");
  auto offset = list->elems[0].offset;
  return offset < 0 ? std::nullopt : std::optional(offset);
}

} // namespace sluice::testing
