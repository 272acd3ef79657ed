#include "sluice/connect/kafka/internal/outbox.hpp"

#include "sluice/core/errors.hpp"

namespace sluice::internal {

namespace {

std::optional<std::string> owned(std::optional<std::string_view> text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

} // namespace

void outbox::keep_or_send(const kafka_message_view& message) {
  std::lock_guard lock(mutex_);
  if (open_.load(std::memory_order_relaxed)) {
    producer_->produce(message);
    return;
  }
  auto& kept = waiting_.emplace_back();
  kept.topic = message.topic;
  kept.partition = message.partition;
  kept.key = owned(message.key);
  kept.value = owned(message.value);
  kept.time = message.time;
  if (message.headers) kept.headers = *message.headers;
}

void outbox::open(std::unique_ptr<producer> p, std::string transactional_id) {
  producer_ = std::move(p);
  transactional_id_ = std::move(transactional_id);
  if (!held_) start_sending();
}

void outbox::release() {
  held_ = false;
  if (producer_) start_sending();
}

void outbox::start_sending() {
  std::lock_guard lock(mutex_);
  for (auto& m : waiting_)
    producer_->produce(
      {m.topic, m.partition, m.key, m.value, m.time, m.headers.empty() ? nullptr : &m.headers});
  waiting_ = {};
  open_.store(true, std::memory_order_release);
}

void outbox::flush() {
  // Why is told by the failure of the work that should have opened it.
  if (!producer_) throw io_error("kafka sink: there is no producer");
  producer_->flush();
}

void outbox::abort() noexcept {
  if (producer_) producer_->abort_transaction();
}

void outbox::close() { producer_.reset(); }

} // namespace sluice::internal
