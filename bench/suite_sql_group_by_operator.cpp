#include "measure.hpp"
#include "stopwatch.hpp"
#include "suites.hpp"

#include "sluice/core/hash.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/ops/operators.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <barrier>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bench {

namespace {

using namespace sluice;
using namespace sluice::table;

/// What an operator of a batch job sees, without a job around it.
class lone_context final : public operator_context {
public:
  lone_context(std::uint32_t subtask, std::uint32_t parallelism)
    : subtask_(subtask), parallelism_(parallelism) {}

  const std::string& job_name() const noexcept override { return name_; }
  const std::string& operator_name() const noexcept override { return name_; }
  std::uint32_t subtask() const noexcept override { return subtask_; }
  std::uint32_t parallelism() const noexcept override { return parallelism_; }
  const clock& processing_clock() const noexcept override { return clock_; }
  void post_blocking(std::function<void()> work) override { work(); }
  boost::asio::any_io_executor io_executor() override { return {}; }
  std::function<void()> wakeup() override {
    return [] {};
  }
  std::function<void(std::exception_ptr)> fail() override {
    return [](std::exception_ptr e) { std::rethrow_exception(e); };
  }
  std::shared_ptr<counter> make_counter(const std::string&) override {
    return std::make_shared<uncounted>();
  }
  std::uint32_t max_parallelism() const noexcept override { return default_max_parallelism; }
  key_group_range key_groups() const noexcept override {
    return groups_of(subtask_, default_max_parallelism, parallelism_);
  }
  execution_mode mode() const noexcept override { return execution_mode::batch; }
  void request_processing_time(timestamp) override {}
  void count_late_records(std::uint64_t) noexcept override {}

private:
  struct uncounted final : counter {
    void add(std::uint64_t) noexcept override {}
  };

  std::uint32_t subtask_;
  std::uint32_t parallelism_;
  std::string name_ = "group by";
  system_clock clock_;
};

/// Counts groups, and adds up what is in their columns behind the key if those are numbers.
class totals_receiver final : public batch_receiver {
public:
  void receive(batch& b) override {
    auto& in = as_columnar(b);
    groups += in.size();
    for (std::size_t c = 1; c < in.num_columns(); ++c) {
      if (in.at(c).physical() != physical_type::int64) continue;
      for (std::size_t i = 0; i < in.size(); ++i)
        total += static_cast<std::uint64_t>(in.at(c).value<std::int64_t>(i));
    }
    if (next) next->process(b, next_input);
  }
  void receive_watermark(timestamp, bool) override {}
  void receive_status(bool) override {}

