#include "sluice/connect/kafka/internal/kafka_split.hpp"
#include "sluice/connect/kafka/internal/log.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/core/hash.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <regex>
#include <set>
#include <thread>

namespace sluice::internal {

namespace {

using steady = std::chrono::steady_clock;

int milliseconds(duration d) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

/// Asks the brokers which partitions there are and where they begin and end.
class broker_survey {
public:
  explicit broker_survey(std::shared_ptr<const kafka_source_spec> spec) : spec_(std::move(spec)) {
    auto config = make_source_config(*spec_);
    rd_kafka_conf_set_opaque(config.get(), &complaints_);
    rd_kafka_conf_set_error_cb(config.get(),
                               [](rd_kafka_t*, int error, const char* text, void* opaque) {
                                 static_cast<complaints*>(opaque)->note(error, text);
                               });
    client_ = config.start(RD_KAFKA_CONSUMER);
  }

  void set_deadline(steady::time_point deadline) { deadline_ = deadline; }

  std::vector<kafka_partition> partitions() {
    return spec_->options.topic_pattern.empty() ? partitions_of_topics() : matching_partitions();
  }

  /// First offset and the one behind the last.
  std::pair<std::int64_t, std::int64_t> range(const kafka_partition& place) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    persist(fmt::format("query the offsets of {}:{}", place.topic, place.partition), [&] {
      return rd_kafka_query_watermark_offsets(client_.get(), place.topic.c_str(), place.partition,
                                              &low, &high, milliseconds(step()));
    });
    return {low, high};
  }

  /// What `at` says for each of `places`; nothing where it does not say.
  std::vector<std::optional<std::int64_t>> resolve(const kafka_offsets& at,
                                                   const std::vector<kafka_partition>& places) {
    using mode = kafka_offsets::mode;
    std::vector<std::optional<std::int64_t>> result(places.size());
    if (places.empty()) return result;
    switch (at.which()) {
    case mode::earliest:
    case mode::latest:
      for (std::size_t i = 0; i < places.size(); ++i) {
        auto [low, high] = range(places[i]);
        result[i] = at.which() == mode::earliest ? low : high;
      }
      break;
    case mode::committed: {
      auto list = list_of(places, RD_KAFKA_OFFSET_INVALID);
      persist("get the committed offsets of group " + spec_->options.group_id,
              [&] { return rd_kafka_committed(client_.get(), list.get(), milliseconds(step())); });
      take(*list, result);
      break;
    }
    case mode::time: {
      auto list = list_of(places, at.time() / 1000 + (at.time() % 1000 > 0 ? 1 : 0));
      persist("look up offsets by time", [&] {
        return rd_kafka_offsets_for_times(client_.get(), list.get(), milliseconds(step()));
      });
      take(*list, result);
      for (std::size_t i = 0; i < places.size(); ++i)
        if (!result[i]) result[i] = range(places[i]).second;
      break;
    }
    case mode::specific:
      for (std::size_t i = 0; i < places.size(); ++i)
        if (auto found = at.offsets().find(places[i]); found != at.offsets().end())
          result[i] = found->second;
      break;
    }
    return result;
  }

private:
  static constexpr auto retry_pause = std::chrono::milliseconds(100);
  /// A topic that was just made may take its time to be known everywhere.
  static constexpr auto patience_for_topics = std::chrono::seconds(3);

  duration left() const { return std::chrono::duration_cast<duration>(deadline_ - steady::now()); }
  /// Requests are short, so that a broker that comes back is noticed.
  duration step() const {
    return std::clamp<duration>(left(), std::chrono::milliseconds(1), std::chrono::seconds(5));
  }

  /// Repeats a request until it succeeds or time is up.
  template <class F>
  void persist(const std::string& what, F request) {
    for (;;) {
      auto error = request();
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
      rd_kafka_poll(client_.get(), 0); // brings complaints
      if (left() <= retry_pause || !worth_retrying(error))
        throw io_error(fmt::format("cannot {} at {} within {} s: {}{}", what,
                                   spec_->options.bootstrap_servers,
                                   milliseconds(spec_->options.connect_timeout) / 1000.0,
                                   rd_kafka_err2str(error), complaints_.in_brackets()));
      std::this_thread::sleep_for(retry_pause);
    }
  }

  static bool worth_retrying(rd_kafka_resp_err_t error) {
    switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return true;
    default:
      return false;
    }
  }

  rd_ptr<const rd_kafka_metadata_t> metadata(rd_kafka_topic_t* topic) {
    const rd_kafka_metadata_t* found = nullptr;
    persist("reach a broker", [&] {
      return rd_kafka_metadata(client_.get(), topic ? 0 : 1, topic, &found, milliseconds(step()));
    });
    return rd_ptr<const rd_kafka_metadata_t>(found);
  }

  static void add(const rd_kafka_metadata_topic_t& topic, std::vector<kafka_partition>& to) {
    for (int i = 0; i < topic.partition_cnt; ++i)
      to.push_back({topic.topic, topic.partitions[i].id});
  }

