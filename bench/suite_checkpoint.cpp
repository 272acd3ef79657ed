#include "input.hpp"
#include "measure.hpp"
#include "process_usage.hpp"
#include "running_job.hpp"
#include "stopwatch.hpp"
#include "suites.hpp"
#include "totals.hpp"

#include "sluice/api/keyed_stream.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include <unistd.h>

namespace bench {

namespace {

/// A folder of ours in `parent`, removed at the end of the scope.
class scratch_directory {
public:
  explicit scratch_directory(const std::filesystem::path& parent)
    : path_(parent / fmt::format("sluice-bench-{}", getpid())) {
    std::filesystem::create_directories(path_);
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

struct settings {
  std::uint32_t parallelism;
  std::uint64_t keys;
  double seconds;
  std::filesystem::path parent;
};

/// What one run of the job showed.
struct run_figures {
  double rate = 0; ///< records per second
  double records = 0;
  double cpu = 0; ///< seconds, of all threads
  std::uint64_t checkpoints = 0;
  std::uint64_t failed = 0;
  double longest_stop_ms = 0;
  double duration_ms = 0; ///< of the last checkpoint
  double megabytes = 0;   ///< likewise
};

/// Records that the sources have put out.
std::uint64_t records_so_far(const sluice::job_metrics& metrics) {
  std::uint64_t n = 0;
  for (auto& t : metrics.tasks)
    if (t.vertex == 0) n += t.num_records_in; // the source's: what it has read
  return n;
}

void wait_for_records(running_job& job, std::uint64_t records) {
  stopwatch time;
  while (records_so_far(job.metrics()) < records) {
    job.rest(std::chrono::milliseconds(20));
    if (time.seconds() > 300)
      throw std::runtime_error("checkpoint: the keys do not all exist after 300 s");
  }
}

/// The running sum of keyed_sum_1k with more keys and no end. Each key comes once before they come
/// at random, so that all exist soon.
run_figures run(const settings& s, bool checkpoints) {
  scratch_directory directory(s.parent);
  sluice::stream_environment env;
  env.set_parallelism(s.parallelism);
  if (checkpoints) env.enable_checkpointing(std::chrono::seconds(1), directory.path());
  auto make = [keys = s.keys](std::uint64_t n) {
    return n < keys ? event{n, 1, n} : make_event(n, keys, 1);
  };
  env.from_generator(make)
    .key_by(&event::key)
    .sum(&event::value)
    .add_sink(add_up<event>(std::make_shared<totals>(), &event::value));

  running_job job(env, "checkpoint");
  wait_for_records(job, s.keys + s.keys / 2);
  auto before = records_so_far(job.metrics());
  auto checkpoints_before = job.metrics().checkpoints.num_completed;
  stopwatch time;
  auto cpu_before = cpu_seconds();
  job.rest(
    std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(s.seconds)));
  auto after = job.metrics();
  run_figures result;
  result.records = static_cast<double>(records_so_far(after) - before);
  result.rate = result.records / time.seconds();
  result.cpu = cpu_seconds() - cpu_before;
  result.checkpoints = after.checkpoints.num_completed - checkpoints_before;
  result.failed = after.checkpoints.num_failed;
  for (auto& t : after.tasks)
    result.longest_stop_ms = std::max(result.longest_stop_ms,
                                      static_cast<double>(t.longest_checkpoint_stop.count()) / 1e3);
  result.duration_ms = static_cast<double>(after.checkpoints.last_duration.count()) / 1e3;
  result.megabytes = static_cast<double>(after.checkpoints.last_bytes) / 1e6;
  return result;
}

/// All runs of one kind.
struct series {
  std::vector<run_figures> runs;

