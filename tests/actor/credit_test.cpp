/// Credit bounds what is under way, whatever the rates and the graph, and never blocks it for good.
#include "sluice/ops/finish_in_parts.hpp"
#include "sluice/runtime/messages.hpp"
#include "sluice/runtime/output_channel.hpp"
#include "sluice/sluice.hpp"
#include "support/actor_fixture.hpp"
#include "support/sanitized.hpp"
#include "support/valve_sink.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <numeric>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(credit)

namespace {

using numbers = std::vector<std::int64_t>;

constexpr std::uint64_t window_records
  = runtime::max_window_batches * default_batch_records<std::int64_t>();

data_stream<std::int64_t> generated(stream_environment& env, std::uint64_t count,
                                    std::optional<double> rate = std::nullopt) {
  return env.from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                            {.count = count, .records_per_second = rate});
}

/// Channels between tasks, feedback left out.
std::uint64_t num_channels(const job_graph& graph) {
  std::uint64_t result = 0;
  for (auto& e : graph.edges) {
    auto from = graph.vertices[e.from].parallelism;
    auto to = graph.vertices[e.to].parallelism;
    if (!e.feedback) result += e.how == partitioning::forward ? from : from * to;
  }
  return result;
}

bool reads_nothing(const job_graph& graph, std::uint32_t vertex) {
  return graph.vertices[vertex].inputs.empty();
}

/// Records that were sent and not taken from a queue yet, in the whole job.
std::uint64_t records_under_way(const job_graph& graph, const job_metrics& metrics) {
  std::uint64_t sent = 0;
  std::uint64_t taken = 0;
  for (auto& t : metrics.tasks) {
    sent += t.num_records_out;
    if (!reads_nothing(graph, t.vertex)) taken += t.num_records_in;
  }
  return sent - taken;
}

/// Records that sources have read.
std::uint64_t records_read(const job_graph& graph, const job_metrics& metrics) {
  std::uint64_t result = 0;
  for (auto& t : metrics.tasks)
    if (reads_nothing(graph, t.vertex)) result += t.num_records_in;
  return result;
}

struct valve_job {
  explicit valve_job(std::uint64_t seed) : runtime(seed) {
    env.set_parallelism(1 + static_cast<std::uint32_t>(seed % 2));
    env.disable_operator_chaining();
  }

  void through_valve(const data_stream<std::int64_t>& from) {
    from.sink_to(std::make_shared<valve_sink<std::int64_t>>(closed)).set_parallelism(1);
  }

  /// Runs against the closed valve until nothing moves, checking the bound all the time; then opens
  /// it and runs to the end.
  void run(std::uint64_t num_read_at_most) {
    auto graph = make_job_graph(env.program()->pending());
    auto bound = num_channels(graph) * window_records;
    auto job = runtime.submit(graph);
    for (int rounds = 0; rounds < 40; ++rounds) {
      while (runtime.run(64) > 0) BOOST_REQUIRE(records_under_way(graph, job->metrics()) <= bound);
      runtime.advance(std::chrono::milliseconds(20));
    }
    BOOST_REQUIRE((job->status() == job_status::running));
    BOOST_TEST(closed->records.empty());
    auto read = records_read(graph, job->metrics());
    BOOST_TEST(read <= num_read_at_most);
    // Not a matter of time: nothing moves any more.
    runtime.advance(std::chrono::hours(1));
    BOOST_TEST(records_read(graph, job->metrics()) == read);
    closed->open_up();
    runtime.run_to_end(*job);
    BOOST_REQUIRE(job->wait_until({}).has_value());
    BOOST_TEST(runtime.num_actors() == 0u);
  }

  stepped_runtime runtime;
  stream_environment env;
  std::shared_ptr<valve<std::int64_t>> closed = std::make_shared<valve<std::int64_t>>();
};

/// Runs `body(valve_job&)` with many orders of messages.
template <class Body>
void with_seeds(Body body) {
  for (std::uint64_t seed = 1; seed <= (sanitized ? 2 : 12); ++seed)
    BOOST_TEST_CONTEXT("seed " << seed) {
      valve_job job(seed);
      body(job);
    }
}

/// What may be read until `hops` channels in a row are full: their windows, and at each end what
/// one turn of a task makes of its input.
std::uint64_t full(std::uint64_t hops) {
  return hops * window_records + (hops + 1) * 4 * default_batch_records<std::int64_t>();
}

} // namespace

BOOST_AUTO_TEST_CASE(of_a_slow_sink_stops_the_source) {
  with_seeds([](valve_job& job) {
    job.env.set_parallelism(1);
    auto count = std::uint64_t{100} * window_records;
    job.through_valve(generated(job.env, count).map([](std::int64_t x) { return x; }));
    job.run(full(2));
    BOOST_TEST(job.closed->records.size() == count);
  });
}

namespace {

/// Takes records, and at the end emits as many as it is told to.
class emits_at_end final : public stream_operator, public finishes_in_parts {
public:
  explicit emits_at_end(std::uint64_t count) : left_(count) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    out_.bind(ports_[0]);
  }
  void process(batch&, std::uint32_t) override {}
  void finish() override {
    while (!finish_part()) {}
  }
  bool finish_part() override {
    auto n = std::min<std::uint64_t>(left_, default_batch_records<std::int64_t>());
    for (std::uint64_t i = 0; i < n; ++i) out_.collect(static_cast<std::int64_t>(left_--));
    out_.flush();
    return left_ == 0;
  }

private:
  collector<std::int64_t> out_;
  std::uint64_t left_;
};

} // namespace

