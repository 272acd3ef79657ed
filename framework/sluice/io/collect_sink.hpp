/// Brings results into the program that started the job.
#pragma once

#include "sluice/io/sink.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

/// The queue between a job's collect sink and the thread that takes the results.
///
/// Bounded: when nobody takes, the sink says that it is not ready and the job slows down.
/// Thread safety: `put` from tasks, `take` and `close` from any thread.
template <class T>
class collect_queue {
public:
  static constexpr std::size_t max_records = 64 * 1024;

  void put(typed_batch<T>& records) {
    std::lock_guard lock(mutex_);
    for (auto& r : records) records_.push_back(std::move(r));
    changed_.notify_all();
  }

  bool full() const {
    std::lock_guard lock(mutex_);
    return records_.size() >= max_records && !closed_;
  }

  void on_space(std::function<void()> wakeup) {
    std::lock_guard lock(mutex_);
    wakeups_.push_back(std::move(wakeup));
  }

  /// A restarted job emits again; those who take see at-least-once results.
  /// Takes what is there, waiting at most until `deadline` for the first record.
  std::vector<T> take(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return !records_.empty() || closed_; });
    std::vector<T> result(std::make_move_iterator(records_.begin()),
                          std::make_move_iterator(records_.end()));
    auto was_full = records_.size() >= max_records;
    records_.clear();
    auto wakeups = was_full ? wakeups_ : std::vector<std::function<void()>>{};
    lock.unlock();
    for (auto& w : wakeups) w();
    return result;
  }

  /// Nobody takes any more: what comes is dropped and never blocks.
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
    auto wakeups = wakeups_;
    lock.unlock();
    for (auto& w : wakeups) w();
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> records_;                      // GUARDED_BY(mutex_)
  std::vector<std::function<void()>> wakeups_; // GUARDED_BY(mutex_)
  bool closed_ = false;                        // GUARDED_BY(mutex_)
};

/// The sink behind `execute_and_collect`.
template <class T>
class collect_sink final : public sink<T> {
public:
  explicit collect_sink(std::shared_ptr<collect_queue<T>> queue) : queue_(std::move(queue)) {}

  std::string name() const override { return "collect"; }
  bool process_local() const noexcept override { return true; }

  std::unique_ptr<sink_writer> make_writer() const override {
    class writer final : public sink_writer {
    public:
      explicit writer(std::shared_ptr<collect_queue<T>> queue) : queue_(std::move(queue)) {}
      void open(io_context& context, const std::vector<std::string>&) override {
        queue_->on_space(context.wakeup());
      }
      void write(batch& records) override { queue_->put(batch_as<T>(records)); }
      bool ready() const override { return !queue_->full(); }

    private:
      std::shared_ptr<collect_queue<T>> queue_;
    };
    return std::make_unique<writer>(queue_);
  }

private:
  std::shared_ptr<collect_queue<T>> queue_;
};

} // namespace sluice
