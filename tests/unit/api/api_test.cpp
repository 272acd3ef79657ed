/// What users write: option structs, times, and what the plan makes of it before anything runs.
#include "sluice/connect/file/csv_file.hpp"
#include "sluice/connect/file/json_file.hpp"
#include "sluice/connect/socket/socket_options.hpp"
#include "sluice/sluice.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <limits>
#include <map>
#include <span>

// Warnings are errors here, whatever the preset: users' builds must stay clean as well.
#pragma GCC diagnostic error "-Wmissing-field-initializers"

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(api)

namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

struct event {
  std::int64_t id;
  system_clock::time_point at;
};

std::string plan_error_of(const stream_environment& env) {
  try {
    env.explain();
  } catch (const plan_error& e) {
    return e.what();
  }
  return "(no error)";
}

} // namespace

BOOST_AUTO_TEST_CASE(option_structs_take_designated_initialisers) {
  csv_options csv{.errors = on_error::skip, .delimiter = ';', .header = csv_header::by_name};
  BOOST_TEST((csv.errors == on_error::skip));
  BOOST_TEST(csv.delimiter == ';');
  json_options json{.errors = on_error::null_field, .omit_null_fields = true};
  BOOST_TEST(json.omit_null_fields);
  text_options text{.max_record_bytes = 10, .delimiter = '|'};
  BOOST_TEST(text.max_record_bytes == 10u);
  file_source_options source{.glob = "*.csv", .split_bytes = 1 << 20};
  BOOST_TEST(source.glob == "*.csv");
  file_sink_options sink{.suffix = ".csv", .rollover_interval = 1min};
  BOOST_TEST((sink.rollover_interval == 60s));
  generator_options generator{.count = 3};
  BOOST_TEST(*generator.count == 3u);
  socket_source_options socket{.max_retry = -1};
  BOOST_TEST(socket.max_retry == -1);
  checkpoint_config checkpoints{.interval = 1s, .directory = "/tmp/x", .externalized = true};
  BOOST_TEST(checkpoints.externalized);
  window_options windows{.allowed_lateness = 1s};
  BOOST_TEST((windows.allowed_lateness == 1s));
}

