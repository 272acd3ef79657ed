/// The end of input in every topology: the job ends, with the result of a sequential evaluation,
/// whatever the order of messages (chosen by a seed) and whether operators are chained or not.
#include "sluice/sluice.hpp"
#include "support/actor_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <numeric>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(end_of_input)

namespace {

using numbers = std::vector<std::int64_t>;
using output = std::shared_ptr<numbers>; // the stepped runtime has one thread

numbers sequence(std::int64_t count) {
  numbers result(static_cast<std::size_t>(count));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

data_stream<std::int64_t> generated(stream_environment& env, std::int64_t count,
                                    std::optional<double> rate = std::nullopt) {
  generator_options options{.count = static_cast<std::uint64_t>(count), .records_per_second = rate};
  return env.from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); }, options);
}

void collect(const data_stream<std::int64_t>& from, const output& to) {
  from.add_sink([to](std::int64_t x) { to->push_back(x); });
}

/// Runs what `build(env, output)` adds, chained and unchained, in many orders of messages.
template <class Build>
void check_that_it_ends(numbers expected, Build build) {
  std::sort(expected.begin(), expected.end());
  for (std::uint64_t seed = 1; seed <= 60; ++seed)
    for (auto chaining : {true, false})
      BOOST_TEST_CONTEXT("seed " << seed << (chaining ? " chained" : " unchained")) {
        stream_environment env;
        env.set_parallelism(1 + static_cast<std::uint32_t>(seed % 3));
        if (!chaining) env.disable_operator_chaining();
        auto to = std::make_shared<numbers>();
        build(env, to);
        stepped_runtime runtime(seed);
        auto job = runtime.submit(make_job_graph(env.program()->pending()));
        runtime.run_to_end(*job);
        BOOST_REQUIRE(job->wait_until({}).has_value());
        std::sort(to->begin(), to->end());
        BOOST_TEST(*to == expected, boost::test_tools::per_element());
        BOOST_TEST(runtime.num_actors() == 0u);
      }
}

} // namespace

BOOST_AUTO_TEST_CASE(passes_through_a_chain) {
  check_that_it_ends({0, 4, 8, 12, 16}, [](stream_environment& env, const output& to) {
    collect(generated(env, 10).map([](std::int64_t x) { return 2 * x; }).filter([](std::int64_t x) {
      return x % 4 == 0;
    }),
            to);
  });
}

BOOST_AUTO_TEST_CASE(passes_through_operators_on_actors_of_their_own) {
  check_that_it_ends(sequence(5000), [](stream_environment& env, const output& to) {
    auto same = [](std::int64_t x) { return x; };
    collect(generated(env, 5000).map(same).disable_chaining().map(same).start_new_chain(), to);
  });
}

BOOST_AUTO_TEST_CASE(meets_itself_behind_a_diamond) {
  auto expected = sequence(3000);
  for (std::int64_t x = 0; x < 3000; ++x) expected.push_back(-x);
  check_that_it_ends(expected, [](stream_environment& env, const output& to) {
    auto from = generated(env, 3000);
    auto left = from.map([](std::int64_t x) { return x; }).rebalance();
    auto right = from.map([](std::int64_t x) { return -x; }).set_parallelism(2);
    collect(left.union_with(right).map([](std::int64_t x) { return x; }), to);
  });
}

BOOST_AUTO_TEST_CASE(waits_for_the_slower_side_of_a_union) {
  auto expected = sequence(4000);
  for (auto x : sequence(30)) expected.push_back(x);
  check_that_it_ends(expected, [](stream_environment& env, const output& to) {
    collect(generated(env, 4000).union_with(generated(env, 30, 200.0)), to);
  });
}

BOOST_AUTO_TEST_CASE(comes_from_an_empty_side_of_a_union_at_once) {
  check_that_it_ends(sequence(100), [](stream_environment& env, const output& to) {
    auto empty = env.from_collection(numbers{});
    collect(empty.union_with(generated(env, 100), generated(env, 0)), to);
  });
}

BOOST_AUTO_TEST_CASE(comes_where_there_was_no_record_at_all) {
  check_that_it_ends({}, [](stream_environment& env, const output& to) {
    collect(env.from_collection(numbers{})
              .key_by([](std::int64_t x) { return x; })
              .reduce([](std::int64_t a, std::int64_t b) { return a + b; }),
            to);
  });
}