BOOST_AUTO_TEST_CASE(of_a_slow_sink_stops_what_is_emitted_at_the_end) {
  with_seeds([](valve_job& job) {
    auto count = std::uint64_t{100} * window_records;
    auto at_end = generated(job.env, 10).set_parallelism(1).add<std::int64_t>("at end", [count] {
      return std::make_unique<emits_at_end>(count);
    });
    at_end.set_parallelism(1);
    job.through_valve(at_end.map([](std::int64_t x) { return x; }).set_parallelism(1));
    job.run(10);
    BOOST_TEST(job.closed->records.size() == count);
    BOOST_TEST(std::is_sorted(job.closed->records.rbegin(), job.closed->records.rend()));
  });
}

BOOST_AUTO_TEST_CASE(of_one_dead_slow_branch_stops_the_source_and_loses_nothing_on_the_other) {
  with_seeds([](valve_job& job) {
    job.env.set_parallelism(1);
    auto count = std::uint64_t{20} * window_records;
    auto from = generated(job.env, count);
    auto fast = std::make_shared<std::uint64_t>(0);
    from.map([](std::int64_t x) { return x; }).add_sink([fast](std::int64_t) { ++*fast; });
    job.through_valve(from.map([](std::int64_t x) { return -x; }));
    job.run(full(2));
    BOOST_TEST(job.closed->records.size() == count);
    BOOST_TEST(*fast == count);
  });
}

BOOST_AUTO_TEST_CASE(in_a_diamond_with_one_slow_side_neither_overflows_nor_deadlocks) {
  with_seeds([](valve_job& job) {
    auto count = std::uint64_t{40} * window_records;
    auto from = generated(job.env, count).set_parallelism(1);
    auto left = from.flat_map([](std::int64_t x, collector<std::int64_t>& out) {
      for (int i = 0; i < 3; ++i) out.collect(x);
    });
    auto right = from.filter([](std::int64_t x) { return x % 1000 == 0; });
    job.through_valve(left.union_with(right).map([](std::int64_t x) { return x; }));
    job.run(full(3) * 2);
    BOOST_TEST(job.closed->records.size() == 3 * count + (count + 999) / 1000);
  });
}

BOOST_AUTO_TEST_CASE(in_a_union_of_unequal_rates_bounds_the_fast_side) {
  with_seeds([](valve_job& job) {
    auto count = std::uint64_t{20} * window_records;
    auto fast = generated(job.env, count).set_parallelism(1);
    auto slow = generated(job.env, 50, 100.0).set_parallelism(1);
    job.through_valve(fast.union_with(slow).map([](std::int64_t x) { return x; }));
    job.run(2 * full(2) + 50);
    BOOST_TEST(job.closed->records.size() == count + 50);
  });
}

BOOST_AUTO_TEST_CASE(in_a_loop_stops_the_source_and_the_loop_cannot_block_itself) {
  with_seeds([](valve_job& job) {
    job.env.set_parallelism(1);
    auto count = std::uint64_t{40} * window_records;
    auto loop = generated(job.env, count).iterate();
    auto halved = loop.map([](std::int64_t x) { return x / 2; });
    loop.close_with(halved.filter([](std::int64_t x) { return x >= 1000; }));
    job.through_valve(halved.filter([](std::int64_t x) { return x < 1000; }));
    auto graph = make_job_graph(job.env.program()->pending());
    auto running = job.runtime.submit(graph);
    job.runtime.run();
    BOOST_REQUIRE((running->status() == job_status::running));
    BOOST_TEST(records_read(graph, running->metrics()) <= full(4) * 2);
    job.closed->open_up();
    job.runtime.run_to_end(*running);
    BOOST_REQUIRE(running->wait_until({}).has_value());
    BOOST_TEST(job.closed->records.size() == count);
  });
}

BOOST_AUTO_TEST_CASE(counts_bytes_so_that_big_records_do_not_fill_the_memory) {
  constexpr std::uint64_t record_bytes = 100'000;
  constexpr runtime::channel_window window;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      stream_environment env;
      env.disable_operator_chaining();
      auto closed = std::make_shared<valve<std::string>>();
      env
        .from_generator([](std::uint64_t) { return std::string(record_bytes, 'x'); },
                        {.count = 200, .records_per_second = {}})
        .set_buffer_timeout(duration(0))
        .sink_to(std::make_shared<valve_sink<std::string>>(closed));
      auto graph = make_job_graph(env.program()->pending());
      stepped_runtime runtime(seed);
      auto job = runtime.submit(graph);
      runtime.run();
      auto sent = std::uint64_t{0};
      for (auto& t : job->metrics().tasks) sent += t.num_bytes_out;
      BOOST_TEST(sent > 0u);
      // The window, and one batch that may exceed it.
      BOOST_TEST(sent <= static_cast<std::uint64_t>(window.bytes) + 2 * record_bytes);
      BOOST_TEST(records_read(graph, job->metrics()) * record_bytes <= sent + 2 * record_bytes);
      closed->open_up();
      runtime.run_to_end(*job);
      BOOST_TEST(closed->records.size() == 200u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
