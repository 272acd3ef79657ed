#include "sluice/connect/kafka/internal/kafka_split.hpp"
#include "sluice/connect/kafka/internal/log.hpp"
#include "sluice/connect/kafka/internal/partition_consumer.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace sluice::internal {

namespace {

constexpr std::size_t messages_at_a_time = 1024;

/// Whether the client library gets over an error by itself.
bool passing(rd_kafka_resp_err_t error) {
  switch (error) {
  case RD_KAFKA_RESP_ERR__TRANSPORT:
  case RD_KAFKA_RESP_ERR__TIMED_OUT:
  case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
  case RD_KAFKA_RESP_ERR__RESOLVE:
  case RD_KAFKA_RESP_ERR__WAIT_COORD:
  case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
  case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
  case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
  case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
  case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
  case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
  case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
  case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
  case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    return true;
  default:
    return false;
  }
}

/// Decodes on the actor what the client library's threads fetched.
class kafka_reader final : public source_reader, decode_sink {
public:
  explicit kafka_reader(std::shared_ptr<const kafka_source_spec> spec)
    : spec_(std::move(spec)), decoder_(spec_->deserializer->make_decoder()) {}

  ~kafka_reader() override {
    for (; next_ < fetched_.size(); ++next_) rd_kafka_message_destroy(fetched_[next_]);
  }

  void open(io_context& context) override {
    context_ = &context;
    bytes_read_ = context.make_counter("bytes_read");
    skipped_ = context.make_counter("records_skipped");
    nulled_ = context.make_counter("fields_nulled");
    diverted_ = context.make_counter("records_diverted");
    without_value_ = context.make_counter("records_without_value");
    commits_failed_ = context.make_counter("offset_commits_failed");
    consumer_ = std::make_shared<partition_consumer>(spec_, context.wakeup());
  }

  void add_splits(std::vector<source_split> splits) override {
    std::vector<kafka_split> to_start;
    for (auto& s : splits) {
      auto& e = entries_[kafka_split::decode(s.data).place];
      e.split = kafka_split::decode(s.data);
      e.number = next_number_++;
      e.open = true;
      ++num_open_;
      just_begun_.push_back(e.number);
      if (e.split.position < e.split.end)
        to_start.push_back(e.split);
      else
        end(e);
    }
    last_found_ = nullptr;
    if (to_start.empty()) return;
    context_->post_blocking(
      [consumer = consumer_, to_start = std::move(to_start)] { consumer->start(to_start); });
  }

  poll_result poll(batch& out, std::size_t max_records) override {
    poll_result result;
    while (out.empty() && num_open_ > 0) {
      if (next_ == fetched_.size() && !fetch()) break;
      decode_run(out, max_records, result);
    }
    result.begun_splits = std::exchange(just_begun_, {});
    result.ended_splits = std::exchange(just_ended_, {});
    if (out.empty() && result.ended_splits.empty())
      result.status = num_open_ == 0 ? poll_result::state::finished : poll_result::state::waiting;
    return result;
  }

  void take_bad_records(std::vector<bad_record>& out) override {
    if (!bad_records_.empty()) std::swap(out, bad_records_);
  }

  std::vector<source_split> snapshot() override {
    std::vector<source_split> splits;
    at_snapshot_.clear();
    for (auto& [place, e] : entries_) {
      at_snapshot_[place] = e.split.position;
      if (e.open) splits.push_back({e.split.id(), e.split.encode()});
    }
    return splits;
  }

  void checkpoint_complete(std::uint64_t) override {
    if (!spec_->options.commit_offsets_on_checkpoint || spec_->options.group_id.empty()) return;
    std::map<kafka_partition, std::int64_t> moved;
    for (auto& [place, offset] : at_snapshot_)
      if (auto& last = committed_.try_emplace(place, -1).first->second; last != offset)
        moved[place] = last = offset;
    if (moved.empty()) return;
    context_->post_blocking([consumer = consumer_, failed = commits_failed_,
                             group = spec_->options.group_id, moved = std::move(moved)] {
      std::string reason;
      if (consumer->commit(moved, reason)) return;
      failed->add(1);
      kafka_log().warn("cannot commit the offsets of group {}, which only others miss: {}", group,
                       reason);
    });
  }

private:
  struct entry {
    kafka_split split;
    std::uint32_t number = 0;
    bool open = false;
  };

  bool fetch() {
    fetched_.clear();
    next_ = 0;
    consumer_->take(fetched_, messages_at_a_time);
    return !fetched_.empty();
  }

  entry* find(const rd_kafka_message_t& m) {
    if (last_found_ && m.rkt == last_topic_ && m.partition == last_found_->split.place.partition)
      return last_found_;
    auto at = entries_.find({rd_kafka_topic_name(m.rkt), m.partition});
    if (at == entries_.end()) return nullptr;
    last_topic_ = m.rkt;
    return last_found_ = &at->second;
  }

  /// Deals with the messages at hand that are of one partition, as far as they fit.
  void decode_run(batch& out, std::size_t max_records, poll_result& result) {
    auto* e = find(*fetched_[next_]);
    auto begin = next_;
    auto end = begin;
    records_.clear();
    while (end < fetched_.size() && records_.size() < max_records) {
      auto& m = *fetched_[end];
      if (find(m) != e) break;
      if (m.err != RD_KAFKA_RESP_ERR_NO_ERROR || !e || !e->open || m.offset >= e->split.end) break;
      if (m.offset >= e->split.position) add_record(m); // a compressed batch may begin before it
      ++end;
    }
    if (!records_.empty()) {
      ends_.clear();
      decoder_->decode(records_, out, ends_, *this);
      finish_records(out);
      e->split.position = records_.back().offset + 1;
      result.split = e->number;
    }
    for (; next_ < end; ++next_) rd_kafka_message_destroy(fetched_[next_]);
    if (e && e->open && e->split.position >= e->split.end) this->end(*e);
    if (begin == end) pass_over(e);
  }

