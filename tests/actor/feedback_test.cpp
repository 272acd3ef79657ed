/// Feedback loops: how they end, and what they keep on disk.
#include "sluice/sluice.hpp"
#include "support/actor_fixture.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

using numbers = std::vector<std::int64_t>;

/// Adds a sink that writes down what it gets. Tests run on one thread.
std::shared_ptr<numbers> keep(const data_stream<std::int64_t>& from) {
  auto kept = std::make_shared<numbers>();
  from.add_sink([kept](const std::int64_t& x) { kept->push_back(x); });
  return kept;
}

std::shared_ptr<job_control> submit(stepped_runtime& runtime, stream_environment& env) {
  return runtime.submit(make_job_graph(env.program()->pending()));
}

std::uint64_t spilled(const job_control& job) {
  std::uint64_t n = 0;
  for (auto& t : job.metrics().tasks)
    if (auto at = t.counters.find("spilled_bytes"); at != t.counters.end()) n += at->second;
  return n;
}

/// Holds each record for half a second before it lets it go back.
struct delay {
  void process_element(const std::int64_t& x, keyed_process_context<std::int64_t>& context,
                       collector<std::int64_t>&) {
    held.update(x);
    context.timers().register_processing_time_timer(context.processing_time() + 500'000);
  }
  void on_timer(timestamp, keyed_process_context<std::int64_t>&, collector<std::int64_t>& out) {
    out.collect(held.value() / 2);
    held.clear();
  }
  void open(keyed_runtime_context<std::int64_t>& c) {
    held = c.state(value_state_descriptor<std::int64_t>{"held"});
  }
  value_state<std::int64_t> held;
};

/// Halves numbers, half a second apart, until they are below 10.
std::shared_ptr<numbers> delayed_halving(stream_environment& env, std::optional<duration> max_idle,
                                         std::uint32_t parallelism) {
  env.set_parallelism(parallelism);
  auto loop = env.from_collection<std::int64_t>({100, 50, 7}).iterate(max_idle);
  auto back = loop.filter([](std::int64_t x) { return x >= 10; })
                .key_by([](std::int64_t x) { return x; })
                .process(delay{});
  loop.close_with(back);
  return keep(loop.filter([](std::int64_t x) { return x < 10; }));
}

} // namespace

BOOST_AUTO_TEST_SUITE(feedback)

