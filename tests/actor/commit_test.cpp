/// What sinks have prepared becomes visible once, whatever happens to the checkpoint that it was
/// prepared for.
#include "sluice/sluice.hpp"
#include "support/actor_fixture.hpp"
#include "support/temporary_directory.hpp"
#include "support/transactional_sink.hpp"
#include "support/valve_sink.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(commit)

namespace {

using namespace std::chrono_literals;
using numbers = std::vector<std::int64_t>;

numbers up_to(std::int64_t count) {
  numbers result(static_cast<std::size_t>(count));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

numbers committed(committed_output& output) {
  auto all = output.all();
  std::sort(all.begin(), all.end());
  return all;
}

/// A source with a transactional sink, and another one whose sink takes nothing while its valve is
/// closed, so that no checkpoint can complete.
struct stuck_job {
  static constexpr std::int64_t count = 400;

  explicit stuck_job(std::uint64_t seed) : runtime(seed) {
    env.set_execution_mode(execution_mode::streaming).disable_operator_chaining();
    env.set_restart_strategy(fixed_delay_restart{3, 5ms});
    env.enable_checkpointing(24h, directory.path());
    env.checkpoint_settings().timeout = 50ms;
    env.checkpoint_settings().tolerable_failures = std::nullopt;
    numbers_at(1000.0, count).sink_to(std::make_shared<transactional_sink>(output));
    numbers_at(1000.0, 10).sink_to(std::make_shared<valve_sink<std::int64_t>>(valve_of_other));
    job = runtime.submit(make_job_graph(env.program()->pending()));
  }

  data_stream<std::int64_t> numbers_at(double rate, std::int64_t n) {
    return env.from_generator([](std::uint64_t i) { return static_cast<std::int64_t>(i); },
                              {static_cast<std::uint64_t>(n), rate});
  }

  /// Returns whether the checkpoint completed.
  bool checkpoint() {
    auto path = runtime.request_checkpoint(*job);
    for (int i = 0; path.wait_for(0s) != std::future_status::ready; ++i) {
      BOOST_REQUIRE_MESSAGE(i < 1'000'000, "the checkpoint never ends");
      if (!runtime.step()) runtime.advance(1ms);
    }
    try {
      path.get();
      return true;
    } catch (const state_error&) {
      return false;
    }
  }

  void settle(duration time) {
    runtime.run();
    for (; time > duration(0); time -= 1ms) runtime.advance(1ms);
  }

  temporary_directory directory;
  stream_environment env;
  stepped_runtime runtime;
  std::shared_ptr<committed_output> output = std::make_shared<committed_output>();
  std::shared_ptr<valve<std::int64_t>> valve_of_other = std::make_shared<valve<std::int64_t>>();
  std::shared_ptr<job_control> job;
};

} // namespace

BOOST_AUTO_TEST_CASE(of_what_an_aborted_checkpoint_had_prepared_comes_with_the_next_one) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      stuck_job stuck(seed);
      stuck.settle(100ms);
      BOOST_REQUIRE(!stuck.checkpoint());
      BOOST_TEST(stuck.output->next_transaction > 1u); // the sink had its part ready
      BOOST_TEST(stuck.output->all().empty());
      stuck.valve_of_other->open_up();
      stuck.settle(20ms);
      BOOST_REQUIRE(stuck.checkpoint());
      stuck.runtime.run();
      auto now = committed(*stuck.output);
      BOOST_TEST(now.size() > 100u);
      BOOST_TEST(now == up_to(static_cast<std::int64_t>(now.size())));
      stuck.runtime.run_to_end(*stuck.job);
      BOOST_REQUIRE(stuck.job->wait_until({}).has_value());
      BOOST_TEST(committed(*stuck.output) == up_to(stuck_job::count));
    }
  }
}

