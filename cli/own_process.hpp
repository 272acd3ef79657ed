/// Processes of this program that this process starts.
#pragma once

#include "signal_wait.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sluice::cli {

/// A child that runs another command of this program. Ends, killed if need be, with its owner, and
/// is asked to end when this process is killed.
class own_process {
public:
  /// `sluice arguments...`, with the environment of this process. What it prints goes to the file
  /// `log`. REQUIRES: this process has one thread. Errors: `io_error`.
  own_process(std::string name, std::vector<std::string> arguments, std::string log,
              const signal_wait& signals);
  ~own_process();
  own_process(own_process&& other) noexcept;
  own_process& operator=(own_process&&) = delete;

  const std::string& name() const noexcept { return name_; }
  const std::string& log() const noexcept { return log_; }
  pid_t pid() const noexcept { return pid_; }

  /// How it has ended, in words; nothing while it runs.
  std::optional<std::string> end();

  /// SIGTERM, and SIGKILL if it still runs after `limit`.
  void stop(std::chrono::milliseconds limit);

private:
  std::string name_;
  std::string log_;
  pid_t pid_ = 0;
  std::optional<int> status_; ///< as `waitpid` tells it
};

} // namespace sluice::cli
