#include "sluice/io/print_sink.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

namespace sluice::detail {

namespace {

constexpr int max_outstanding = 4;

/// Lines of several subtasks must not be torn apart.
std::mutex& stream_mutex() {
  static std::mutex mutex;
  return mutex;
}

} // namespace

struct print_writer::shared {
  std::atomic<int> outstanding{0};
  std::function<void()> wakeup;
};

void print_writer::open(io_context& context, const std::vector<std::string>&) {
  context_ = &context;
  shared_ = std::make_shared<shared>();
  shared_->wakeup = context.wakeup();
  auto subtask = context.parallelism() > 1 ? std::to_string(context.subtask() + 1) : std::string{};
  prefix_ = options_.name;
  if (!subtask.empty()) prefix_ += (prefix_.empty() ? "" : ":") + subtask;
  if (!prefix_.empty()) prefix_ += "> ";
}

bool print_writer::ready() const { return shared_->outstanding.load() < max_outstanding; }

void print_writer::flush() {
  if (text_.empty()) return;
  ++shared_->outstanding;
  auto* stream = options_.standard_error ? stderr : stdout;
  context_->post_blocking([text = std::exchange(text_, {}), state = shared_, stream] {
    {
      std::lock_guard lock(stream_mutex());
      errno = 0;
      if (std::fwrite(text.data(), 1, text.size(), stream) != text.size()
          || std::fflush(stream) != 0)
        throw io_error(fmt::format("cannot print: {}", std::strerror(errno)));
    }
    if (state->outstanding.fetch_sub(1) == max_outstanding) state->wakeup();
  });
}

std::function<writer_snapshot()> print_writer::prepare_commit(std::uint64_t, bool) {
  flush();
  return nullptr;
}

} // namespace sluice::detail
