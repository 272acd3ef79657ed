/// Brings the rows of a query into the process that asked.
#pragma once

#include "sluice/io/sink.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace sluice::table {

/// The queue between the sink of a query and who looks at its rows. Bounded: when nobody takes, the
/// job slows down.
///
/// Thread safety: all calls from any thread.
class result_queue {
public:
  void put(columnar_batch& rows);
  bool full() const;
  /// `wakeup` is called when there is room again.
  void on_space(std::function<void()> wakeup);
  /// A writer has put its last rows.
  void writer_ended();

  /// The next rows, waiting at most until `deadline`. Null: none came; perhaps a writer ended.
  std::unique_ptr<columnar_batch> take(std::chrono::steady_clock::time_point deadline);

  /// Nobody takes any more: what comes is dropped and never blocks.
  void close();

private:
  static constexpr std::size_t max_rows = 64 * 1024;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<columnar_batch>> batches_; // GUARDED_BY(mutex_)
  std::size_t rows_ = 0;                                // GUARDED_BY(mutex_)
  std::vector<std::function<void()>> wakeups_;          // GUARDED_BY(mutex_)
  bool ended_ = false;                                  // GUARDED_BY(mutex_)
  bool closed_ = false;                                 // GUARDED_BY(mutex_)
};

/// The sink that fills a queue.
std::shared_ptr<const sink_base> make_result_sink(std::shared_ptr<result_queue> queue);

} // namespace sluice::table
