/// Metrics of a task: written by its actor, read by anybody.
#pragma once

#include "sluice/io/io_context.hpp"
#include "sluice/plan/job_graph.hpp"
#include "sluice/plan/job_handle.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sluice::runtime {

/// A number with one writer. A plain load and store: no bus-locked instruction on the hot path.
class gauge {
public:
  void set(std::uint64_t v) noexcept { value_.store(v, std::memory_order_relaxed); }
  void add(std::uint64_t v) noexcept { set(get() + v); }
  void raise(std::uint64_t v) noexcept {
    if (v > get()) set(v);
  }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

class named_counter final : public counter {
public:
  void add(std::uint64_t n) noexcept override { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// Thread safety: gauges have one writer; `make_counter` and `read` from any thread.
struct task_probe {
  std::string task;
  std::uint32_t vertex = 0;
  std::uint32_t subtask = 0;
  std::uint32_t attempt = 0;
  bool is_source = false;

  gauge records_in, records_out, bytes_in, bytes_out, late_records;
  gauge busy_ns, idle_ns, backpressured_ns, credit_waits;
  gauge state_bytes, checkpoint_bytes, in_flight_bytes, longest_stop_ns;
  gauge input_window_records;
  std::atomic<timestamp> watermark{min_timestamp};

  std::shared_ptr<counter> make_counter(const std::string& name);
  task_metrics read(timestamp now) const;

private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::shared_ptr<named_counter>>>
    counters_; // GUARDED_BY(mutex_)
};

/// That of a task which has not begun.
std::shared_ptr<task_probe> make_probe(const job_vertex& vertex, std::uint32_t subtask,
                                       std::uint32_t attempt);

} // namespace sluice::runtime
