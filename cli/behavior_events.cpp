#include "behavior_events.hpp"

#include "sluice/connect/format/json.hpp"
#include "sluice/connect/kafka/kafka_sink.hpp"
#include "sluice/sluice.hpp"

#include <boost/describe.hpp>
#include <fmt/chrono.h>

#include <array>
#include <string_view>

namespace sluice::cli {

namespace {

struct behavior_event {
  std::string user_id, item_id, category, behavior, ts;
};
BOOST_DESCRIBE_STRUCT(behavior_event, (), (user_id, item_id, category, behavior, ts))

constexpr std::array<std::string_view, 5> categories
  = {"electronics", "books", "clothing", "home", "sports"};
constexpr std::array<std::string_view, 4> behaviors = {"click", "view", "add_to_cart", "purchase"};
constexpr std::time_t first_second = 1'735'786'800; // 2025-01-02 03:00:00

std::uint64_t mixed(std::uint64_t z) { // splitmix64's
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void fill_event(std::uint64_t seed, std::uint64_t n, behavior_event& e) {
  auto state = mixed(seed + 0x9e3779b97f4a7c15u) ^ n * 0xd6e8feb86659fd93u;
  auto below = [&](std::uint64_t limit) { return mixed(state += 0x9e3779b97f4a7c15u) % limit; };
  e.user_id = fmt::format("user_{}", 1 + below(99));
  e.item_id = fmt::format("item_{}", 1 + below(199));
  e.category = categories[below(categories.size())];
  e.behavior = behaviors[below(behaviors.size())];
  e.ts = fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03}",
                     fmt::gmtime(first_second + static_cast<std::time_t>(n)), below(1000));
}

} // namespace

job_handle start_producer(const producer_options& o) {
  generator_options numbers{.count = o.events, .records_per_second = {}};
  if (o.rate > 0) numbers.records_per_second = o.rate;
  kafka_sink_options to;
  to.bootstrap_servers = o.bootstrap_servers;
  stream_environment env;
  env.set_parallelism(1);
  env.config().caller_waits = true; // who starts it tells what it fails with
  env
    .from_generator<behavior_event>(
      [seed = o.seed](std::uint64_t n, behavior_event& e) { fill_event(seed, n, e); }, numbers)
    .sink_to(kafka_sink(o.topic, make_json_encoder<behavior_event>(), to))
    .start_new_chain(); // so that it can be seen how many there are
  return env.execute_async("produce user behaviours");
}

std::uint64_t events_made(const job_handle& producer) {
  std::uint64_t sum = 0;
  for (const auto& task : producer.metrics().tasks) sum += task.num_records_out;
  return sum;
}

} // namespace sluice::cli
