/// Runs a job as a Sluice program and as a loop, in turns, and compares them.
#pragma once

#include "benchmark.hpp"
#include "options.hpp"

#include <string>
#include <vector>

namespace bench {

/// Records per second, and what the CPUs had to do for it: on a busy machine the steadier figure.
struct rates {
  double median = 0;
  double best = 0;
  double cpu_ns = 0; ///< CPU time per record, of all threads; median
};

struct comparison {
  std::string job;
  std::uint32_t parallelism = 0;
  std::uint64_t records = 0;
  rates sluice;
  rates loop;

  double ratio() const { return sluice.median / loop.median; }
};

/// The middle one, or the mean of the two in the middle. REQUIRES: `values` is not empty.
double median(std::vector<double> values);

/// One run of each to warm up, then `repeat` (5) runs of each in turns, so that what else the
/// machine does hits both alike. Errors: `std::runtime_error` when a run of Sluice does not give
/// the result of the loop.
comparison compare(const job& j, const options& o);

} // namespace bench