BOOST_AUTO_TEST_CASE(needs_both_connected_streams) {
  auto expected = sequence(2000);
  for (std::int64_t x = 0; x < 20; ++x) expected.push_back(-x);
  check_that_it_ends(expected, [](stream_environment& env, const output& to) {
    collect(generated(env, 2000)
              .connect(generated(env, 20, 300.0))
              .map([](std::int64_t x) { return x; }, [](std::int64_t x) { return -x; }),
            to);
  });
}

BOOST_AUTO_TEST_CASE(comes_when_a_loop_is_empty) {
  check_that_it_ends(numbers(500, 0), [](stream_environment& env, const output& to) {
    auto loop = generated(env, 500).iterate();
    auto halved = loop.map([](std::int64_t x) { return x / 2; });
    loop.close_with(halved.filter([](std::int64_t x) { return x > 0; }));
    collect(halved.filter([](std::int64_t x) { return x == 0; }), to);
  });
}

BOOST_AUTO_TEST_CASE(comes_when_a_loop_that_multiplies_its_records_is_empty) {
  // 3 -> 3, 2 2, 1 1 1 1: each number comes out of the loop 2^(start - number) times.
  numbers expected;
  for (std::int64_t start = 0; start < 8; ++start)
    for (std::int64_t x = start; x >= 0; --x)
      expected.insert(expected.end(), std::size_t{1} << (start - x), x);
  check_that_it_ends(expected, [](stream_environment& env, const output& to) {
    auto loop = generated(env, 8).iterate();
    loop.close_with(loop.flat_map([](std::int64_t x, collector<std::int64_t>& out) {
      for (int i = 0; x > 0 && i < 2; ++i) out.collect(x - 1);
    }));
    collect(loop, to);
  });
}

BOOST_AUTO_TEST_CASE(reaches_side_outputs) {
  numbers expected;
  for (auto x : sequence(2000)) expected.push_back(x % 2 == 0 ? x : 10000 + x);
  check_that_it_ends(expected, [](stream_environment& env, const output& to) {
    output_tag<std::int64_t> odd("odd");
    auto even = generated(env, 2000).process(
      [odd](const std::int64_t& x, process_context& context, collector<std::int64_t>& out) {
        if (x % 2 == 0)
          out.collect(x);
        else
          context.output(odd, x);
      });
    collect(even, to);
    collect(even.get_side_output(odd).map([](std::int64_t x) { return 10000 + x; }), to);
  });
}

BOOST_AUTO_TEST_CASE(passes_between_operators_of_unlike_parallelism) {
  check_that_it_ends(sequence(3000), [](stream_environment& env, const output& to) {
    auto same = [](std::int64_t x) { return x; };
    collect(generated(env, 3000)
              .set_parallelism(1)
              .map(same)
              .set_parallelism(4)
              .rescale()
              .map(same)
              .set_parallelism(2)
              .shuffle()
              .map(same)
              .set_parallelism(3)
              .global(),
            to);
  });
}

BOOST_AUTO_TEST_CASE(passes_subtasks_of_a_keyed_operator_that_get_no_record) {
  check_that_it_ends({499'500}, [](stream_environment& env, const output& to) {
    collect(
      generated(env, 1000)
        .set_parallelism(2)
        .assign_timestamps_and_watermarks(
          watermark_strategy<std::int64_t>::for_monotonous_timestamps().with_timestamp_assigner(
            [](std::int64_t x) { return x; }))
        .key_by([](std::int64_t) { return 7; })
        .window(tumbling_event_time_windows(std::chrono::seconds(1)))
        .reduce([](std::int64_t a, std::int64_t b) { return a + b; })
        .set_parallelism(4),
      to);
  });
}

BOOST_AUTO_TEST_CASE(is_reached_by_each_of_several_jobs_in_one_program) {
  check_that_it_ends({10, 45}, [](stream_environment& env, const output& to) {
    auto sum_up = [&](const data_stream<std::int64_t>& from) {
      collect(from.window_all(global_windows()).reduce([](std::int64_t a, std::int64_t b) {
        return a + b;
      }),
              to);
    };
    sum_up(generated(env, 5));
    sum_up(generated(env, 10));
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