BOOST_AUTO_TEST_CASE(a_loop_with_max_idle_waits_for_records_that_timers_hold) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      stream_environment env;
      auto kept = delayed_halving(env, 2s, static_cast<std::uint32_t>(1 + seed % 3));
      stepped_runtime runtime(seed);
      auto start = runtime.processing_clock().now();
      auto job = submit(runtime, env);
      runtime.run_to_end(*job);
      BOOST_REQUIRE(job->wait_until({}).has_value());
      std::sort(kept->begin(), kept->end());
      BOOST_TEST(*kept == (numbers{6, 6, 7}), boost::test_tools::per_element());
      // 100 needs four rounds of half a second; then there is silence for two.
      auto took = runtime.processing_clock().now() - start;
      BOOST_TEST(took >= 4'000'000);
      BOOST_TEST(took < 5'000'000);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_loop_with_max_idle_that_is_too_short_ends_by_the_clock) {
  stream_environment env;
  auto kept = delayed_halving(env, 100ms, 1);
  stepped_runtime runtime(1);
  auto start = runtime.processing_clock().now();
  auto job = submit(runtime, env);
  runtime.run_to_end(*job);
  BOOST_REQUIRE(job->wait_until({}).has_value());
  BOOST_TEST(*kept == numbers{7}, boost::test_tools::per_element());
  auto took = runtime.processing_clock().now() - start;
  BOOST_TEST(took >= 100'000);
  BOOST_TEST(took < 400'000);
}

BOOST_AUTO_TEST_CASE(a_loop_without_max_idle_ends_as_soon_as_it_is_empty) {
  stream_environment env;
  auto loop = env.from_collection<std::int64_t>({100, 50, 7}).iterate();
  auto halved = loop.map([](std::int64_t x) { return x / 2; });
  loop.close_with(halved.filter([](std::int64_t x) { return x >= 10; }));
  auto kept = keep(halved.filter([](std::int64_t x) { return x < 10; }));
  stepped_runtime runtime(1);
  auto start = runtime.processing_clock().now();
  auto job = submit(runtime, env);
  runtime.run_to_end(*job);
  BOOST_REQUIRE(job->wait_until({}).has_value());
  BOOST_TEST(kept->size() == 3u);
  BOOST_TEST(runtime.processing_clock().now() - start < 100'000);
}

namespace {

/// 1 to 100, each made bigger by 20 until it is 400 at least.
numbers grown() {
  numbers result;
  for (std::int64_t x = 1; x <= 100; ++x) result.push_back(x + (399 - x) / 20 * 20 + 20);
  std::sort(result.begin(), result.end());
  return result;
}

void run_to_the_end(stepped_runtime& runtime, stream_environment& env) {
  auto job = submit(runtime, env);
  runtime.run_to_end(*job);
  BOOST_REQUIRE(job->wait_until({}).has_value());
}

} // namespace

// A probe that came from another head before this one had sent its own was lost.
BOOST_AUTO_TEST_CASE(a_loop_over_an_exchange_ends_in_whatever_order_probes_come) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      stream_environment env;
      env.set_parallelism(static_cast<std::uint32_t>(2 + seed % 2));
      if (seed % 2 == 0) env.set_buffer_timeout(0us);
      auto loop = env.from_sequence(1, 100).iterate();
      auto more = loop.map([](std::int64_t x) { return x + 20; });
      auto back = more.filter([](std::int64_t x) { return x < 400; });
      loop.close_with(seed % 3 == 0 ? back.shuffle() : back.rebalance());
      auto kept = keep(more.filter([](std::int64_t x) { return x >= 400; }).rebalance());
      stepped_runtime runtime(seed);
      run_to_the_end(runtime, env);
      std::sort(kept->begin(), kept->end());
      BOOST_TEST(*kept == grown(), boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_loop_within_a_loop_ends_after_its_last_record) {
  numbers expected;
  for (std::int64_t x = 1; x <= 50; ++x) {
    auto y = x;
    do {
      ++y;
      do ++y;
      while (y % 5 != 0);
    } while (y < 100);
    expected.push_back(y);
  }
  std::sort(expected.begin(), expected.end());
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      stream_environment env;
      env.set_parallelism(static_cast<std::uint32_t>(1 + seed % 3));
      if (seed % 5 == 0) env.disable_operator_chaining();
      auto increment = [](std::int64_t x) { return x + 1; };
      auto outer = env.from_sequence(1, 50).iterate();
      auto inner = outer.map(increment).iterate();
      auto more = inner.map(increment);
      auto again = more.filter([](std::int64_t x) { return x % 5 != 0; });
      inner.close_with(seed % 2 == 0 ? again : again.rebalance());
      auto done = more.filter([](std::int64_t x) { return x % 5 == 0; });
      auto back = done.filter([](std::int64_t x) { return x < 100; });
      outer.close_with(seed % 4 < 2 ? back : back.shuffle());
      auto kept = keep(done.filter([](std::int64_t x) { return x >= 100; }));
      stepped_runtime runtime(seed);
      run_to_the_end(runtime, env);
      std::sort(kept->begin(), kept->end());
      BOOST_TEST(*kept == expected, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_loop_goes_on_while_records_come_into_it_from_elsewhere) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      stream_environment env;
      env.set_parallelism(static_cast<std::uint32_t>(1 + seed % 2));
      auto loop = env.from_sequence(1, 50).iterate();
      auto late = env.from_generator(
        [](std::uint64_t n) { return static_cast<std::int64_t>(n) + 51; }, {50, 500.0});
      auto more
        = loop.union_with(late.rebalance()).map([](std::int64_t x) { return x + 20; }).rebalance();
      loop.close_with(more.filter([](std::int64_t x) { return x < 400; }));
      auto kept = keep(more.filter([](std::int64_t x) { return x >= 400; }));
      stepped_runtime runtime(seed);
      run_to_the_end(runtime, env);
      std::sort(kept->begin(), kept->end());
      BOOST_TEST(*kept == grown(), boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(loops_that_cross_end_together) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      stream_environment env;
      env.set_parallelism(static_cast<std::uint32_t>(1 + seed % 2));
      auto one = env.from_sequence(1, 50).iterate();
      auto other = env.from_sequence(51, 100).iterate();
      auto more = one.union_with(other.rebalance()).map([](std::int64_t x) { return x + 20; });
      one.close_with(more.filter([](std::int64_t x) { return x < 400 && x % 3 == 0; }));
      other.close_with(
        more.filter([](std::int64_t x) { return x < 400 && x % 3 != 0; }).rebalance());
      auto kept = keep(more.filter([](std::int64_t x) { return x >= 400; }));
      stepped_runtime runtime(seed);
      run_to_the_end(runtime, env);
      std::sort(kept->begin(), kept->end());
      BOOST_TEST(*kept == grown(), boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_loop_past_its_memory_limit_goes_to_disk_and_loses_nothing) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      temporary_directory directory;
      stream_environment env;
      env.set_parallelism(static_cast<std::uint32_t>(1 + seed % 2))
        .set_feedback_memory_limit(1 + seed * 4)
        .set_buffer_timeout(0s)
        .set_temp_directory(directory.path());
      // Every number comes back as two, until they are small.
      auto loop = env.from_sequence(1, 200).map([](std::int64_t x) { return x * 8; }).iterate();
      auto halves = loop.flat_map([](std::int64_t x, collector<std::int64_t>& out) {
        out.collect(x / 2);
        out.collect(x / 2);
      });
      loop.close_with(halves.filter([](std::int64_t x) { return x >= 100; }));
      auto kept = keep(halves.filter([](std::int64_t x) { return x < 100; }));
      numbers expected;
      numbers open;
      for (std::int64_t x = 1; x <= 200; ++x) open.push_back(x * 8);
      while (!open.empty()) {
        auto x = open.back() / 2;
        open.pop_back();
        for (int i = 0; i < 2; ++i) (x >= 100 ? open : expected).push_back(x);
      }
      stepped_runtime runtime(seed);
      auto job = submit(runtime, env);
      runtime.run_to_end(*job);
      BOOST_REQUIRE(job->wait_until({}).has_value());
      std::sort(kept->begin(), kept->end());
      std::sort(expected.begin(), expected.end());
      BOOST_TEST((*kept == expected));
      BOOST_TEST(spilled(*job) > 0u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_loop_whose_disk_refuses_fails_naming_operator_subtask_and_path) {
  stream_environment env;
  env.set_feedback_memory_limit(1).set_temp_directory("/nowhere/at-all").set_buffer_timeout(0s);
  auto loop = env.from_sequence(1, 500).iterate();
  loop.name("the loop");
  auto twice = loop.flat_map([](std::int64_t x, collector<std::int64_t>& out) {
    out.collect(x / 2);
    out.collect(x / 2);
  });
  loop.close_with(twice.filter([](std::int64_t x) { return x > 0; }));
  keep(loop);
  stepped_runtime runtime(1);
  auto job = submit(runtime, env);
  runtime.run_to_end(*job);
  try {
    job->wait_until({});
    BOOST_FAIL("the job ended well");
  } catch (const job_error& e) {
    std::string text = e.what();
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST((text.find("operator \"the loop\", subtask 0") != std::string::npos));
      BOOST_TEST((text.find("/nowhere/at-all/sluice-feedback-") != std::string::npos));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(exploding_batches)

namespace {

/// A record becomes 100,000: how many of them were under way at most?
std::int64_t most_under_way(std::uint64_t seed, bool chained_to_source) {
  constexpr std::int64_t fan_out = 100'000;
  constexpr std::int64_t num_inputs = 60;
  auto under_way = std::make_shared<std::int64_t>(0);
  auto most = std::make_shared<std::int64_t>(0);
  auto received = std::make_shared<std::int64_t>(0);
  stream_environment env;
  auto input = env.from_sequence(1, num_inputs);
  auto many = (chained_to_source ? input : input.map([](std::int64_t x) { return x; }))
                .flat_map([=](std::int64_t x, collector<std::int64_t>& out) {
                  for (std::int64_t i = 0; i < fan_out; ++i) out.collect(x);
                  *under_way += fan_out;
                  *most = std::max(*most, *under_way);
                });
  if (!chained_to_source) many.start_new_chain();
  many
    .add_sink([=](const std::int64_t&) {
      --*under_way;
      ++*received;
    })
    .disable_chaining();
  stepped_runtime runtime(seed);
  auto job = submit(runtime, env);
  runtime.run_to_end(*job);
  BOOST_REQUIRE(job->wait_until({}).has_value());
  BOOST_TEST(*received == fan_out * num_inputs);
  return *most;
}

} // namespace

BOOST_AUTO_TEST_CASE(output_without_credit_is_bounded_when_spilled_input_explodes) {
  constexpr std::int64_t fan_out = 2000;
  constexpr std::int64_t num_inputs = 3000;
  auto under_way = std::make_shared<std::int64_t>(0);
  auto most = std::make_shared<std::int64_t>(0);
  auto received = std::make_shared<std::int64_t>(0);
  temporary_directory directory;
  stream_environment env;
  env.set_execution_mode(execution_mode::batch)
    .set_batch_memory_limit(1)
    .set_temp_directory(directory.path());
  struct many_of_one {
    std::shared_ptr<std::int64_t> under_way;
    std::shared_ptr<std::int64_t> most;
    value_state<std::int64_t> seen;
    void open(keyed_runtime_context<std::int64_t>& c) {
      seen = c.state(value_state_descriptor<std::int64_t>{"seen"});
    }
    void process_element(const std::int64_t& x, keyed_process_context<std::int64_t>&,
                         collector<std::int64_t>& out) {
      seen.update(x);
      for (std::int64_t i = 0; i < fan_out; ++i) out.collect(x);
      *most = std::max(*most, *under_way += fan_out);
    }
  };
  env.from_sequence(1, num_inputs)
    .key_by([](std::int64_t x) { return x % 2; })
    .process(many_of_one{under_way, most, {}})
    .add_sink([=](const std::int64_t&) {
      --*under_way;
      ++*received;
    })
    .disable_chaining();
  stepped_runtime runtime(1);
  auto job = submit(runtime, env);
  runtime.run_to_end(*job);
  BOOST_REQUIRE(job->wait_until({}).has_value());
  BOOST_TEST(spilled(*job) > 0u);
  BOOST_TEST(*received == fan_out * num_inputs);
  BOOST_TEST(*most <= 250'000);
}

BOOST_AUTO_TEST_CASE(output_without_credit_is_bounded_however_many_records_a_batch_becomes) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    // What one record becomes, what fits a channel, and what is made before that is known.
    BOOST_TEST(most_under_way(seed, true) <= 400'000);
    BOOST_TEST(most_under_way(seed, false) <= 400'000);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