  void add_record(const rd_kafka_message_t& m) {
    rd_kafka_timestamp_type_t type{};
    auto time = rd_kafka_message_timestamp(&m, &type);
    auto& r = records_.emplace_back();
    r.topic = last_found_->split.place.topic;
    r.partition = m.partition;
    r.offset = m.offset;
    if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME)
      r.time_type = kafka_timestamp_type::create_time;
    else if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME)
      r.time_type = kafka_timestamp_type::log_append_time;
    if (r.time_type != kafka_timestamp_type::none && time >= 0) r.time = time * 1000;
    if (m.key) r.key.emplace(static_cast<const char*>(m.key), m.key_len);
    if (m.payload) r.value.emplace(static_cast<const char*>(m.payload), m.len);
    r.native = &m;
  }

  /// Gives the decoded records their times, and counts.
  void finish_records(batch& out) {
    std::uint64_t bytes = 0;
    std::uint64_t empty = 0;
    std::uint32_t done = 0;
    auto* times = out.empty() ? nullptr : out.make_timestamps();
    for (std::size_t i = 0; i < records_.size(); ++i) {
      auto& r = records_[i];
      bytes += (r.key ? r.key->size() : 0) + (r.value ? r.value->size() : 0);
      empty += !r.value && ends_[i] == done;
      for (; done < ends_[i]; ++done) times[done] = r.time;
    }
    bytes_read_->add(bytes);
    if (empty > 0) without_value_->add(empty);
  }

  /// Takes a message that is no record of an open split off the queue.
  void pass_over(entry* e) {
    rd_ptr<rd_kafka_message_t> m(fetched_[next_++]);
    if (!e || !e->open) return; // was still under way when its split ended
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      e->split.position = e->split.end;
      end(*e);
    } else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      // Behind the last record there may be offsets without one (the marks of transactions).
      e->split.position = std::max(e->split.position, std::min(m->offset, e->split.end));
      if (e->split.position >= e->split.end) end(*e);
    } else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET
               || m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      throw io_error(
        fmt::format("{}: there is no offset {}: the records from there on were deleted "
                    "before they were read, or the topic was made anew",
                    e->split.id(), e->split.position));
    } else if (!passing(m->err)) {
      throw io_error(
        fmt::format("{}:{}: {}", e->split.id(), e->split.position, rd_kafka_err2str(m->err)));
    }
  }

  void end(entry& e) {
    e.open = false;
    --num_open_;
    just_ended_.push_back(e.number);
    context_->post_blocking(
      [consumer = consumer_, place = e.split.place] { consumer->stop(place); });
  }

  // -- bad records --------------------------------------------------------------------------------

  bool refuse(const record_error& error) override {
    auto& options = spec_->deserializer->options();
    if (options.errors == on_error::skip || options.errors == on_error::null_field) {
      skipped_->add(1);
      return true;
    }
    auto& r = records_[error.offset];
    auto place = fmt::format("{}:{}:{}", r.topic, r.partition, r.offset);
    if (options.errors == on_error::fail)
      throw format_error(describe_bad_record(place, error.reason, error.text));
    diverted_->add(1);
    bad_record bad{place, std::string(error.text.substr(0, max_bad_bytes)), error.reason};
    if (options.divert)
      options.divert(bad);
    else
      bad_records_.push_back(std::move(bad));
    return true;
  }

  void fields_nulled(std::size_t count) override { nulled_->add(count); }

  std::shared_ptr<const kafka_source_spec> spec_;
  std::unique_ptr<kafka_decoder> decoder_;
  io_context* context_ = nullptr;
  std::shared_ptr<partition_consumer> consumer_;
  std::shared_ptr<counter> bytes_read_;
  std::shared_ptr<counter> skipped_;
  std::shared_ptr<counter> nulled_;
  std::shared_ptr<counter> diverted_;
  std::shared_ptr<counter> without_value_;
  std::shared_ptr<counter> commits_failed_;

  std::map<kafka_partition, entry> entries_;
  std::uint32_t next_number_ = 0;
  std::size_t num_open_ = 0;
  std::vector<std::uint32_t> just_begun_;
  std::vector<std::uint32_t> just_ended_;
  // The partition of the last message, because the next is likely to be of the same.
  const rd_kafka_topic_t* last_topic_ = nullptr;
  entry* last_found_ = nullptr;

  std::vector<rd_kafka_message_t*> fetched_; // before next_: destroyed
  std::size_t next_ = 0;
  std::vector<kafka_record> records_; // being decoded
  std::vector<std::uint32_t> ends_;
  std::vector<bad_record> bad_records_; // diverted during this poll

  std::map<kafka_partition, std::int64_t> at_snapshot_;
  std::map<kafka_partition, std::int64_t> committed_;
};

} // namespace

std::unique_ptr<source_reader> make_kafka_reader(std::shared_ptr<const kafka_source_spec> spec) {
  return std::make_unique<kafka_reader>(std::move(spec));
}

} // namespace sluice::internal