BOOST_AUTO_TEST_CASE(of_what_an_aborted_checkpoint_had_prepared_survives_a_failure) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      stuck_job stuck(seed);
      stuck.settle(100ms);
      BOOST_REQUIRE(!stuck.checkpoint());
      stuck.valve_of_other->open_up();
      stuck.settle(20ms);
      stuck.output->failing_commits = 1; // the checkpoint is complete, and nothing committed
      BOOST_REQUIRE(stuck.checkpoint());
      stuck.runtime.run_to_end(*stuck.job);
      BOOST_REQUIRE(stuck.job->wait_until({}).has_value());
      BOOST_TEST(stuck.job->metrics().num_restarts == 1u);
      BOOST_TEST(committed(*stuck.output) == up_to(stuck_job::count));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_job_stopped_with_a_savepoint_is_done_once_its_output_is_committed) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    for (bool refused : {false, true}) {
      BOOST_TEST_CONTEXT("seed " << seed << ", refused " << refused) {
        stuck_job stuck(seed);
        stuck.valve_of_other->open_up();
        stuck.settle(100ms);
        stuck.output->failing_commits = refused;
        auto saved = stuck.runtime.request_checkpoint(*stuck.job, stuck.directory.path(), true);
        stuck.runtime.run_to_end(*stuck.job);
        auto now = [&] { return committed(*stuck.output); };
        if (!refused) {
          BOOST_TEST((stuck.job->wait_until({})->status == job_status::finished));
          BOOST_TEST(saved.get().starts_with(stuck.directory.path()));
          BOOST_TEST(now().size() > 90u);
          BOOST_TEST(now() == up_to(static_cast<std::int64_t>(now().size())));
          continue;
        }
        BOOST_CHECK_THROW(stuck.job->wait_until({}), job_error);
        BOOST_TEST(now().empty());
        BOOST_CHECK_EXCEPTION(saved.get(), job_error, [&](const job_error& e) {
          std::string text = e.what();
          return text.find("the commit was refused") != std::string::npos
                 && text.find("savepoint " + stuck.directory.path()) != std::string::npos;
        });
      }
    }
  }
}

// Nothing comes twice, whether the sink commits or not: what is behind the savepoint is not
// handled.
BOOST_AUTO_TEST_CASE(what_a_job_stopped_with_a_savepoint_has_put_out_is_not_put_out_again) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      temporary_directory directory;
      auto output = std::make_shared<numbers>();
      auto run = [&](std::optional<std::string> from, bool stop) -> std::string {
        stream_environment env;
        env.set_execution_mode(execution_mode::streaming)
          .set_parallelism(static_cast<std::uint32_t>(1 + seed % 3));
        if (seed % 2 == 0) env.disable_operator_chaining();
        env.enable_checkpointing(24h, directory.path() + "/checkpoints");
        if (from) env.restore_from(*from);
        auto loop = env
                      .from_generator([](std::uint64_t i) { return static_cast<std::int64_t>(i); },
                                      {400, 1000.0})
                      .uid("numbers")
                      .iterate();
        loop.uid("loop");
        auto next = loop.rebalance().map([](std::int64_t x) { return x + 1000; });
        loop.close_with(next.filter([](std::int64_t x) { return x < 10'000; }).rebalance());
        next.filter([](std::int64_t x) { return x >= 10'000; })
          .rebalance()
          .add_sink([output](std::int64_t x) { output->push_back(x - 10'000); });
        stepped_runtime runtime(seed);
        auto job = runtime.submit(make_job_graph(env.program()->pending()));
        if (!stop) {
          runtime.run_to_end(*job);
          BOOST_REQUIRE(job->wait_until({}).has_value());
          return {};
        }
        for (int i = 0; i < 150; ++i) runtime.advance(1ms);
        auto saved = runtime.request_checkpoint(*job, directory.path() + "/saved", true);
        runtime.run_to_end(*job);
        BOOST_TEST((job->wait_until({})->status == job_status::finished));
        return saved.get();
      };
      auto path = run({}, true);
      BOOST_TEST(output->size() > 50u);
      BOOST_TEST(output->size() < 350u);
      run(path, false);
      std::sort(output->begin(), output->end());
      BOOST_TEST(*output == up_to(400), boost::test_tools::per_element());
    }
  }
}

namespace {

/// Gives out what it has seen when its input has ended.
struct at_the_end {
  void process_element(const std::int64_t& x, keyed_process_context<std::int64_t>&,
                       collector<std::int64_t>&) {
    seen.push_back(x);
  }
  void finish(collector<std::int64_t>& out) {
    for (auto x : seen) out.collect(x);
  }
  numbers seen;
};

} // namespace

BOOST_AUTO_TEST_CASE(of_what_is_emitted_at_the_end_of_input_follows_the_last_checkpoint) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      temporary_directory directory;
      auto output = std::make_shared<committed_output>();
      output->failing_commits = seed % 3 == 0; // the last checkpoint is complete then
      stream_environment env;
      env.set_execution_mode(execution_mode::streaming);
      if (seed % 2 == 0) env.disable_operator_chaining();
      env.enable_checkpointing(24h, directory.path()); // none but the last
      if (seed % 4 < 2) env.enable_unaligned_checkpoints();
      env.set_restart_strategy(fixed_delay_restart{3, 5ms});
      env.from_generator([](std::uint64_t i) { return static_cast<std::int64_t>(i); }, {500, {}})
        .key_by([](std::int64_t x) { return x % 7; })
        .process(at_the_end{})
        .sink_to(std::make_shared<transactional_sink>(output));
      stepped_runtime runtime(seed);
      auto job = runtime.submit(make_job_graph(env.program()->pending()));
      runtime.run_to_end(*job);
      BOOST_REQUIRE(job->wait_until({}).has_value());
      BOOST_TEST(committed(*output) == up_to(500));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
