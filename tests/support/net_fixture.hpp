/// Data planes on loopback, and what a test waits for.
#pragma once

#include "sluice/net/data_plane.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

/// Long enough for a loaded machine under a sanitizer; what a test waits for comes far earlier.
inline constexpr auto patience = std::chrono::seconds(30);

/// What callbacks say, for another thread to wait for.
template <class T>
class mailbox {
public:
  void put(T value) {
    std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }

  /// Whether there have ever been `n` values within `patience`.
  bool wait(std::size_t n = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return values_.size() >= n; });
  }

  /// Whether one that `wanted` likes comes.
  template <class F>
  bool wait_for(F wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] {
      for (auto& v : values_)
        if (wanted(v)) return true;
      return false;
    });
  }

  std::size_t size() {
    std::lock_guard lock(mutex_);
    return values_.size();
  }

  /// Only when nobody puts any more.
  std::vector<T>& values() noexcept { return values_; }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;
};

using texts = mailbox<std::string>;

inline auto contains(std::string part) {
  return [part](const std::string& text) { return text.find(part) != std::string::npos; };
}

inline net::channel_key key_of(std::uint32_t channel, std::uint32_t attempt = 1) {
  return {7, attempt, {2, 0}, channel, {3, 1}, channel + 100};
}

inline net::endpoint address_of(const net::data_plane& plane) {
  return {"127.0.0.1", plane.port()};
}

/// A receiving end that keeps what it gets, and gives credit for it if told to.
template <class T>
struct receiver {
  receiver(net::data_plane& p, const net::channel_key& k, bool with_credit = false)
    : plane(&p), key(k), credit(with_credit) {
    // The callback may run before `input` is assigned.
    std::lock_guard lock(mutex);
    input = plane->open_input(
      key, element_type_of<T>(), [this](runtime::channel_element e) { got(std::move(e)); },
      [this](std::string why) { lost.put(std::move(why)); });
  }

  receiver(const receiver&) = delete;
  /// Closes the attempt, as callbacks must not find this gone.
  ~receiver() {
    if (plane) plane->close(key.job, key.attempt);
  }

  void got(runtime::channel_element e) {
    if (e.records && credit) {
      runtime::credit_msg m;
      m.batches = 1;
      m.bytes = static_cast<std::int64_t>(e.records->bytes());
      auto& b = batch_as<T>(*e.records);
      auto copy = std::make_unique<typed_batch<T>>();
      copy->append_copy(b, 0, b.size());
      std::lock_guard lock(mutex);
      input->recycle(std::exchange(e.records, runtime::batch_box(std::move(copy))));
      input->credit(std::move(m));
    }
    elements.put(std::make_shared<runtime::channel_element>(std::move(e)));
  }

  /// The records of all batches, in order.
  std::vector<T> records() {
    std::vector<T> all;
    for (auto& e : elements.values())
      if (e->records)
        for (auto& r : batch_as<T>(*e->records)) all.push_back(r);
    return all;
  }

  net::data_plane* plane; ///< null: is gone
  net::channel_key key;
  bool credit;
  std::mutex mutex;
  std::shared_ptr<net::remote_input> input;
  mailbox<std::shared_ptr<runtime::channel_element>> elements;
  texts lost;
};

/// A sending end.
template <class T>
struct sender {
  sender(net::data_plane& p, const net::endpoint& to, const net::channel_key& k)
    : plane(&p), key(k), output(p.open_output(
                           to, k, [this](runtime::credit_msg m) { credits.put(std::move(m)); },
                           [this](std::string why) { lost.put(std::move(why)); })) {}

  sender(const sender&) = delete;
  ~sender() {
    if (plane) plane->close(key.job, key.attempt);
  }

  void send(std::vector<T> records, timestamp time = min_timestamp) {
    runtime::channel_element e;
    auto b = std::make_unique<typed_batch<T>>();
    for (auto& r : records) b->push_back(std::move(r));
    e.records = runtime::batch_box(std::move(b));
    e.time = time;
    output->send(e);
    // Threads of a test may not use Boost.Test's checks at once.
    if (!e.records->empty()) throw std::logic_error("what was sent was not cleared");
  }

  void send(runtime::channel_element::type kind, timestamp time = min_timestamp,
            bool flag = false) {
    runtime::channel_element e;
    e.kind = kind;
    e.time = time;
    e.flag = flag;
    output->send(e);
  }

  net::data_plane* plane; ///< null: is gone
  net::channel_key key;
  mailbox<runtime::credit_msg> credits;
  texts lost;
  std::shared_ptr<net::remote_output> output; // last: callbacks use the others
};

} // namespace sluice::testing
