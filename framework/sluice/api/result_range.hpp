/// Results of a running job as a range.
#pragma once

#include "sluice/io/collect_sink.hpp"
#include "sluice/plan/job_handle.hpp"

#include <concepts>
#include <iterator>
#include <memory>
#include <optional>

namespace sluice {

/// Iterates over results while the job runs; ends when the job has ended. Single pass.
///
/// Errors: an iterator throws what `job_handle::wait` throws. Dropping the range before its end
/// cancels the job.
template <class T>
class result_range {
public:
  result_range(std::shared_ptr<collect_queue<T>> queue, job_handle job)
    : queue_(std::move(queue)), job_(std::move(job)) {}
  result_range(result_range&&) noexcept = default;
  result_range& operator=(result_range&&) = delete;

  ~result_range() {
    if (!queue_) return;
    queue_->close();
    if (done_) return;
    job_.cancel();
    try {
      job_.wait();
    } catch (const std::exception&) {
      // Cancelled, as asked, or failed, which nobody is left to hear.
    }
  }

  job_handle& job() noexcept { return job_; }

  class iterator {
  public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using reference = typename std::vector<T>::reference;
    using pointer = typename std::vector<T>::pointer;

    explicit iterator(result_range* range) : range_(range) {}
    reference operator*() const {
      range_->fill(); // waits for the record, if no comparison with `end()` has
      return range_->taken_[range_->next_];
    }
    T* operator->() const
      requires(!std::same_as<T, bool>)
    {
      return &**this;
    }
    iterator& operator++() {
      range_->fill();
      ++range_->next_;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !range_->fill(); }

  private:
    result_range* range_;
  };

  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() { return {}; }

  /// All results that are still to come. Blocks until the job has ended.
  std::vector<T> to_vector() {
    std::vector<T> all;
    for (auto&& x : *this) all.push_back(std::move(x));
    return all;
  }

private:
  /// Whether there is a result at `next_`; waits for one.
  bool fill() {
    while (next_ >= taken_.size()) {
      if (done_) return false;
      taken_ = queue_->take(std::chrono::steady_clock::now() + std::chrono::milliseconds(20));
      next_ = 0;
      if (!taken_.empty()) return true;
      if (!job_.wait_for(std::chrono::nanoseconds(0))) continue;
      done_ = true; // and what came between the two calls is the rest
      taken_ = queue_->take(std::chrono::steady_clock::now());
    }
    return true;
  }

  std::shared_ptr<collect_queue<T>> queue_;
  job_handle job_;
  std::vector<T> taken_;
  std::size_t next_ = 0;
  bool done_ = false;
};

} // namespace sluice
