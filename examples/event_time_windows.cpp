/// Event-time windows: the highest reading of each sensor in every ten seconds, by the time in the
/// readings, which come out of order by up to five seconds.
#include "sluice/sluice.hpp"

using namespace std::chrono_literals;

struct reading {
  std::string sensor;
  std::int64_t second;
  double celsius;
};

int main() {
  sluice::stream_environment env;
  auto readings = env.from_collection<reading>({{"attic", 1, 20.5},
                                                {"cellar", 3, 11.0},
                                                {"attic", 12, 21.0},
                                                {"attic", 8, 22.5}, // out of order
                                                {"cellar", 14, 11.5},
                                                {"attic", 26, 19.0}});

  // [program
  auto in_time
    = sluice::watermark_strategy<reading>::for_bounded_out_of_orderness(5s).with_timestamp_assigner(
      [](const reading& r) {
        return r.second * 1'000'000; // microseconds
      });
  readings.assign_timestamps_and_watermarks(in_time)
    .key_by(&reading::sensor)
    .window(sluice::tumbling_event_time_windows(10s))
    .max_by(&reading::celsius)
    .print();
  env.execute("event-time windows");
  // program]
}
