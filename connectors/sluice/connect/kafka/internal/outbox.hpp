/// Messages on their way to a producer that may not be there yet.
#pragma once

#include "sluice/connect/kafka/internal/producer.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace sluice::internal {

/// Takes messages from the actor while the blocking strand is still connecting the producer, or
/// while it waits for the producer before it: two of them keep no order between each other.
///
/// Ownership: shared by the writer and the work it posted.
/// Thread safety: `take`, `has_room` and `empty` on the actor; the rest on the strand.
class outbox final : public kafka_message_sink {
public:
  /// `held`: sends nothing before `release`.
  explicit outbox(bool held = false) : held_(held) {}

  void take(const kafka_message_view& message) override {
    ++num_taken_;
    if (open_.load(std::memory_order_acquire)) [[likely]]
      producer_->produce(message);
    else
      keep_or_send(message);
  }

  bool has_room() const noexcept {
    return open_.load(std::memory_order_acquire) && producer_->has_room();
  }

  /// Whether it has taken nothing.
  bool empty() const noexcept { return num_taken_ == 0; }

  /// Sends what waits, then everything that comes; if it is held, when it is released.
  void open(std::unique_ptr<producer> p, std::string transactional_id = {});
  void release();

  /// Errors: `io_error` if something did not arrive.
  void flush();

  /// Aborts the transaction, if there is one.
  void abort() noexcept;

  /// Lets go of the producer. REQUIRES: nothing is taken any more.
  void close();

  bool has_producer() const noexcept { return producer_ != nullptr; }
  const std::string& transactional_id() const noexcept { return transactional_id_; }
  producer_identity identity() const { return producer_->identity(); }

private:
  void keep_or_send(const kafka_message_view& message);
  void start_sending();

  std::uint64_t num_taken_ = 0; // the actor's
  std::atomic<bool> open_{false};
  std::mutex mutex_;
  bool held_;                          // the strand's
  std::vector<kafka_message> waiting_; // guarded by mutex_ while not open
  std::unique_ptr<producer> producer_; // set once, before open_
  std::string transactional_id_;
};

} // namespace sluice::internal
