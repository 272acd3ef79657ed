/// Sinks that only count: what they got in all, checked against the loop's result.
#pragma once

#include "benchmark.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace bench {

/// What all subtasks of a sink got.
struct totals {
  std::atomic<std::uint64_t> count{0};
  std::atomic<std::uint64_t> checksum{0};

  outcome result(const stopwatch& run) const {
    outcome o{count.load(), checksum.load()};
    o.take_times(run);
    return o;
  }
};

/// A sink function: counts records and adds up `value_of(record)`. A copy per subtask, which adds
/// its share to the totals when its input ends.
template <class T, class F>
class totals_sink {
public:
  totals_sink(std::shared_ptr<totals> to, F value_of)
    : to_(std::move(to)), value_of_(std::move(value_of)) {}

  void invoke(const T& record) {
    ++count_;
    checksum_ += static_cast<std::uint64_t>(std::invoke(value_of_, record));
  }

  void finish() {
    to_->count += count_;
    to_->checksum += checksum_;
  }

private:
  std::shared_ptr<totals> to_;
  F value_of_;
  std::uint64_t count_ = 0;
  std::uint64_t checksum_ = 0;
};

template <class T, class F>
totals_sink<T, F> add_up(std::shared_ptr<totals> to, F value_of) {
  return {std::move(to), std::move(value_of)};
}

} // namespace bench
