/// SIGINT and SIGTERM, for processes that run until they come.
#pragma once

#include <csignal>

#include <chrono>

namespace sluice::cli {

/// Holds SIGINT, SIGTERM and SIGCHLD back from this thread and those that it starts from now on, so
/// that one thread can wait for them.
class signal_wait {
public:
  signal_wait();
  ~signal_wait();
  signal_wait(const signal_wait&) = delete;
  signal_wait& operator=(const signal_wait&) = delete;

  /// Waits for SIGINT or SIGTERM, or for a child that ends, but not for longer than `limit`. True:
  /// one of the first two has come since the beginning of the object.
  bool wait_for(std::chrono::milliseconds limit);

  /// They do again what they did before: a second Ctrl-C ends a process that takes long to end.
  /// For a child before it becomes another program, too. Async-signal-safe.
  void restore() const;

private:
  sigset_t waited_{};
  sigset_t before_{};
  bool over_ = false;
};

} // namespace sluice::cli
