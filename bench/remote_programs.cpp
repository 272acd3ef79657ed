#include "remote_programs.hpp"

#include "child.hpp"
#include "input.hpp"

#include "sluice/api/keyed_stream.hpp"
#include "sluice/sluice.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace bench {

namespace {

std::string variable(const char* name) {
  auto* value = std::getenv(name);
  if (!value) throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

struct timed {
  std::uint64_t number;
  std::int64_t emitted_ns;
};

/// Keeps arrivals in memory and writes them at the end.
class arrival_file {
public:
  void invoke(const timed& t) { arrivals_.push_back({t.number, t.emitted_ns, steady_ns()}); }

  void finish() {
    std::ofstream out(variable("SLUICE_BENCH_FILE"), std::ios::binary);
    out.write(reinterpret_cast<const char*>(arrivals_.data()),
              static_cast<std::streamsize>(arrivals_.size() * sizeof(remote_arrival)));
    if (!out.flush()) throw std::runtime_error("cannot write the arrivals");
  }

private:
  std::vector<remote_arrival> arrivals_;
};

/// A kilobyte of state per key.
struct large_count {
  struct content {
    std::uint64_t count = 0;
    std::array<std::uint64_t, 127> more{};
  };
  sluice::value_state<content> seen;

  void open(sluice::keyed_runtime_context<std::uint64_t>& context) {
    seen = context.state(sluice::value_state_descriptor<content>{"seen"});
  }

  void process_element(const event& e, sluice::keyed_process_context<std::uint64_t>&,
                       sluice::collector<std::uint64_t>& out) {
    auto c = seen.value();
    ++c.count;
    c.more[c.count % c.more.size()] = e.ts;
    seen.update(c);
    out.collect(c.count);
  }
};

/// Tells when its first record came.
class first_output {
public:
  void invoke(std::uint64_t) {
    if (told_) return;
    told_ = true;
    auto now = steady_ns();
    auto file = ::open(variable("SLUICE_BENCH_FILE").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0 || ::write(file, &now, sizeof(now)) != sizeof(now))
      throw std::runtime_error("cannot write the time of the first output");
    ::close(file);
  }

private:
  bool told_ = false;
};

} // namespace

std::int64_t steady_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

sluice::stream_environment remote_pipeline_program(std::uint64_t records, bool two_slots) {
  sluice::stream_environment env;
  auto source = env.from_generator([](std::uint64_t n) { return make_event(n, 1'000, 1); },
                                   {.count = records});
  auto sink = source.disable_chaining().add_sink([](const event&) {});
  if (two_slots) {
    source.slot_sharing_group("source");
    sink.slot_sharing_group("sink");
  }
  return env;
}

sluice::stream_environment remote_keyed_sum_program(std::uint64_t records) {
  sluice::stream_environment env;
  env.set_parallelism(2);
  env.from_generator([](std::uint64_t n) { return make_event(n, 1'000, 1); }, {.count = records})
    .key_by(&event::key)
    .sum(&event::value)
    .add_sink([](const event&) {});
  return env;
}

sluice::stream_environment remote_latency_program(std::uint64_t records, std::uint64_t rate) {
  sluice::stream_environment env;
  auto same = [](const timed& t) { return t; };
  env
    .from_generator(
      [](std::uint64_t n) {
        return timed{n, steady_ns()};
      },
      {.count = records, .records_per_second = static_cast<double>(rate)})
    .slot_sharing_group("here")
    .map(same)
    .slot_sharing_group("there")
    .map(same)
    .slot_sharing_group("here")
    .add_sink(arrival_file())
    .slot_sharing_group("there");
  return env;
}

sluice::stream_environment remote_recovery_program(std::uint64_t keys) {
  sluice::stream_environment env;
  env.set_parallelism(2);
  env.enable_checkpointing(std::chrono::seconds(5), variable("SLUICE_BENCH_DIRECTORY"));
  env.set_restart_strategy(sluice::fixed_delay_restart{100, std::chrono::milliseconds(10)});
  env
    .from_generator(
      [keys](std::uint64_t n) {
        return event{n % keys, 1, n};
      },
      {.records_per_second = 400'000})
    .key_by(&event::key)
    .process(large_count{})
    .add_sink(first_output());
  return env;
}

void run_remote_job(const std::string& what) {
  std::istringstream words(what);
  std::string kind;
  std::uint64_t records = 0;
  if (!(words >> kind >> records)) throw std::runtime_error("no such job: " + what);
  say_first_number(0);
  auto env = kind == "pipeline"    ? remote_pipeline_program(records, true)
             : kind == "keyed_sum" ? remote_keyed_sum_program(records)
             : kind == "latency"   ? remote_latency_program(records, 10'000)
                                   : remote_recovery_program(records);
  try {
    env.execute("remote " + kind);
  } catch (const sluice::job_cancelled&) { // how a job without end ends
  }
}

} // namespace bench
