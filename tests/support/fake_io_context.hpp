/// An `io_context` for tests of connectors: everything happens when the test says so.
#pragma once

#include "sluice/io/io_context.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace sluice::testing {

/// A clock that the test sets.
class settable_clock final : public clock {
public:
  timestamp now() const noexcept override { return now_; }
  void set(timestamp t) noexcept { now_ = t; }
  void advance(duration d) noexcept { now_ += d.count(); }

private:
  std::atomic<timestamp> now_{1'700'000'000'000'000};
};

class fake_counter final : public counter {
public:
  void add(std::uint64_t n) noexcept override { value_ += n; }
  std::uint64_t value() const noexcept { return value_; }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// Blocking work is queued and runs in `pump()`, on the test's thread.
class fake_io_context : public io_context {
public:
  explicit fake_io_context(std::uint32_t subtask = 0, std::uint32_t parallelism = 1)
    : subtask_(subtask), parallelism_(parallelism) {}

  const std::string& job_name() const noexcept override { return job_name_; }
  const std::string& operator_name() const noexcept override { return operator_name_; }
  std::uint32_t subtask() const noexcept override { return subtask_; }
  std::uint32_t parallelism() const noexcept override { return parallelism_; }
  const clock& processing_clock() const noexcept override { return time; }

  void post_blocking(std::function<void()> work) override {
    std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }

  boost::asio::any_io_executor io_executor() override { return io.get_executor(); }

  std::function<void()> wakeup() override {
    return [calls = wakeups_] {
      std::lock_guard lock(calls->mutex);
      ++calls->count;
      calls->changed.notify_all();
    };
  }

  std::function<void(std::exception_ptr)> fail() override {
    return [failure = failure_](std::exception_ptr e) {
      std::lock_guard lock(failure->mutex);
      if (!failure->error) failure->error = e;
    };
  }

  std::shared_ptr<counter> make_counter(const std::string& name) override {
    auto& made = counters_[name];
    if (!made) made = std::make_shared<fake_counter>();
    return made;
  }

  std::uint64_t counted(const std::string& name) const {
    auto at = counters_.find(name);
    return at == counters_.end() ? 0 : at->second->value();
  }

  int wakeups() const {
    std::lock_guard lock(wakeups_->mutex);
    return wakeups_->count;
  }

  /// Returns when the wakeup was called since the last return of this function, or ever; false if
  /// that takes until `deadline`.
  bool wait_for_wakeup(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(wakeups_->mutex);
    if (!wakeups_->changed.wait_until(lock, deadline,
                                      [this] { return wakeups_->count != waited_for_; }))
      return false;
    waited_for_ = wakeups_->count;
    return true;
  }

  /// Runs one piece of blocking work; false if there is none. Throws what the work throws.
  bool pump_one() {
    std::function<void()> work;
    {
      std::lock_guard lock(mutex_);
      if (work_.empty()) return false;
      work = std::move(work_.front());
      work_.pop_front();
    }
    work();
    return true;
  }

  /// Runs all blocking work, that which it posts too.
  void pump() {
    while (pump_one()) {}
  }

  std::size_t num_waiting() {
    std::lock_guard lock(mutex_);
    return work_.size();
  }

  /// Throws what was handed to `fail()`, if anything.
  void rethrow_failure() {
    std::lock_guard lock(failure_->mutex);
    if (failure_->error) std::rethrow_exception(std::exchange(failure_->error, nullptr));
  }

  /// Runs I/O handlers until `done()`; false if that takes more than ten seconds.
  template <class F>
  bool run_io_until(F done) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
      rethrow_failure();
    }
    return true;
  }

  settable_clock time;
  boost::asio::io_context io;

private:
  struct wakeup_calls {
    std::mutex mutex;
    std::condition_variable changed;
    int count = 0;
  };

  struct failure_slot {
    std::mutex mutex;
    std::exception_ptr error;
  };

  std::string job_name_ = "test job";
  std::string operator_name_ = "test operator";
  std::uint32_t subtask_;
  std::uint32_t parallelism_;
  std::mutex mutex_;
  std::deque<std::function<void()>> work_;
  std::shared_ptr<wakeup_calls> wakeups_ = std::make_shared<wakeup_calls>();
  int waited_for_ = 0; ///< how many calls
  std::shared_ptr<failure_slot> failure_ = std::make_shared<failure_slot>();
  std::map<std::string, std::shared_ptr<fake_counter>> counters_;
};

} // namespace sluice::testing
