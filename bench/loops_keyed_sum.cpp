#include "input.hpp"
#include "loops.hpp"
#include "stopwatch.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>

namespace bench {

namespace {

using sums = boost::unordered_flat_map<std::uint64_t, std::int64_t>;

/// The "sink": what each record's running sum goes to.
void add(outcome& to, std::int64_t running_sum) {
  ++to.count;
  to.checksum += static_cast<std::uint64_t>(running_sum);
}

} // namespace

/// Record by record: generate, look up in an open-addressing map, emit. The map stays in the L1
/// cache, so batches would only cost.
outcome keyed_sum_1k_loop(std::uint64_t records) {
  stopwatch time;
  outcome result;
  sums by_key;
  for (std::uint64_t n = 0; n < records; ++n) {
    auto e = make_event(n, 1'000, 1);
    add(result, by_key[e.key] += e.value);
  }
  result.take_times(time);
  return result;
}

/// Batched: 1,024 records into a buffer, then the map record by record. The CPU overlaps the cache
/// misses of successive look-ups better without the generation in between. No software prefetch.
outcome keyed_sum_1m_loop(std::uint64_t records) {
  stopwatch time;
  outcome result;
  sums by_key;
  std::array<event, 1'024> buffer;
  for (std::uint64_t n = 0; n < records;) {
    std::size_t filled = 0;
    for (; filled < buffer.size() && n < records; ++filled, ++n)
      buffer[filled] = make_event(n, 1'000'000, 1);
    for (std::size_t i = 0; i < filled; ++i) add(result, by_key[buffer[i].key] += buffer[i].value);
  }
  result.take_times(time);
  return result;
}

} // namespace bench
