#include "process_usage.hpp"
#include "running_job.hpp"
#include "stopwatch.hpp"
#include "suites.hpp"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace bench {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::chrono::microseconds record_time{1'000}; ///< the sinks take 1,000 records/s

/// Calls a function at one time after another, on a thread of its own.
class alarm {
public:
  explicit alarm(std::function<void()> ring) : ring_(std::move(ring)) {}

  void set(steady::time_point time) {
    {
      std::lock_guard lock(mutex_);
      time_ = time;
    }
    changed_.notify_one();
  }

private:
  void run(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!time_) {
        changed_.wait(lock, stop, [&] { return time_.has_value(); });
      } else if (steady::now() >= *time_) {
        time_.reset();
        lock.unlock();
        ring_();
        lock.lock();
      } else {
        changed_.wait_until(lock, stop, *time_, [] { return false; });
      }
    }
  }

  std::function<void()> ring_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<steady::time_point> time_;
  std::jthread thread_{[this](std::stop_token stop) { run(stop); }};
};

/// A sink as a network client would be: it never blocks, and is not ready before what it was given
/// is on its way.
class slow_sink final : public sluice::sink<std::string> {
public:
  explicit slow_sink(std::shared_ptr<std::atomic<std::uint64_t>> taken)
    : taken_(std::move(taken)) {}

  std::string name() const override { return "slow sink"; }

  std::unique_ptr<sluice::sink_writer> make_writer() const override {
    return std::make_unique<writer>(taken_);
  }

private:
  class writer final : public sluice::sink_writer {
  public:
    explicit writer(std::shared_ptr<std::atomic<std::uint64_t>> taken) : taken_(std::move(taken)) {}

    void open(sluice::io_context& context, const std::vector<std::string>&) override {
      alarm_ = std::make_unique<alarm>(context.wakeup());
    }

    void write(sluice::batch& records) override {
      *taken_ += records.size();
      ready_at_ = std::max(ready_at_, steady::now()) + record_time * records.size();
      alarm_->set(ready_at_);
    }

    bool ready() const override { return steady::now() >= ready_at_; }

  private:
    std::shared_ptr<std::atomic<std::uint64_t>> taken_;
    std::unique_ptr<alarm> alarm_;
    steady::time_point ready_at_;
  };

  std::shared_ptr<std::atomic<std::uint64_t>> taken_;
};

struct figures {
  double sink_rate;
  double rss_mb;    ///< after the first second
  double growth_mb; ///< from then on, at its highest
};

constexpr double megabyte = 1024 * 1024;

figures measure(sluice::stream_environment& env, const std::atomic<std::uint64_t>& taken,
                double seconds) {
  running_job job(env, "backpressure");
  job.rest(std::chrono::seconds(1));
  auto before = resident_bytes();
  auto taken_before = taken.load();
  auto highest = before;
  stopwatch time;
  while (time.seconds() < seconds) {
    job.rest(std::chrono::milliseconds(50));
    highest = std::max(highest, resident_bytes());
  }
  return {static_cast<double>(taken - taken_before) / time.seconds(),
          static_cast<double>(before) / megabyte, static_cast<double>(highest - before) / megabyte};
}

/// Source and map are actors of their own, so two channels fill up. Records of 200 bytes.
auto fast_stream(sluice::stream_environment& env) {
  env.disable_operator_chaining();
  return env
    .from_generator<std::string>([](std::uint64_t n, std::string& record) {
      record.assign(200, static_cast<char>('a' + n % 26));
    })
    .map([](const std::string& record) { return record; });
}

void print(const char* sink, double seconds, const figures& f, bool json) {
  if (json)
    fmt::print(R"({{"suite": "backpressure", "sink": "{}", "seconds": {}, )"
               R"("sink_records_per_second": {:.0f}, "rss_after_1s_mb": {:.1f}, )"
               R"("rss_growth_mb": {:.2f}}})"
               "\n",
               sink, seconds, f.sink_rate, f.rss_mb, f.growth_mb);
  else
    fmt::print("backpressure: {} sink of 1,000 records/s (took {:.0f}/s), {} s\n"
               "  memory after the first second {:.1f} MB, growth from then on {:.2f} MB\n",
               sink, f.sink_rate, seconds, f.rss_mb, f.growth_mb);
  std::fflush(stdout);
}

} // namespace

void run_backpressure(const options& o) {
  auto seconds = o.seconds.value_or(30);
  auto taken = std::make_shared<std::atomic<std::uint64_t>>(0);

  sluice::stream_environment asynchronous;
  fast_stream(asynchronous).sink_to(std::make_shared<slow_sink>(taken));
  print("asynchronous", seconds, measure(asynchronous, *taken, seconds), o.json);

  sluice::stream_environment blocking;
  fast_stream(blocking).add_sink([taken](const std::string&) {
    std::this_thread::sleep_for(record_time);
    ++*taken;
  });
  print("blocking", seconds, measure(blocking, *taken, seconds), o.json);
}

} // namespace bench
