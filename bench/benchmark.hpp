/// What a benchmark job is: the same work as a Sluice program and as a plain loop.
#pragma once

#include "stopwatch.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace bench {

/// What a run found out, so that two runs of the same job can be compared.
struct outcome {
  std::uint64_t count = 0;    ///< records that came out
  std::uint64_t checksum = 0; ///< of their contents, in any order
  double seconds = 0;
  double cpu_seconds = 0;

  void take_times(const stopwatch& run) {
    seconds = run.seconds();
    cpu_seconds = run.cpu_seconds();
  }

  bool same_result(const outcome& other) const noexcept {
    return count == other.count && checksum == other.checksum;
  }
};

struct job {
  std::string_view name;
  std::string_view summary;
  std::uint32_t parallelism; ///< unless the command line says otherwise
  std::uint64_t records;     ///< likewise; makes a run of 0.5 to 2 s
  std::uint64_t granule;     ///< a run's records are a multiple of this and the parallelism
  outcome (*sluice)(std::uint64_t records, std::uint32_t parallelism);
  outcome (*loop)(std::uint64_t records);
};

/// All jobs, in the order in which they are listed.
std::span<const job> jobs();

} // namespace bench
