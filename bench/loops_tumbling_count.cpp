#include "input.hpp"
#include "loops.hpp"
#include "stopwatch.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <map>

namespace bench {

namespace {

/// Counts of one window's keys.
using counts = boost::unordered_flat_map<std::uint64_t, std::int64_t>;

/// All open windows by their start: several may be open at once, as if records came out of order.
class windows {
public:
  void add(const event& e) { ++open_[e.ts / tumbling_size * tumbling_size][e.key]; }

  /// Emits and drops the windows that have ended by `watermark`.
  void advance(std::uint64_t watermark, outcome& to) {
    while (!open_.empty() && open_.begin()->first + tumbling_size <= watermark) {
      emit(open_.begin()->second, to);
      open_.erase(open_.begin());
    }
  }

  void finish(outcome& to) {
    for (auto& [start, window] : open_) emit(window, to);
  }

private:
  static void emit(const counts& window, outcome& to) {
    to.count += window.size();
    for (auto& [key, count] : window) to.checksum += window_checksum(count);
  }

  std::map<std::uint64_t, counts> open_;
};

} // namespace

/// The general loop: for each record, the map of open windows by start, then the window's
/// open-addressing map by key; windows are emitted when the watermark (the latest timestamp)
/// passes their end. Nothing is derived from the records being in order or the keys being dense.
outcome tumbling_count_loop(std::uint64_t records) {
  stopwatch time;
  outcome result;
  windows open;
  std::uint64_t watermark = 0;
  for (std::uint64_t n = 0; n < records; ++n) {
    auto e = make_event(n, 1'000, records_per_tick);
    open.add(e);
    if (e.ts > watermark) {
      watermark = e.ts;
      open.advance(watermark, result);
    }
  }
  open.finish(result);
  result.take_times(time);
  return result;
}

} // namespace bench
