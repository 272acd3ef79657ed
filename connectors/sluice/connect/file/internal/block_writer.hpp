/// Hands blocks of bytes to the blocking strand, no more than a bound at a time.
#pragma once

#include "sluice/core/errors.hpp"
#include "sluice/io/sink.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::internal {

/// Posts work on some `Target` (a `part_files`, say) that lives on the strand.
///
/// The target is destroyed with the last piece of work that refers to it. After a piece of work
/// threw, which fails the task, what was posted is not run any more, and nothing can be committed.
template <class Target>
class block_writer {
public:
  /// REQUIRES: `context` outlives this.
  block_writer(io_context& context, std::unique_ptr<Target> target, std::size_t max_waiting)
    : context_(context),
      shared_(std::make_shared<shared>(std::move(target), context.wakeup(), max_waiting)) {}

  /// Whether fewer than the bound wait.
  bool ready() const noexcept { return shared_->waiting.load() < shared_->max_waiting; }

  void post(std::function<void(Target&)> work) {
    context_.post_blocking([s = shared_, work = std::move(work)] { s->run(work); });
  }

  /// Hands on `bytes` for `write`; what was in them is replaced by an empty string with memory.
  void post_block(std::string& bytes) {
    post_block(bytes, [](Target& target, std::string_view block) { target.write(block); });
  }

  /// The same for `write(target, bytes)`.
  template <class F>
  void post_block(std::string& bytes, F write) {
    shared_->waiting.fetch_add(1);
    auto block = std::make_shared<std::string>(shared_->take_free());
    block->swap(bytes);
    context_.post_blocking([s = shared_, block, write = std::move(write)] {
      s->run([&](Target& target) { write(target, *block); });
      s->give_free(std::move(*block));
      if (s->waiting.fetch_sub(1) == s->max_waiting) s->wakeup();
    });
  }

  /// Runs `work` here and now. REQUIRES: on the strand. Errors: `io_error` if work before it threw:
  /// that the task fails may be known later than that a checkpoint has all its parts.
  std::function<writer_snapshot()> on_strand(std::function<writer_snapshot(Target&)> work) {
    return [s = shared_, work = std::move(work)] {
      writer_snapshot result;
      s->require_whole();
      s->run([&](Target& target) { result = work(target); });
      return result;
    };
  }

  /// The same.
  void run_on_strand(const std::function<void(Target&)>& work) {
    shared_->require_whole();
    shared_->run(work);
  }

private:
  struct shared {
    shared(std::unique_ptr<Target> t, std::function<void()> w, std::size_t n)
      : target(std::move(t)), wakeup(std::move(w)), max_waiting(n) {}

    void run(const std::function<void(Target&)>& work) {
      if (failed) return;
      try {
        work(*target);
      } catch (...) {
        failed = true;
        throw;
      }
    }

    void require_whole() const {
      if (failed) throw io_error("what was to be written before could not be");
    }

    std::string take_free() {
      std::lock_guard lock(mutex);
      if (free.empty()) return {};
      auto block = std::move(free.back());
      free.pop_back();
      return block;
    }

    void give_free(std::string block) {
      block.clear();
      std::lock_guard lock(mutex);
      if (free.size() < 4) free.push_back(std::move(block));
    }

    std::unique_ptr<Target> target; // the strand's
    bool failed = false;            // the strand's
    std::function<void()> wakeup;
    std::size_t max_waiting;
    std::atomic<std::size_t> waiting{0};
    std::mutex mutex;
    std::vector<std::string> free; // guarded by mutex
  };

  io_context& context_;
  std::shared_ptr<shared> shared_;
};

} // namespace sluice::internal