  std::vector<kafka_partition> partitions_of_topics() {
    std::vector<kafka_partition> result;
    for (auto& name : spec_->options.topics) {
      rd_ptr<rd_kafka_topic_t> topic(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
      if (!topic)
        throw io_error(fmt::format("topic {}: {}", name, rd_kafka_err2str(rd_kafka_last_error())));
      auto give_up = std::min(deadline_, steady::now() + patience_for_topics);
      for (;;) {
        auto found = metadata(topic.get());
        auto& entry = found->topics[0];
        if (entry.err == RD_KAFKA_RESP_ERR_NO_ERROR && entry.partition_cnt > 0) {
          add(entry, result);
          break;
        }
        if (steady::now() >= give_up || entry.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
            || entry.err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)
          throw io_error(fmt::format("topic {} cannot be read: {} (brokers: {})", name,
                                     entry.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
                                       ? "it does not exist"
                                       : rd_kafka_err2str(entry.err),
                                     spec_->options.bootstrap_servers));
        std::this_thread::sleep_for(retry_pause);
      }
    }
    return result;
  }

  std::vector<kafka_partition> matching_partitions() {
    std::vector<kafka_partition> result;
    std::regex pattern(spec_->options.topic_pattern);
    auto found = metadata(nullptr);
    for (int i = 0; i < found->topic_cnt; ++i) {
      std::string name = found->topics[i].topic;
      if (name.starts_with("__") || !std::regex_match(name, pattern)) continue;
      add(found->topics[i], result);
    }
    return result;
  }

  static rd_ptr<rd_kafka_topic_partition_list_t> list_of(const std::vector<kafka_partition>& places,
                                                         std::int64_t offset) {
    rd_ptr<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(places.size())));
    for (auto& p : places)
      rd_kafka_topic_partition_list_add(list.get(), p.topic.c_str(), p.partition)->offset = offset;
    return list;
  }

  static void take(const rd_kafka_topic_partition_list_t& list,
                   std::vector<std::optional<std::int64_t>>& to) {
    for (int i = 0; i < list.cnt; ++i) {
      auto& e = list.elems[i];
      if (e.err != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw io_error(
          fmt::format("offset of {}:{}: {}", e.topic, e.partition, rd_kafka_err2str(e.err)));
      if (e.offset >= 0) to[static_cast<std::size_t>(i)] = e.offset;
    }
  }

  std::shared_ptr<const kafka_source_spec> spec_;
  complaints complaints_; // outlives the client
  rd_ptr<rd_kafka_t> client_;
  steady::time_point deadline_;
};

class kafka_enumerator final : public split_enumerator {
public:
  explicit kafka_enumerator(std::shared_ptr<const kafka_source_spec> spec)
    : spec_(std::move(spec)) {}

  void restore(const std::vector<std::string>& known) override {
    known_.insert(known.begin(), known.end());
    at_start_ = known_.empty();
  }

  std::vector<source_split> discover() override {
    auto first = !std::exchange(answered_before_, true);
    try {
      return look();
    } catch (const io_error& e) {
      if (first) throw io_error(fmt::format("{}: {}", spec_->topics_text(), e.what()));
      kafka_log().warn("{}: looking for new partitions failed, trying again later: {}",
                       spec_->topics_text(), e.what());
      return {};
    }
  }

  std::optional<duration> discovery_interval() const override {
    if (spec_->options.bounded || spec_->options.partition_discovery_interval == duration::zero())
      return std::nullopt;
    return spec_->options.partition_discovery_interval;
  }

  std::optional<std::uint32_t> owner(const source_split& split,
                                     std::uint32_t parallelism) const override {
    // The partitions of a topic go round, from a start that differs from topic to topic.
    auto place = kafka_split::decode(split.data).place;
    auto start = hash_bytes(place.topic.data(), place.topic.size());
    return static_cast<std::uint32_t>((start + static_cast<std::uint64_t>(place.partition))
                                      % parallelism);
  }

private:
  std::vector<source_split> look() {
    if (!survey_) survey_ = std::make_unique<broker_survey>(spec_);
    survey_->set_deadline(steady::now() + spec_->options.connect_timeout);
    std::vector<kafka_partition> fresh;
    for (auto& place : survey_->partitions())
      if (!known_.contains(kafka_split{place}.id())) fresh.push_back(place);
    auto splits = cut(fresh);
    for (auto& split : splits) known_.insert(split.id);
    at_start_ = false;
    return splits;
  }

  std::vector<source_split> cut(const std::vector<kafka_partition>& fresh) {
    auto& o = spec_->options;
    auto earliest = kafka_offsets::earliest();
    // A partition that appears while the job runs is read whole.
    auto starts = survey_->resolve(at_start_ ? o.starting_offsets : earliest, fresh);
    std::vector<std::optional<std::int64_t>> ends(fresh.size());
    if (o.bounded) ends = survey_->resolve(*o.bounded, fresh);
    std::vector<source_split> splits;
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      kafka_split split{fresh[i]};
      split.position = starts[i] ? *starts[i] : missing_start(fresh[i]);
      if (o.bounded) split.end = ends[i].value_or(split.position);
      splits.push_back({split.id(), split.encode()});
    }
    return splits;
  }

  std::int64_t missing_start(const kafka_partition& place) {
    auto& start = spec_->options.starting_offsets;
    if (start.which() == kafka_offsets::mode::specific) return survey_->range(place).first;
    switch (start.reset()) {
    case kafka_offset_reset::earliest:
      return survey_->range(place).first;
    case kafka_offset_reset::latest:
      return survey_->range(place).second;
    case kafka_offset_reset::none:
      break;
    }
    throw io_error(fmt::format("group {} has no committed offset for {}:{}: commit one, or tell "
                               "with kafka_offsets::committed(reset) where to start instead",
                               spec_->options.group_id, place.topic, place.partition));
  }

  std::shared_ptr<const kafka_source_spec> spec_;
  std::unique_ptr<broker_survey> survey_;
  std::set<std::string> known_;
  bool at_start_ = true;
  bool answered_before_ = false;
};

} // namespace

std::unique_ptr<split_enumerator>
make_kafka_enumerator(std::shared_ptr<const kafka_source_spec> spec) {
  return std::make_unique<kafka_enumerator>(std::move(spec));
}

} // namespace sluice::internal
