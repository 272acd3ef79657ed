/// A task with nothing to do keeps no records back, and wakes when its time has come.
#include "sluice/sluice.hpp"
#include "support/actor_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(idle_tasks)

namespace {

using namespace std::chrono_literals;

std::shared_ptr<job_control> submit(stepped_runtime& runtime, stream_environment& env) {
  return runtime.submit(make_job_graph(env.program()->pending()));
}

void stop(stepped_runtime& runtime, job_control& job) {
  job.cancel();
  runtime.run_to_end(job);
}

} // namespace

BOOST_AUTO_TEST_CASE(keep_no_record_until_the_next_one_comes) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      stream_environment env;
      env.disable_operator_chaining().set_buffer_timeout(24h).set_parallelism(1);
      auto seen = std::make_shared<std::int64_t>(0);
      auto same = [](std::int64_t x) { return x; };
      // Two records at once now and then: one may be on its way when the other is buffered.
      env
        .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                        {.records_per_second = 1.0 / 3600})
        .flat_map([](std::int64_t x, collector<std::int64_t>& out) {
          for (std::int64_t i = 0; i <= x % 3; ++i) out.collect(x);
        })
        .map(same)
        .map(same)
        .add_sink([seen](std::int64_t) { ++*seen; });
      stepped_runtime runtime(seed);
      auto job = submit(runtime, env);
      runtime.run();
      std::int64_t expected = 1;
      for (std::int64_t n = 1; n < 12; ++n) {
        runtime.advance(1h + 1s);
        expected += n % 3 + 1;
        BOOST_TEST(*seen == expected);
      }
      stop(runtime, *job);
    }
  }
}

BOOST_AUTO_TEST_CASE(keep_no_record_when_credit_comes_while_they_are_at_work) {
  using wide = std::array<std::int64_t, 128>; // so that few make a batch
  constexpr std::int64_t full_batch = default_batch_records<wide>();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::int64_t seen = 0;
      bool not_as_meant = false;
      stream_environment env;
      stepped_runtime runtime(seed);
      env.disable_operator_chaining().set_buffer_timeout(24h).set_parallelism(1);
      env
        .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                        {.records_per_second = 1.0 / 3600})
        .flat_map([&](std::int64_t x, collector<wide>& out) {
          for (std::int64_t i = 0; i <= full_batch; ++i) out.collect(wide{x});
          // On other threads, meanwhile: the sink has the full batch and returns the credit.
          const auto before = seen;
          for (int i = 0; i < 1000 && seen < before + full_batch; ++i) runtime.step();
          not_as_meant = not_as_meant || seen != before + full_batch;
        })
        .add_sink([&](const wide&) { ++seen; });
      auto job = submit(runtime, env);
      runtime.run();
      BOOST_TEST(!not_as_meant);
      BOOST_TEST(seen == full_batch + 1);
      stop(runtime, *job);
    }
  }
}

namespace {

/// Notes how long after its registration a timer fires.
struct alarm {
  std::shared_ptr<std::vector<duration>> took;
  duration after;
  timestamp set = 0;
  void process_element(const std::int64_t&, keyed_process_context<std::int64_t>& c,
                       collector<std::int64_t>&) {
    set = c.processing_time();
    c.timers().register_processing_time_timer(saturating_add(set, after.count()));
  }
  void on_timer(timestamp, keyed_process_context<std::int64_t>& c, collector<std::int64_t>&) {
    took->push_back(duration(c.processing_time() - set));
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(wake_after_days_and_not_before) {
  auto took = std::make_shared<std::vector<duration>>();
  stream_environment env;
  env
    .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                    {.records_per_second = 1e-7}) // one in four months
    .key_by([](std::int64_t x) { return x; })
    .process(alarm{took, 75h})
    .add_sink([](std::int64_t) {});
  stepped_runtime runtime(1);
  auto job = submit(runtime, env);
  runtime.run();
  for (int hour = 0; hour < 74; ++hour) runtime.advance(1h);
  BOOST_TEST(took->empty());
  runtime.advance(1h);
  stop(runtime, *job);
  BOOST_REQUIRE(took->size() == 1u);
  BOOST_TEST((took->front() >= 75h && took->front() <= 76h));
}

BOOST_AUTO_TEST_CASE(do_not_wake_at_once_for_a_time_centuries_away) {
  auto took = std::make_shared<std::vector<duration>>();
  stream_environment env;
  env
    .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                    {.records_per_second = 1e-7})
    .key_by([](std::int64_t x) { return x; })
    .process(alarm{took, duration(max_timestamp)})
    .add_sink([](std::int64_t) {});
  stepped_runtime runtime(1);
  auto job = submit(runtime, env);
  runtime.run();
  for (int day = 0; day < 100; ++day) runtime.advance(24h);
  BOOST_TEST(took->empty());
  stop(runtime, *job);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
