#include "loops.hpp"
#include "stopwatch.hpp"

namespace bench {

/// Fused: generation, map, filter and sum in the registers of one loop; nothing is stored.
outcome pipeline_loop(std::uint64_t records) {
  stopwatch time;
  outcome result;
  auto last = static_cast<std::int64_t>(records);
  for (std::int64_t n = 0; n < last; ++n) {
    auto x = n * 2;
    if (x % 3 != 0) continue;
    ++result.count;
    result.checksum += static_cast<std::uint64_t>(x);
  }
  result.take_times(time);
  return result;
}

} // namespace bench