BOOST_AUTO_TEST_CASE(times_may_be_numbers_durations_and_time_points) {
  BOOST_TEST(to_timestamp(17) == 17);
  BOOST_TEST(to_timestamp(std::uint32_t{17}) == 17);
  BOOST_TEST(to_timestamp(2s) == 2'000'000);
  BOOST_TEST(to_timestamp(1500ns) == 1);
  BOOST_TEST(to_timestamp(-1500ns) == -2);
  BOOST_TEST(to_timestamp(std::chrono::duration<double>(0.5)) == 500'000);
  BOOST_TEST(to_timestamp(system_clock::time_point(3ms)) == 3000);
  using std::chrono::sys_days;
  BOOST_TEST(to_timestamp(sys_days{std::chrono::year{1970} / 1 / 2}) == 86'400'000'000);
  static_assert(!time_like<double>, "seconds or microseconds?");
  static_assert(!time_like<std::string>);
}

BOOST_AUTO_TEST_CASE(timestamps_may_be_assigned_from_any_spelling_of_time) {
  auto times_by = [](auto assign) {
    stream_environment env;
    return env.from_collection<event>({{2, system_clock::time_point(2s)}})
      .assign_timestamps_and_watermarks(
        watermark_strategy<event>::for_monotonous_timestamps().with_timestamp_assigner(assign))
      .process([](const event&, process_context& c, collector<timestamp>& out) {
        out.collect(c.event_time().value());
      })
      .execute_and_collect();
  };
  std::vector<timestamp> expected{2'000'000};
  BOOST_TEST(times_by([](const event& e) { return e.id * 1'000'000; }) == expected);
  BOOST_TEST(times_by([](const event& e) { return std::chrono::seconds(e.id); }) == expected);
  BOOST_TEST(times_by([](const event& e) { return e.at; }) == expected);
  BOOST_TEST(times_by(&event::at) == expected);
  BOOST_TEST(times_by([n = 0](const event& e, timestamp) mutable {
               ++n;
               return e.at;
             })
             == expected);
}

BOOST_AUTO_TEST_CASE(timers_may_be_set_at_any_spelling_of_time) {
  struct reminder {
    void process_element(const event& e, keyed_process_context<std::int64_t>& c,
                         collector<timestamp>&) {
      c.timers().register_event_time_timer(e.at + 1s);
      c.timers().register_event_time_timer(5s);
      c.timers().register_event_time_timer(4'000'000);
      c.timers().register_event_time_timer(6s);
      c.timers().delete_event_time_timer(system_clock::time_point(6s));
      c.timers().register_processing_time_timer(system_clock::now() + 24h);
      c.timers().delete_processing_time_timer(24h);
    }
    void on_timer(timestamp t, keyed_process_context<std::int64_t>& c, collector<timestamp>& out) {
      if (c.event_time_timer()) out.collect(t);
    }
  };
  stream_environment env;
  auto fired = env.from_collection<event>({{2, system_clock::time_point(2s)}})
                 .assign_timestamps_and_watermarks(
                   watermark_strategy<event>::for_monotonous_timestamps().with_timestamp_assigner(
                     &event::at))
                 .key_by(&event::id)
                 .process(reminder{})
                 .execute_and_collect();
  BOOST_TEST((fired == std::vector<timestamp>{3'000'000, 4'000'000, 5'000'000}));
}

BOOST_AUTO_TEST_CASE(streams_of_different_environments_do_not_meet) {
  stream_environment one;
  stream_environment other;
  BOOST_CHECK_THROW(one.from_collection({1}).union_with(other.from_collection({2})), plan_error);
}

BOOST_AUTO_TEST_CASE(a_range_that_flat_map_does_not_own_is_left_as_it_was) {
  const std::vector<std::string> words{"a text that is not short at all", "b"};
  auto kept = words;
  stream_environment env;
  auto twice = env.from_sequence(1, 2);
  auto by_reference
    = twice.flat_map([&kept](std::int64_t) -> std::vector<std::string>& { return kept; });
  auto by_view = twice.flat_map([&kept](std::int64_t) { return std::span(kept); });
  auto owned = twice.flat_map([&words](std::int64_t) { return words; });
  auto all = by_reference.union_with(by_view, owned).execute_and_collect();
  BOOST_TEST(kept == words, boost::test_tools::per_element());
  BOOST_TEST(all.size() == 12u);
  BOOST_TEST(std::count(all.begin(), all.end(), words[0]) == 6);
}

BOOST_AUTO_TEST_CASE(the_entries_of_a_map_are_records) {
  stream_environment env;
  auto all = env.from_sequence(1, 1)
               .flat_map([](std::int64_t x) {
                 return std::map<std::int64_t, std::string>{{x, "one"}};
               })
               .execute_and_collect();
  BOOST_TEST_REQUIRE(all.size() == 1u);
  BOOST_TEST((all[0] == std::pair<std::int64_t, std::string>(1, "one")));
}

BOOST_AUTO_TEST_CASE(booleans_are_collected) {
  stream_environment env;
  auto bigger = env.from_sequence(1, 3).map([](std::int64_t x) { return x > 1; });
  BOOST_TEST((bigger.execute_and_collect() == std::vector<bool>{false, true, true}));
  std::vector<bool> all;
  for (auto x : bigger.collect()) all.push_back(x);
  BOOST_TEST((all == std::vector<bool>{false, true, true}));
}

BOOST_AUTO_TEST_CASE(sequences_reach_from_end_to_end_of_the_numbers) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  stream_environment env;
  BOOST_CHECK_THROW(env.from_sequence(least, most), plan_error);
  BOOST_TEST(env.from_sequence(most - 1, most).execute_and_collect()
               == (std::vector<std::int64_t>{most - 1, most}),
             boost::test_tools::per_element());
  BOOST_TEST(env.from_sequence(least, least + 1).execute_and_collect()
               == (std::vector<std::int64_t>{least, least + 1}),
             boost::test_tools::per_element());
  BOOST_TEST(env.from_sequence(1, 0).execute_and_collect().empty());
}

BOOST_AUTO_TEST_CASE(a_side_output_of_an_operator_that_has_none_is_empty) {
  stream_environment env;
  output_tag<std::string> tag("nothing");
  auto doubled = env.from_sequence(1, 3).map([](std::int64_t x) { return 2 * x; });
  std::atomic<int> side = 0;
  doubled.get_side_output(tag).add_sink([&side](const std::string&) { ++side; });
  auto main = doubled.execute_and_collect();
  BOOST_TEST(main == (std::vector<std::int64_t>{2, 4, 6}), boost::test_tools::per_element());
  BOOST_TEST(side == 0);
}

BOOST_AUTO_TEST_CASE(windows_fold_fields_by_their_position) {
  using point = std::pair<int, int>;
  stream_environment env;
  auto from = env.from_collection<point>({{1, 5}, {1, 3}, {1, 4}});
  auto windowed = from.key_by(&point::first).window(global_windows());
  std::vector<point> all;
  for (auto& stream : {windowed.sum<1>(), windowed.min<1>(), windowed.max<1>(),
                       windowed.min_by<1>(), windowed.max_by<1>()})
    for (auto& x : stream.execute_and_collect()) all.push_back(x);
  BOOST_TEST((all == std::vector<point>{{1, 12}, {1, 3}, {1, 5}, {1, 3}, {1, 5}}));
}

BOOST_AUTO_TEST_CASE(a_loop_can_be_named_and_closed) {
  stream_environment env;
  auto loop = env.from_sequence(1, 3).iterate().name("round").uid("round");
  auto more = loop.map([](std::int64_t x) { return x + 10; });
  loop.close_with(more.filter([](std::int64_t x) { return x < 30; }));
  auto all = more.filter([](std::int64_t x) { return x >= 30; }).execute_and_collect();
  BOOST_TEST(all.size() == 3u);
}

BOOST_AUTO_TEST_CASE(metrics_tell_sources_state_event_time_and_what_was_written) {
  stream_environment env;
  auto job = [&] {
    env
      .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                      {3000, 10'000.0})
      .assign_timestamps_and_watermarks(
        watermark_strategy<std::int64_t>::for_monotonous_timestamps().with_timestamp_assigner(
          [](std::int64_t x) { return x; }))
      .key_by([](std::int64_t x) { return x; })
      .reduce([](std::int64_t a, std::int64_t b) { return a + b; })
      .add_sink([](std::int64_t) {});
    return env.execute_async();
  }();
  bool state = false;
  bool time = false;
  while (!job.wait_for(1ms))
    for (auto& t : job.metrics().tasks) {
      state |= t.state_bytes > 0;
      time |= t.is_source && t.current_input_watermark > min_timestamp;
    }
  BOOST_TEST(state);
  BOOST_TEST(time);
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  for (auto& t : job.metrics().tasks) {
    if (t.is_source) read += t.num_records_in;
    if (auto at = t.counters.find("records_written"); at != t.counters.end()) written += at->second;
  }
  BOOST_TEST(read == 3000u);
  BOOST_TEST(written == 3000u);
}

BOOST_AUTO_TEST_CASE(a_sink_of_one_file_is_planned_with_one_subtask) {
  temporary_directory directory;
  stream_environment env;
  env.set_parallelism(4);
  using pair = std::pair<std::int64_t, std::int64_t>;
  auto pairs = env.from_sequence(1, 100).map([](std::int64_t x) { return pair(x, x); });
  pairs.sink_to(csv_single_file_sink<pair>(directory.path() + "/out.csv"));
  auto graph = make_job_graph(env.program()->pending());
  BOOST_TEST(graph.vertices.front().parallelism == 4u);
  BOOST_TEST(graph.vertices.back().parallelism == 1u);
  env.execute();
  std::size_t lines = 0;
  std::ifstream in(directory.path() + "/out.csv");
  for (std::string line; std::getline(in, line);) ++lines;
  BOOST_TEST(lines == 100u);
}

BOOST_AUTO_TEST_CASE(another_parallelism_of_a_sink_of_one_file_is_refused_by_the_plan) {
  stream_environment env;
  using pair = std::pair<std::int64_t, std::int64_t>;
  env.from_collection<pair>({{1, 1}})
    .sink_to(csv_single_file_sink<pair>("/tmp/out.csv"))
    .name("one file")
    .set_parallelism(2);
  BOOST_TEST(plan_error_of(env)
             == "operator \"one file\" cannot run with parallelism 2: only with 1");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
