#include "demo_command.hpp"

#include "behaviors_demo.hpp"
#include "exit_status.hpp"
#include "interrupt.hpp"

#include <fmt/format.h>

#include <limits>
#include <memory>
#include <stdexcept>

namespace sluice::cli {

namespace {

using namespace std::chrono_literals;

/// Of a partition the broker in the process keeps 5 MB, in which so many events have room.
constexpr std::uint64_t most_embedded_events = 100'000;

void add_producer_options(CLI::App& to, producer_options& o) {
  to.add_option("--events", o.events, "events to send")
    ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}))
    ->capture_default_str();
  to.add_option("--rate", o.rate, "events per second; 0: as fast as possible")
    ->check(CLI::Range(0.0, 1e9))
    ->capture_default_str();
  to.add_option("--seed", o.seed, "the same seed makes the same events")
    ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()))
    ->capture_default_str();
}

int run_behaviors(const behaviors_demo_options& o) {
  if (o.producer.bootstrap_servers.empty() && o.producer.events > most_embedded_events)
    throw std::runtime_error(
      fmt::format("the broker inside the process has room for {} events: --bootstrap-servers "
                  "names a real one",
                  most_embedded_events));
  return run_behaviors_demo(o) ? exit_done : exit_interrupted;
}

int run_producer(const producer_options& o) {
  interrupt_guard interrupt;
  auto job = start_producer(o);
  while (!job.wait_for(50ms)) {
    if (!interrupt.interrupted()) continue;
    cancel_and_wait(job);
    return exit_interrupted;
  }
  fmt::print("{}: {} events\n", o.topic, o.events);
  return exit_done;
}

} // namespace

void add_demo_command(CLI::App& app, std::function<int()>& chosen) {
  auto* demo = app.add_subcommand("demo", "show what Sluice does");
  demo->require_subcommand(1);

  auto o = std::make_shared<behaviors_demo_options>();
  auto show_sql = std::make_shared<bool>(false);
  auto* behaviors = demo->add_subcommand(
    "behaviors", "user events go through Kafka, SQL counts them, a table shows the counts");
  behaviors->add_option("--bootstrap-servers", o->producer.bootstrap_servers,
                        "Kafka to use, host:port; without it a broker inside the process");
  add_producer_options(*behaviors, o->producer);
  behaviors->add_flag("--show-sql", *show_sql, "only print the job's statements");
  behaviors->callback([o, show_sql, &chosen] {
    chosen = [o, show_sql] {
      if (!*show_sql) return run_behaviors(*o);
      fmt::print("{}", behaviors_script());
      return exit_done;
    };
  });

  auto p = std::make_shared<producer_options>();
  auto* producer = demo->add_subcommand("producer", "send the events of that demo to a topic");
  producer->add_option("--bootstrap-servers", p->bootstrap_servers, "Kafka, host:port")->required();
  producer->add_option("--topic", p->topic, "where they go")->capture_default_str();
  add_producer_options(*producer, *p);
  producer->callback([p, &chosen] { chosen = [p] { return run_producer(*p); }; });
}

} // namespace sluice::cli
