/// What a task lends to its parts that move data to disk and back.
#pragma once

#include "sluice/io/io_context.hpp"
#include "sluice/runtime/io_services.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace sluice::runtime {

/// Threading: `post` is called on the task; `on_task` and `fail` from any thread, also late.
struct spill_services {
  std::string directory;                   ///< for temporary files
  std::shared_ptr<blocking_strand> strand; ///< of its own: no sink waits behind it
  /// Runs the function on the task, which then looks at what it can do; drops it if the task is
  /// gone.
  std::function<void(std::function<void()>)> on_task;
  std::function<void(std::exception_ptr)> fail;
  std::shared_ptr<counter> spilled_bytes;

  /// Runs `work()` where it may block, then `then(result)` on the task. What `work` throws fails
  /// the task.
  template <class Work, class Then>
  void post(Work work, Then then) const {
    strand->post(
      [work = std::move(work), then = std::move(then), on_task = on_task, fail = fail]() mutable {
        try {
          auto result = std::make_shared<decltype(work())>(work());
          on_task([then = std::move(then), result]() mutable { then(std::move(*result)); });
        } catch (...) {
          fail(std::current_exception());
        }
      });
  }
};

} // namespace sluice::runtime
