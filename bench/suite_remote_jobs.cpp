/// Jobs on two worker processes of this machine.
#include "measure.hpp"
#include "remote_cluster.hpp"
#include "remote_copy.hpp"
#include "remote_programs.hpp"
#include "suites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include <unistd.h>

namespace bench {

namespace {

namespace fs = std::filesystem;

/// A directory of this run, gone at the end of the scope.
class scratch {
public:
  explicit scratch(const options& o)
    : path_((o.directory ? fs::path(*o.directory) : fs::temp_directory_path())
            / fmt::format("sluice-bench-remote-{}", ::getpid())) {
    fs::create_directories(path_);
  }
  scratch(const scratch&) = delete;
  ~scratch() {
    std::error_code ec;
    fs::remove_all(path_, ec);
  }
  std::string operator/(const char* name) const { return (path_ / name).string(); }

private:
  fs::path path_;
};

/// Seconds from the moment that all workers have the job's tasks to its end.
double run_remote(const std::string& kind, std::uint64_t records, sluice::stream_environment env) {
  remote_cluster cluster(kind, records, 2, 1);
  auto job = env.execute_on(cluster, "remote " + kind);
  while (job.status() == sluice::job_status::created)
    if (job.wait_for(std::chrono::microseconds(200))) break;
  stopwatch time;
  job.wait();
  auto seconds = time.seconds();
  cluster.finish();
  return seconds;
}

double run_local(sluice::stream_environment env) {
  stopwatch time;
  env.execute("local");
  return time.seconds();
}

struct measured {
  std::vector<double> values{};
  double typical() const { return median(values); }
  double best() const { return *std::max_element(values.begin(), values.end()); }
};

void print(const options& o, const std::string& job, std::uint64_t records, const measured& sluice,
           const measured& yardstick, const char* yardstick_name, double ratio) {
  if (o.json)
    fmt::print(R"({{"job": "{}", "parallelism": 2, "records": {}, )"
               R"("sluice": {{"median": {:.0f}, "best": {:.0f}}}, )"
               R"("{}": {{"median": {:.0f}, "best": {:.0f}}}, "ratio": {:.3f}}})"
               "\n",
               job, records, sluice.typical(), sluice.best(), yardstick_name, yardstick.typical(),
               yardstick.best(), ratio);
  else
    fmt::print("{:<22} {:>10} records: {:>7.1f} M/s (best {:.1f}), {} {:.1f} M/s (best {:.1f}): "
               "{:.2f} x\n",
               job, records, sluice.typical() / 1e6, sluice.best() / 1e6, yardstick_name,
               yardstick.typical() / 1e6, yardstick.best() / 1e6, ratio);
}

} // namespace

void run_remote_pipeline(const options& o) {
  auto records = o.records.value_or(100'000'000);
  auto batches = std::max<std::uint64_t>(records / remote_batch_records, 1);
  auto n = static_cast<double>(records);
  measured remote;
  measured tcp;
  measured local;
  for (std::uint32_t i = 0; i < o.repeat.value_or(5); ++i) {
    tcp.values.push_back(n / copy_by_tcp(batches).seconds);
    remote.values.push_back(
      n / run_remote("pipeline", records, remote_pipeline_program(records, true)));
    local.values.push_back(n / run_local(remote_pipeline_program(records, false)));
  }
  print(o, "remote_pipeline", records, remote, tcp, "tcp", remote.typical() / tcp.typical());
  print(o, "remote_pipeline", records, remote, local, "local", remote.typical() / local.typical());
}

void run_remote_keyed_sum(const options& o) {
  auto records = o.records.value_or(100'000'000);
  auto n = static_cast<double>(records);
  measured remote;
  measured local;
  for (std::uint32_t i = 0; i < o.repeat.value_or(5); ++i) {
    remote.values.push_back(n
                            / run_remote("keyed_sum", records, remote_keyed_sum_program(records)));
    local.values.push_back(n / run_local(remote_keyed_sum_program(records)));
  }
  print(o, "remote_keyed_sum_1k", records, remote, local, "local",
        remote.typical() / local.typical());
}

void run_remote_latency(const options& o) {
  constexpr std::uint64_t rate = 10'000;
  constexpr std::int64_t period_ns = 1'000'000'000 / rate;
  auto seconds = o.seconds.value_or(5);
  auto records = static_cast<std::uint64_t>((seconds + 1) * static_cast<double>(rate));
  scratch directory(o);
  auto file = directory / "arrivals";
  ::setenv("SLUICE_BENCH_FILE", file.c_str(), 1);
  run_remote("latency", records, remote_latency_program(records, rate));
  std::vector<remote_arrival> arrivals(fs::file_size(file) / sizeof(remote_arrival));
  std::ifstream(file, std::ios::binary)
    .read(reinterpret_cast<char*>(arrivals.data()),
          static_cast<std::streamsize>(arrivals.size() * sizeof(remote_arrival)));
  if (arrivals.size() != records) throw std::runtime_error("records are missing");
  // As in the latency suite: from when a record was due, and without the first second.
  auto due = [](auto& a) { return static_cast<std::int64_t>(a.number) * period_ns; };
  auto start = std::numeric_limits<std::int64_t>::max();
  for (auto& a : arrivals) start = std::min(start, a.emitted_ns - due(a));
  std::vector<double> us;
  for (auto& a : arrivals)
    if (a.number >= rate) us.push_back(static_cast<double>(a.arrived_ns - start - due(a)) / 1e3);
  std::sort(us.begin(), us.end());
  auto at = [&](double p) {
    return us[static_cast<std::size_t>(p * static_cast<double>(us.size() - 1))];
  };
  if (o.json)
    fmt::print(R"({{"suite": "remote_latency", "records_per_second": {}, "hops": 3, )"
               R"("from_schedule_us": {{"p50": {:.1f}, "p99": {:.1f}, "p99.9": {:.1f}, )"
               R"("max": {:.1f}}}}})"
               "\n",
               rate, at(0.5), at(0.99), at(0.999), at(1));
  else
    fmt::print("remote_latency: 3 hops between processes, {} records/s for {} s: p50 {:.0f} us, "
               "p99 {:.0f} us, p99.9 {:.0f} us, max {:.0f} us\n",
               rate, seconds, at(0.5), at(0.99), at(0.999), at(1));
}

void run_remote_recovery(const options& o) {
  auto keys = o.keys.value_or(1'000'000);
  scratch directory(o);
  auto file = directory / "first-outputs";
  ::setenv("SLUICE_BENCH_FILE", file.c_str(), 1);
  ::setenv("SLUICE_BENCH_DIRECTORY", (directory / "checkpoints").c_str(), 1);
  auto env = remote_recovery_program(keys);
  remote_cluster cluster("recovery", keys, 3, 1);
  auto job = env.execute_on(cluster, "remote recovery");
  std::uint64_t state = 0;
  while (state < keys * 1'000) {
    if (job.wait_for(std::chrono::milliseconds(100)))
      throw std::runtime_error("the job has ended too early");
    state = job.metrics().checkpoints.last_bytes;
  }
  auto outputs = [&] {
    std::vector<std::int64_t> times(fs::file_size(file) / sizeof(std::int64_t));
    std::ifstream(file, std::ios::binary)
      .read(reinterpret_cast<char*>(times.data()),
            static_cast<std::streamsize>(times.size() * sizeof(std::int64_t)));
    return times;
  };
  auto before = outputs().size();
  auto killed = steady_ns();
  cluster.kill_worker(0);
  while (outputs().size() == before)
    if (job.wait_for(std::chrono::milliseconds(5)))
      throw std::runtime_error("the job has ended instead of being restarted");
  auto seconds = static_cast<double>(outputs()[before] - killed) / 1e9;
  job.cancel();
  try {
    job.wait();
  } catch (const sluice::job_cancelled&) { // as it was asked
  }
  if (o.json)
    fmt::print(R"({{"suite": "remote_recovery", "state_bytes": {}, "seconds": {:.3f}}})"
               "\n",
               state, seconds);
  else
    fmt::print("remote_recovery: {:.2f} GB of state, a worker of two killed, one spare: first new "
               "output after {:.2f} s\n",
               static_cast<double>(state) / 1e9, seconds);
}

} // namespace bench
