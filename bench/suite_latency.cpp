#include "process_usage.hpp"
#include "running_job.hpp"
#include "suites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

namespace bench {

namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t rate = 10'000; ///< records per second
constexpr std::int64_t period_ns = 1'000'000'000 / rate;

std::int64_t now_ns() {
  return nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct probe {
  std::uint64_t number;
  std::int64_t emitted;
};

struct arrival {
  probe sent;
  std::int64_t arrived;
};

/// Notes when records arrive.
class arrival_sink {
public:
  explicit arrival_sink(std::shared_ptr<std::vector<arrival>> to) : to_(std::move(to)) {}
  void invoke(const probe& p) { to_->push_back({p, now_ns()}); }

private:
  std::shared_ptr<std::vector<arrival>> to_; // of the only subtask
};

std::vector<arrival> run(std::uint64_t records) {
  auto arrivals = std::make_shared<std::vector<arrival>>();
  arrivals->reserve(records);
  sluice::stream_environment env;
  env.disable_operator_chaining();
  env
    .from_generator(
      [](std::uint64_t n) {
        return probe{n, now_ns()};
      },
      {.count = records, .records_per_second = rate})
    .map([](const probe& p) { return p; })
    .add_sink(arrival_sink(arrivals));
  env.execute("latency");
  return *arrivals;
}

/// Latencies, in microseconds, sorted.
class latencies {
public:
  void add(std::int64_t from, std::int64_t to) {
    values_.push_back(static_cast<double>(to - from) / 1e3);
  }
  void sort() { std::sort(values_.begin(), values_.end()); }

  /// The value that a share of `p` of all do not exceed.
  double at(double p) const {
    auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(values_.size())));
    return values_[std::max<std::size_t>(rank, 1) - 1];
  }

private:
  std::vector<double> values_;
};

struct figures {
  latencies from_schedule;
  latencies from_emission;
};

/// The schedule is the source's: record n is due n periods after the start, which is the earliest
/// that any record's emission tells. So a source that lags behind its rate is not excused (no
/// coordinated omission). The first second is for warming up.
figures evaluate(const std::vector<arrival>& arrivals) {
  auto due = [](const probe& p) { return static_cast<std::int64_t>(p.number) * period_ns; };
  auto start = std::numeric_limits<std::int64_t>::max();
  for (auto& a : arrivals) start = std::min(start, a.sent.emitted - due(a.sent));
  figures result;
  for (auto& a : arrivals) {
    if (a.sent.number < rate) continue;
    result.from_schedule.add(start + due(a.sent), a.arrived);
    result.from_emission.add(a.sent.emitted, a.arrived);
  }
  result.from_schedule.sort();
  result.from_emission.sort();
  return result;
}

/// What the machine itself does to a schedule, with whatever else runs on it: how late a thread is
/// that does nothing but sleep until the next record is due.
latencies sleeping_thread(double seconds) {
  latencies result;
  auto start = std::chrono::steady_clock::now();
  for (std::int64_t n = 0; n < static_cast<std::int64_t>(seconds * static_cast<double>(rate));
       ++n) {
    auto due = start + nanoseconds(n * period_ns);
    std::this_thread::sleep_until(due);
    result.add(0, nanoseconds(std::chrono::steady_clock::now() - due).count());
  }
  result.sort();
  return result;
}

/// CPU of a job of the same shape whose source has nothing to emit, in percent of a core.
double idle_cpu(double seconds) {
  sluice::stream_environment env;
  env.disable_operator_chaining();
  env
    .from_generator(
      [](std::uint64_t n) {
        return probe{n, now_ns()};
      },
      {.records_per_second = 1e-6})
    .map([](const probe& p) { return p; })
    .add_sink([](const probe&) {});
  running_job job(env, "idle");
  job.rest(std::chrono::milliseconds(500));
  auto before = cpu_seconds();
  auto start = now_ns();
  job.rest(std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds)));
  return (cpu_seconds() - before) / (static_cast<double>(now_ns() - start) / 1e9) * 100;
}

void print_text(const char* title, const latencies& l) {
  fmt::print("  {:<14} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f}\n", title, l.at(0.5), l.at(0.9),
             l.at(0.99), l.at(0.999), l.at(1));
}

std::string json(const latencies& l) {
  return fmt::format(
    R"({{"p50": {:.1f}, "p90": {:.1f}, "p99": {:.1f}, "p99.9": {:.1f}, "max": {:.1f}}})", l.at(0.5),
    l.at(0.9), l.at(0.99), l.at(0.999), l.at(1));
}

} // namespace

void run_latency(const options& o) {
  auto seconds = o.seconds.value_or(5);
  auto records = static_cast<std::uint64_t>((seconds + 1) * static_cast<double>(rate));
  auto measured = evaluate(run(records));
  auto idle_seconds = std::min(seconds, 3.0);
  auto idle = idle_cpu(idle_seconds);
  auto machine = sleeping_thread(std::min(seconds, 2.0));
  if (o.json) {
    fmt::print(
      R"({{"suite": "latency", "records_per_second": {}, "seconds": {}, "actors": 3, )"
      R"("from_schedule_us": {}, "from_emission_us": {}, "sleeping_thread_us": {}, "idle_cpu_percent": {:.2f}}})"
      "\n",
      rate, seconds, json(measured.from_schedule), json(measured.from_emission), json(machine),
      idle);
    return;
  }
  fmt::print("latency: 3 actors, {} records/s for {} s; microseconds\n", rate, seconds);
  fmt::print("  {:<14} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "", "p50", "p90", "p99", "p99.9", "max");
  print_text("from schedule", measured.from_schedule);
  print_text("from emission", measured.from_emission);
  print_text("a mere sleep", machine);
  fmt::print("  a job that waits uses {:.2f} % of a core (over {} s)\n", idle, idle_seconds);
}

} // namespace bench
