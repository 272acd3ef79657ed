/// Time of a run, on the wall and on the CPUs.
#pragma once

#include "process_usage.hpp"

#include <chrono>

namespace bench {

class stopwatch {
public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  /// Of all threads of this process.
  double cpu_seconds() const { return bench::cpu_seconds() - cpu_start_; }

private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double cpu_start_ = bench::cpu_seconds();
};

} // namespace bench
