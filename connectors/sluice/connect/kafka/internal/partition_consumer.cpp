#include "sluice/connect/kafka/internal/partition_consumer.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice::internal {

partition_consumer::partition_consumer(std::shared_ptr<const kafka_source_spec> spec,
                                       std::function<void()> wakeup)
  : spec_(std::move(spec)), wakeup_(std::move(wakeup)) {}

partition_consumer::~partition_consumer() {
  if (!client_) return;
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  for (auto& [place, running] : started_)
    if (running) rd_kafka_consume_stop(topics_.at(place.topic).get(), place.partition);
  queue_.reset();
  topics_.clear();
  // It has never joined the group: there is nothing to leave.
  rd_kafka_destroy_flags(client_.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void partition_consumer::start(const std::vector<kafka_split>& splits) {
  if (!client_) {
    auto config = make_source_config(*spec_);
    client_ = config.start(RD_KAFKA_CONSUMER);
    queue_.reset(rd_kafka_queue_new(client_.get()));
    rd_kafka_queue_cb_event_enable(
      queue_.get(),
      [](rd_kafka_t*, void* self) { static_cast<partition_consumer*>(self)->wakeup_(); }, this);
    running_.store(true, std::memory_order_release);
  }
  for (auto& split : splits) {
    auto* t = topic(split.place.topic);
    if (rd_kafka_consume_start_queue(t, split.place.partition, split.position, queue_.get()) != 0)
      throw io_error(fmt::format("cannot read {} from offset {}: {}", split.id(), split.position,
                                 rd_kafka_err2str(rd_kafka_last_error())));
    started_[split.place] = true;
  }
  wakeup_();
}

void partition_consumer::stop(const kafka_partition& place) {
  auto at = started_.find(place);
  if (at == started_.end() || !std::exchange(at->second, false)) return;
  rd_kafka_consume_stop(topics_.at(place.topic).get(), place.partition);
}

bool partition_consumer::commit(const std::map<kafka_partition, std::int64_t>& offsets,
                                std::string& reason) {
  if (!client_) return true;
  rd_ptr<rd_kafka_topic_partition_list_t> list(
    rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (auto& [place, offset] : offsets)
    rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition)->offset
      = offset;
  auto error = rd_kafka_commit(client_.get(), list.get(), 0);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  reason = rd_kafka_err2str(error);
  return false;
}

void partition_consumer::take(std::vector<rd_kafka_message_t*>& to, std::size_t max) {
  if (!running_.load(std::memory_order_acquire)) return;
  auto before = to.size();
  to.resize(before + max);
  auto count = rd_kafka_consume_batch_queue(queue_.get(), 0, to.data() + before, max);
  to.resize(before + (count < 0 ? 0 : static_cast<std::size_t>(count)));
}

rd_kafka_topic_t* partition_consumer::topic(const std::string& name) {
  auto& made = topics_[name];
  if (!made) made.reset(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
  if (!made)
    throw io_error(fmt::format("topic {}: {}", name, rd_kafka_err2str(rd_kafka_last_error())));
  return made.get();
}

} // namespace sluice::internal
