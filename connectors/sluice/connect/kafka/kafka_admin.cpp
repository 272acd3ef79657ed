#include "sluice/connect/kafka/kafka_admin.hpp"

#include "sluice/connect/kafka/internal/client.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

namespace sluice {

namespace {

using steady = std::chrono::steady_clock;

constexpr auto retry_pause = std::chrono::milliseconds(100);
constexpr auto longest_request = std::chrono::seconds(5);

struct new_topic_deleter {
  void operator()(rd_kafka_NewTopic_t* t) const noexcept { rd_kafka_NewTopic_destroy(t); }
};
struct event_deleter {
  void operator()(rd_kafka_event_t* e) const noexcept { rd_kafka_event_destroy(e); }
};
struct options_deleter {
  void operator()(rd_kafka_AdminOptions_t* o) const noexcept { rd_kafka_AdminOptions_destroy(o); }
};

int milliseconds(duration d) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

} // namespace

struct kafka_admin::impl {
  std::string servers;
  duration timeout;
  internal::complaints complaints; // outlives the client
  internal::rd_ptr<rd_kafka_t> client;
  steady::time_point deadline;

  duration left() const {
    return std::max<duration>(std::chrono::duration_cast<duration>(deadline - steady::now()),
                              std::chrono::milliseconds(1));
  }

  [[noreturn]] void fail(const std::string& what, const std::string& reason) {
    rd_kafka_poll(client.get(), 0); // brings complaints
    throw io_error(fmt::format("{} at {}: {}{}", what, servers, reason, complaints.in_brackets()));
  }

  /// Repeats a request until it succeeds, its answer is final, or time is up.
  template <class F>
  rd_kafka_resp_err_t persist(const std::string& what, F request) {
    for (;;) {
      auto error = request(milliseconds(std::min<duration>(left(), longest_request)));
      switch (error) {
      case RD_KAFKA_RESP_ERR__TRANSPORT:
      case RD_KAFKA_RESP_ERR__TIMED_OUT:
      case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
      case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
        if (left() > retry_pause) break;
        fail(what, rd_kafka_err2str(error));
      default:
        return error;
      }
      std::this_thread::sleep_for(retry_pause);
    }
  }

  /// Partitions of a topic; none if it does not exist.
  std::int32_t partitions(const std::string& topic) {
    internal::rd_ptr<rd_kafka_topic_t> handle(
      rd_kafka_topic_new(client.get(), topic.c_str(), nullptr));
    std::int32_t count = 0;
    auto what = "cannot look up topic " + topic;
    auto error = persist(what, [&](int time) {
      const rd_kafka_metadata_t* found = nullptr;
      auto outcome = rd_kafka_metadata(client.get(), 0, handle.get(), &found, time);
      internal::rd_ptr<const rd_kafka_metadata_t> owner(found);
      if (outcome != RD_KAFKA_RESP_ERR_NO_ERROR) return outcome;
      count = found->topics[0].partition_cnt;
      return found->topics[0].err;
    });
    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return 0;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(what, rd_kafka_err2str(error));
    return count;
  }
};

kafka_admin::kafka_admin(std::string bootstrap_servers, const kafka_properties& properties,
                         duration timeout)
  : impl_(std::make_unique<impl>()) {
  internal::require_servers(bootstrap_servers, "kafka admin");
  impl_->servers = std::move(bootstrap_servers);
  impl_->timeout = timeout;
  internal::client_config config("kafka admin");
  config.set_all(properties, {{"bootstrap.servers", "it is an argument"}});
  config.set("bootstrap.servers", impl_->servers);
  rd_kafka_conf_set_opaque(config.get(), &impl_->complaints);
  rd_kafka_conf_set_error_cb(config.get(),
                             [](rd_kafka_t*, int error, const char* text, void* opaque) {
                               static_cast<internal::complaints*>(opaque)->note(error, text);
                             });
  impl_->client = config.start(RD_KAFKA_CONSUMER); // a producer's look would make topics
}

kafka_admin::~kafka_admin() = default;

bool kafka_admin::create_topic(const std::string& topic, std::int32_t partitions,
                               const std::map<std::string, std::string>& settings) {
  auto& self = *impl_;
  self.deadline = steady::now() + self.timeout;
  if (self.partitions(topic) > 0) return false;

  auto what = "cannot create topic " + topic;
  std::array<char, 256> reason{};
  constexpr int brokers_default = -1;
  std::unique_ptr<rd_kafka_NewTopic_t, new_topic_deleter> wanted(rd_kafka_NewTopic_new(
    topic.c_str(), partitions, brokers_default, reason.data(), reason.size()));
  if (!wanted) self.fail(what, reason.data());
  for (auto& [name, value] : settings)
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  internal::rd_ptr<rd_kafka_queue_t> answers(rd_kafka_queue_new(self.client.get()));
  std::unique_ptr<rd_kafka_AdminOptions_t, options_deleter> options(
    rd_kafka_AdminOptions_new(self.client.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  auto time = milliseconds(self.left());
  rd_kafka_AdminOptions_set_request_timeout(options.get(), time, reason.data(), reason.size());
  auto* list = wanted.get();
  rd_kafka_CreateTopics(self.client.get(), &list, 1, options.get(), answers.get());
  std::unique_ptr<rd_kafka_event_t, event_deleter> answer(
    rd_kafka_queue_poll(answers.get(), time + milliseconds(longest_request)));
  if (!answer) self.fail(what, "no answer");
  if (rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR)
    self.fail(what, rd_kafka_event_error_string(answer.get()));
  std::size_t n = 0;
  auto** results
    = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &n);
  auto error = n > 0 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
    const auto* text = n > 0 ? rd_kafka_topic_result_error_string(results[0]) : nullptr;
    self.fail(what, text ? text : rd_kafka_err2str(error));
  }
  while (self.partitions(topic) == 0) {
    if (self.left() <= retry_pause) self.fail(what, "it does not come to be");
    std::this_thread::sleep_for(retry_pause);
  }
  return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

std::uint64_t kafka_admin::num_offsets(const std::string& topic) {
  auto& self = *impl_;
  self.deadline = steady::now() + self.timeout;
  auto count = self.partitions(topic);
  auto what = "cannot look up the offsets of topic " + topic;
  if (count == 0) self.fail(what, "it does not exist");
  std::uint64_t sum = 0;
  for (std::int32_t p = 0; p < count; ++p) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    auto error = self.persist(what, [&](int time) {
      return rd_kafka_query_watermark_offsets(self.client.get(), topic.c_str(), p, &low, &high,
                                              time);
    });
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) self.fail(what, rd_kafka_err2str(error));
    sum += static_cast<std::uint64_t>(high - low);
  }
  return sum;
}

} // namespace sluice
