/// Late data: what comes after its window has closed goes to a side output. When windows close is
/// up to a watermark generator; this one lets time pass with each record.
#include "sluice/sluice.hpp"

using namespace std::chrono_literals;

using reading = std::pair<std::int64_t, double>; // second, degrees Celsius

// [generator
struct watermark_per_record : sluice::watermark_generator<reading> {
  void on_event(const reading&, sluice::timestamp time, sluice::watermark_output& out) override {
    out.emit_watermark(time - 1);
  }
  void on_periodic_emit(sluice::watermark_output&) override {}
};
// generator]

int main() {
  sluice::stream_environment env;
  auto readings
    = env.from_collection<reading>({{1, 20.5}, {7, 22.5}, {12, 21.0}, {8, 30.0}, {26, 19.0}});

  const sluice::output_tag<reading> late("late");
  auto strategy = sluice::watermark_strategy<reading>::for_generator([] {
                    return std::make_unique<watermark_per_record>();
                  }).with_timestamp_assigner([](const reading& r) { return r.first * 1'000'000; });
  auto highest = readings.assign_timestamps_and_watermarks(strategy)
                   .window_all(sluice::tumbling_event_time_windows(10s))
                   .side_output_late_data(late)
                   .max_by(&reading::second);
  highest.print("highest");
  highest.get_side_output(late).print("late");
  env.execute("late data");
}
