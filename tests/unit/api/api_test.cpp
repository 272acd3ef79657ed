/// What users write: option structs, times, and what the plan makes of it before anything runs.
#include "sluice/connect/file/csv_file.hpp"
#include "sluice/connect/file/json_file.hpp"
#include "sluice/connect/socket/socket_options.hpp"
#include "sluice/sluice.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>

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
