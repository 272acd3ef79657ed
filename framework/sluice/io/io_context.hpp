/// What the runtime lends to a source reader or sink writer.
#pragma once

#include "sluice/core/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sluice {

/// A counter that one task writes and anybody reads (through the job's metrics).
class counter {
public:
  virtual ~counter() = default;
  virtual void add(std::uint64_t n) noexcept = 0;
};

/// Services of the task that hosts a reader or writer.
///
/// Lifetime: the task's attempt. A callback that may outlive it must go through `wakeup()` or the
/// task's blocking strand, which are both safe to use late.
/// Thread safety: `wakeup`, `fail`, `post_blocking` and `io_executor` from any thread; the rest on
/// the task only.
class io_context {
public:
  virtual ~io_context() = default;

  virtual const std::string& job_name() const noexcept = 0;
  virtual const std::string& operator_name() const noexcept = 0;
  virtual std::uint32_t subtask() const noexcept = 0;
  virtual std::uint32_t parallelism() const noexcept = 0;
  virtual const clock& processing_clock() const noexcept = 0;

  /// Runs `work` on a thread that may block. Work of one task runs one after the other, in order.
  /// What it throws fails the task.
  virtual void post_blocking(std::function<void()> work) = 0;

  /// Executor of the runtime's I/O threads, for Boost.Asio. Handlers on it must not block.
  virtual boost::asio::any_io_executor io_executor() = 0;

  /// Returns a function that makes the task look at the reader or writer again. The function is
  /// cheap, may be called from any thread and after the task is gone.
  virtual std::function<void()> wakeup() = 0;

  /// Returns a function that fails the task, from any thread, also after the task is gone.
  virtual std::function<void(std::exception_ptr)> fail() = 0;

  /// A named counter among the task's metrics, e.g. "records_skipped".
  virtual std::shared_ptr<counter> make_counter(const std::string& name) = 0;
};

} // namespace sluice
