/// Processes that tests start and kill.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sluice::testing {

/// A child, killed at the end of the scope at the latest.
class child_process {
public:
  /// What it prints, errors too, goes to the file `output` if there is a name. Errors:
  /// `std::runtime_error`.
  explicit child_process(const std::string& program, const std::vector<std::string>& arguments,
                         const std::string& output = {});
  ~child_process();
  child_process(const child_process&) = delete;

  /// The exit status, as `waitpid` tells it. Nothing: it still runs.
  std::optional<int> wait_for(std::chrono::milliseconds limit);

  /// Ctrl-C, when the child is ready to handle it. Errors: `std::runtime_error` if that takes more
  /// than 20 s.
  void interrupt();

  /// SIGTERM, when the child is ready to handle it. Errors: as `interrupt`.
  void terminate();

  /// SIGSTOP and SIGCONT.
  void signal_stop();
  void signal_continue();

  /// kill -9, and waits.
  void kill();

  /// The most memory that it ever had, in bytes. REQUIRES: it runs.
  std::size_t peak_memory() const;

private:
  void signal_when_ready(int signal);

  pid_t pid_ = 0;
  std::optional<int> status_;
};

} // namespace sluice::testing