  std::uint64_t groups = 0;
  std::uint64_t total = 0;
  stream_operator* next = nullptr;
  std::uint32_t next_input = 0;
};

/// Rows of one thread: a key and a number, both BIGINT.
struct thread_rows {
  std::vector<std::pair<column_ptr, column_ptr>> batches;
  std::uint64_t rows = 0;
  std::uint64_t total = 0;
};

/// Random keys below `keys`; with `own_groups` those of the thread's key groups, as if an exchange
/// had been before.
thread_rows make_rows(std::uint64_t rows, std::uint64_t keys, std::uint32_t thread,
                      std::uint32_t threads, bool own_groups) {
  std::vector<std::int64_t> own;
  auto groups = groups_of(thread, default_max_parallelism, threads);
  for (std::int64_t k = 0; k < static_cast<std::int64_t>(keys); ++k)
    if (!own_groups || groups.contains(key_group_of(stable_hash(k), default_max_parallelism)))
      own.push_back(k);
  thread_rows result;
  std::uint64_t state = thread + 1;
  while (result.rows < rows) {
    auto n = std::min<std::uint64_t>(default_batch_rows, rows - result.rows);
    auto key = std::make_shared<column>(data_type::bigint());
    auto number = std::make_shared<column>(data_type::bigint());
    key->reset(n);
    number->reset(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      key->values<std::int64_t>()[i] = own[(state >> 33) % own.size()];
      number->values<std::int64_t>()[i] = static_cast<std::int64_t>(state >> 54);
      result.total += state >> 54;
    }
    result.rows += n;
    result.batches.emplace_back(std::move(key), std::move(number));
  }
  return result;
}

group_aggregate_spec sum_and_count() {
  group_aggregate_spec spec;
  spec.input = {data_type::bigint(), data_type::bigint()};
  spec.keys = {0};
  const auto& functions = function_registry::built_in();
  std::vector<call_argument> number{{data_type::bigint(), std::nullopt}};
  spec.calls.push_back({functions.aggregate("SUM", number, false), {1}, std::nullopt, false});
  spec.calls.push_back({functions.aggregate("COUNT", {}, false), {}, std::nullopt, false});
  return spec;
}

/// One thread's part: the operator, and for two phases the second one behind it.
totals_receiver run_part(const thread_rows& in, std::uint32_t thread, std::uint32_t threads,
                         bool two_phases) {
  auto spec = sum_and_count();
  totals_receiver out;
  lone_context context(thread, threads);
  lone_context single(0, 1);
  auto first = two_phases ? make_local_aggregate(spec, {})() : make_group_aggregate(spec, {})();
  auto second = make_global_aggregate(spec, {})();
  totals_receiver rows;
  totals_receiver partials;
  rows.next = partials.next = second.get();
  partials.next_input = 1;
  first->ports()[0].add(two_phases ? &rows : &out);
  if (two_phases) first->ports()[1].add(&partials);
  second->ports()[0].add(&out);
  first->open(context);
  second->open(single);
  columnar_batch b;
  for (const auto& [key, number] : in.batches) {
    b.assign({key, number}, key->size());
    first->process(b, 0);
  }
  first->finish();
  if (two_phases) second->finish();
  return out;
}

double run_all(const std::vector<thread_rows>& in, bool two_phases) {
  auto threads = static_cast<std::uint32_t>(in.size());
  std::vector<std::thread> workers;
  std::vector<totals_receiver> results(threads);
  std::barrier start(threads + 1);
  for (std::uint32_t t = 0; t < threads; ++t)
    workers.emplace_back([&, t] {
      start.arrive_and_wait();
      results[t] = run_part(in[t], t, threads, two_phases);
    });
  start.arrive_and_wait();
  stopwatch time;
  for (auto& w : workers) w.join();
  auto seconds = time.seconds();
  std::uint64_t expected = 0;
  std::uint64_t got = 0;
  for (std::uint32_t t = 0; t < threads; ++t) {
    expected += in[t].total + in[t].rows;
    got += results[t].total;
  }
  if (got != expected) throw std::runtime_error("sql_group_by_operator: wrong result");
  return seconds;
}

} // namespace

void run_sql_group_by_operator(const options& o) {
  auto threads = o.parallelism.value_or(2);
  auto rows = o.records.value_or(20'000'000) / threads * threads;
  auto repeat = o.repeat.value_or(5);
  std::vector<std::uint64_t> key_counts{1'000, 1'000'000};
  if (o.keys) key_counts = {*o.keys};
  for (auto keys : key_counts) {
    bool two_phases = keys <= 100'000;
    std::vector<thread_rows> in;
    for (std::uint32_t t = 0; t < threads; ++t)
      in.push_back(make_rows(rows / threads, keys, t, threads, !two_phases));
    std::vector<double> seconds;
    for (std::uint32_t i = 0; i < repeat; ++i) seconds.push_back(run_all(in, two_phases));
    auto rate = static_cast<double>(rows) / median(seconds) / 1e6;
    auto best = static_cast<double>(rows) / *std::min_element(seconds.begin(), seconds.end()) / 1e6;
    if (o.json)
      fmt::print(R"({{"suite": "sql_group_by_operator", "keys": {}, "rows": {}, "threads": {}, )"
                 R"("million_rows_per_s": {{"median": {:.1f}, "max": {:.1f}}}}})"
                 "\n",
                 keys, rows, threads, rate, best);
    else
      fmt::print("sql_group_by_operator: {} keys, {} rows, {} threads, {}: {:.1f} M rows/s "
                 "(median), {:.1f} (max)\n",
                 keys, rows, threads, two_phases ? "two phases" : "one phase", rate, best);
  }
}

} // namespace bench
