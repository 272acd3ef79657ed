#include "input.hpp"
#include "programs.hpp"
#include "stopwatch.hpp"
#include "totals.hpp"

#include "sluice/api/environment.hpp"
#include "sluice/api/keyed_stream.hpp"
#include "sluice/ops/aggregate.hpp"

namespace bench {

/// One tick of event time is a microsecond.
outcome tumbling_count_program(std::uint64_t records, std::uint32_t parallelism) {
  sluice::stream_environment env;
  env.set_parallelism(parallelism);
  auto sums = std::make_shared<totals>();
  auto make = [number = round_robin(records, parallelism)](std::uint64_t n) mutable {
    return make_event(number(n), 1'000, records_per_tick);
  };
  auto time_of = [](const event& e) { return static_cast<sluice::timestamp>(e.ts); };
  env.from_generator(make, {.count = records})
    .assign_timestamps_and_watermarks(
      sluice::watermark_strategy<event>::for_monotonous_timestamps().with_timestamp_assigner(
        time_of))
    .key_by(&event::key)
    .window(sluice::tumbling_event_time_windows(sluice::duration(tumbling_size)))
    .aggregate(sluice::aggregates::count())
    .add_sink(add_up<std::int64_t>(sums, window_checksum));
  stopwatch time;
  env.execute("tumbling count");
  return sums->result(time);
}

} // namespace bench
