/// Another process of this program, for benchmarks between two processes.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace bench {

/// Runs `sluice-bench COMMAND ARGUMENT`, which ends when its standard input does.
class child {
public:
  child(std::string command, std::string argument);
  child(const child&) = delete;
  ~child();

  /// The number that it prints first.
  std::uint64_t first_number() const noexcept { return first_number_; }

  /// Ends it; seconds of CPU that it used.
  /// Errors: throws when it failed.
  double finish();

  /// kill -9.
  void kill();

private:
  pid_t pid_ = -1;
  int input_ = -1;
  std::uint64_t first_number_ = 0;
};

/// In the child: says the number that the parent waits for.
void say_first_number(std::uint64_t number);

/// In the child: waits until the parent has no more need of it.
void wait_for_parent();

} // namespace bench