  double median_of(double run_figures::*figure) const {
    std::vector<double> values;
    for (auto& r : runs) values.push_back(r.*figure);
    return median(values);
  }
  double sum_of(double run_figures::*figure) const {
    double sum = 0;
    for (auto& r : runs) sum += r.*figure;
    return sum;
  }
  double longest_stop_ms() const {
    double longest = 0;
    for (auto& r : runs) longest = std::max(longest, r.longest_stop_ms);
    return longest;
  }
  template <class Member>
  std::uint64_t total(Member member) const {
    std::uint64_t n = 0;
    for (auto& r : runs) n += r.*member;
    return n;
  }
};

/// Seconds of CPU that a checkpoint takes, beyond those that the records would have taken without
/// it. Unlike the loss, it hardly depends on what else runs on the machine. Nothing: none
/// completed.
std::optional<double> cpu_of_a_checkpoint(const series& without, const series& with) {
  double cpu_of_a_record
    = without.sum_of(&run_figures::cpu) / without.sum_of(&run_figures::records);
  auto checkpoints = static_cast<double>(with.total(&run_figures::checkpoints));
  if (checkpoints == 0) return std::nullopt;
  return (with.sum_of(&run_figures::cpu) - with.sum_of(&run_figures::records) * cpu_of_a_record)
         / checkpoints;
}

void print(const settings& s, const series& without, const series& with, bool json) {
  const auto rate_without = without.median_of(&run_figures::rate);
  const auto rate_with = with.median_of(&run_figures::rate);
  const auto loss = (1 - rate_with / rate_without) * 100;
  const auto cpu = cpu_of_a_checkpoint(without, with);
  const auto duration_ms = with.median_of(&run_figures::duration_ms);
  auto completed = with.total(&run_figures::checkpoints);
  auto failed = with.total(&run_figures::failed);
  auto megabytes = with.runs.back().megabytes;
  if (json) {
    fmt::print(
      R"({{"suite": "checkpoint", "keys": {}, "parallelism": {}, "seconds": {}, )"
      R"("records_per_second": {{"without": {:.0f}, "with": {:.0f}}}, )"
      R"("loss_percent": {:.2f}, "checkpoint_cpu_ms": {}, "longest_stop_ms": {:.2f}, "checkpoints": {}, )"
      R"("failed": {}, "checkpoint_mb": {:.1f}, "checkpoint_ms": {:.1f}}})"
      "\n",
      s.keys, s.parallelism, s.seconds, rate_without, rate_with, loss,
      cpu ? fmt::format("{:.1f}", *cpu * 1e3) : "null", with.longest_stop_ms(), completed, failed,
      megabytes, duration_ms);
    return;
  }
  fmt::print("checkpoint: running sum over {} keys, parallelism {}, {} runs of {} s in turns\n",
             s.keys, s.parallelism, with.runs.size(), s.seconds);
  fmt::print(
    "  without checkpoints {:.1f} M records/s, with one every second {:.1f}: loss {:.1f} %\n",
    rate_without / 1e6, rate_with / 1e6, loss);
  if (cpu)
    fmt::print("  a checkpoint takes {:.0f} ms of CPU\n", *cpu * 1e3);
  else
    fmt::print("  no checkpoint completed\n");
  fmt::print(
    "  longest stop of a task {:.1f} ms; {} checkpoints ({} failed) of {:.1f} MB, {:.0f} ms\n",
    with.longest_stop_ms(), completed, failed, megabytes, duration_ms);
}

} // namespace

/// With parallelism 1 the job leaves part of a second core to the writing of checkpoints; with 2 it
/// uses both cores alone, so that all CPU of a checkpoint is taken from it.
void run_checkpoint(const options& o) {
  auto parallelisms
    = o.parallelism ? std::vector{*o.parallelism} : std::vector<std::uint32_t>{1, 2};
  for (auto parallelism : parallelisms) {
    settings s{parallelism, o.keys.value_or(10'000'000), o.seconds.value_or(10),
               o.directory ? std::filesystem::path(*o.directory)
                           : std::filesystem::temp_directory_path()};
    series without;
    series with;
    for (std::uint32_t i = 0; i < o.repeat.value_or(3); ++i) {
      without.runs.push_back(run(s, false));
      with.runs.push_back(run(s, true));
    }
    print(s, without, with, o.json);
    std::fflush(stdout);
  }
}

} // namespace bench
