/// Keyed state and timers: clicks of each user per minute, told when the minute is over.
#include "sluice/sluice.hpp"

struct click {
  std::string user;
  std::int64_t second;
};

// [program
class clicks_per_minute {
public:
  void open(sluice::keyed_runtime_context<std::string>& context) {
    counts_ = context.state(sluice::map_state_descriptor<sluice::timestamp, int>{"counts"});
  }

  void process_element(const click&, sluice::keyed_process_context<std::string>& context,
                       sluice::collector<std::string>&) {
    auto end = (*context.event_time() / minute + 1) * minute;
    ++counts_.mutate(end);
    context.timers().register_event_time_timer(end);
  }

  void on_timer(sluice::timestamp end, sluice::keyed_process_context<std::string>& context,
                sluice::collector<std::string>& out) {
    out.collect(fmt::format("{}: {} clicks in minute {}", context.current_key(), *counts_.get(end),
                            end / minute));
    counts_.remove(end);
  }

private:
  static constexpr sluice::timestamp minute = 60'000'000; // microseconds
  sluice::map_state<sluice::timestamp, int> counts_;
};
// program]

int main() {
  sluice::stream_environment env;
  auto clicks = env.from_collection<click>(
    {{"ann", 1}, {"bob", 10}, {"ann", 20}, {"ann", 59}, {"bob", 90}, {"ann", 130}});
  auto time_of = [](const click& c) { return c.second * 1'000'000; };
  clicks
    .assign_timestamps_and_watermarks(
      sluice::watermark_strategy<click>::for_monotonous_timestamps().with_timestamp_assigner(
        time_of))
    .key_by(&click::user)
    .process(clicks_per_minute{})
    .print();
  env.execute("clicks per minute");
}
