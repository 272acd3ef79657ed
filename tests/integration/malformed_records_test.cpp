/// Malformed input as a side output of the source: the dead letters of a job.
#include "sluice/connect/file/csv_file.hpp"
#include "sluice/connect/file/json_file.hpp"
#include "sluice/sluice.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(malformed)

namespace {

using pair = std::pair<std::int64_t, std::int64_t>;

/// 1,000 lines of which every tenth is bad. Returns the path.
std::string dirty_file(const temporary_directory& directory) {
  auto path = directory.path() + "/in.csv";
  std::ofstream out(path);
  for (int i = 1; i <= 1000; ++i) {
    if (i % 10 == 0)
      out << "line " << i << " is bad\n";
    else
      out << i << "," << i << "\n";
  }
  return path;
}

template <class T>
struct gathered_records {
  std::mutex mutex;
  std::vector<T> records;
};

template <class T>
std::shared_ptr<gathered_records<T>> gather(const data_stream<T>& from) {
  auto to = std::make_shared<gathered_records<T>>();
  from.add_sink([to](const T& r) {
    std::lock_guard lock(to->mutex);
    to->records.push_back(r);
  });
  return to;
}

std::string plan_error_of(stream_environment& env) {
  try {
    env.execute();
  } catch (const plan_error& e) {
    return e.what();
  }
  return "(no error)";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(records_are_a_side_output_of_their_source_with_place_text_and_reason) {
  for (auto chaining : {true, false})
    for (std::uint32_t parallelism : {1u, 3u}) {
      temporary_directory directory;
      auto path = dirty_file(directory);
      stream_environment env;
      env.set_parallelism(parallelism);
      if (!chaining) env.disable_operator_chaining();
      auto lines = env.from_source(csv_file_source<pair>(
        path, {.errors = on_error::divert, .quoted_newlines = false}, {.split_bytes = 1000}));
      auto good = gather(lines);
      auto bad = gather(lines.get_side_output(malformed_records));
      auto job = env.execute_async();
      job.wait();
      BOOST_TEST(good->records.size() == 900u);
      BOOST_REQUIRE(bad->records.size() == 100u);
      auto number_of
        = [](const bad_record& r) { return std::stoi(r.place.substr(r.place.rfind(':') + 1)); };
      std::sort(bad->records.begin(), bad->records.end(),
                [&](auto& a, auto& b) { return number_of(a) < number_of(b); });
      for (int i = 0; i < 100; ++i) {
        auto line = std::to_string(10 * (i + 1));
        auto& r = bad->records[static_cast<std::size_t>(i)];
        BOOST_TEST(r.place == path + ":" + line);
        BOOST_TEST(r.text == "line " + line + " is bad");
        BOOST_TEST(r.reason == "1 columns instead of 2");
      }
      std::uint64_t counted = 0;
      for (auto& t : job.metrics().tasks)
        if (auto at = t.counters.find("records_diverted"); at != t.counters.end())
          counted += at->second;
      BOOST_TEST(counted == 100u);
    }
}

BOOST_AUTO_TEST_CASE(records_do_not_hold_back_event_time) {
  temporary_directory directory;
  stream_environment env;
  auto lines
    = env.from_source(csv_file_source<pair>(dirty_file(directory), {.errors = on_error::divert}),
                      watermark_strategy<pair>::for_monotonous_timestamps().with_timestamp_assigner(
                        [](const pair& p) { return std::chrono::seconds(p.first); }));
  auto windows = gather(lines
                          .union_with(lines.get_side_output(malformed_records)
                                        .map([](const bad_record&) { return pair(-1, -1); })
                                        .filter([](const pair& p) { return p.first > 0; }))
                          .window_all(tumbling_event_time_windows(std::chrono::seconds(100)))
                          .sum<1>());
  env.execute();
  BOOST_TEST(windows->records.size() == 10u);
}

BOOST_AUTO_TEST_CASE(records_come_once_though_the_job_is_restarted) {
  temporary_directory directory;
  stream_environment env;
  env.enable_checkpointing(std::chrono::milliseconds(5), directory.path() + "/checkpoints");
  env.checkpoint_settings().tolerable_failures = std::nullopt;
  env.set_restart_strategy(fixed_delay_restart{20, std::chrono::milliseconds(1)});
  auto lines
    = env
        .from_source(csv_file_source<pair>(dirty_file(directory), {.errors = on_error::divert},
                                           {.split_bytes = 1000, .block_bytes = 200}))
        .uid("lines");
  auto failures = std::make_shared<std::atomic<int>>(3);
  auto seen = std::make_shared<std::atomic<int>>(0);
  lines
    .map([failures, seen](const pair& p) {
      if (++*seen % 200 == 0 && failures->fetch_sub(1) > 0) throw std::runtime_error("boom");
      return p;
    })
    .add_sink([](const pair&) {});
  lines.get_side_output(malformed_records)
    .sink_to(json_file_sink<bad_record>(directory.path() + "/dead"))
    .uid("dead letters");
  env.execute();
  BOOST_TEST(*failures <= 0);
  std::vector<std::string> letters;
  for (auto& e : std::filesystem::directory_iterator(directory.path() + "/dead")) {
    if (e.path().filename().string().starts_with('.')) continue;
    std::ifstream in(e.path());
    for (std::string line; std::getline(in, line);) letters.push_back(line);
  }
  BOOST_TEST(letters.size() == 100u);
  std::sort(letters.begin(), letters.end());
  BOOST_TEST((std::unique(letters.begin(), letters.end()) == letters.end()));
}

BOOST_AUTO_TEST_CASE(records_that_are_diverted_must_be_read_by_somebody) {
  stream_environment env;
  env.from_source(csv_file_source<pair>("in.csv", {.errors = on_error::divert}))
    .name("lines")
    .add_sink([](const pair&) {});
  auto text = plan_error_of(env);
  BOOST_TEST_INFO(text);
  BOOST_TEST(contains(text, "source \"lines\" diverts malformed records, but nobody reads them"));
  // A handler reads them, too.
  stream_environment with_handler;
  with_handler
    .from_source(csv_file_source<pair>(
      "in.csv", {.errors = on_error::divert, .divert = [](const bad_record&) {}}))
    .add_sink([](const pair&) {});
  BOOST_CHECK_NO_THROW(with_handler.explain());
}

BOOST_AUTO_TEST_CASE(a_sink_that_cannot_write_its_records_is_refused_before_anything_runs) {
  temporary_directory directory;
  auto out = directory.path() + "/out";
  auto refusal_of = [](const sink_ptr<row>& to) {
    stream_environment env;
    env.from_collection(std::vector<row>{{{"a", std::int64_t{1}}}}).sink_to(to);
    return plan_error_of(env);
  };
  BOOST_TEST(refusal_of(json_file_sink<row>(out)) == "JSON: rows need json_options::row_schema");
  BOOST_TEST(contains(refusal_of(csv_file_sink<row>(out, {.write_header = true})),
                      "CSV: write_header needs names"));
  BOOST_TEST(!std::filesystem::exists(out));
}

BOOST_AUTO_TEST_CASE(a_row_that_does_not_fit_its_schema_fails_the_job_by_name) {
  temporary_directory directory;
  stream_environment env;
  json_options json;
  json.row_schema = {{"a"}, {"b"}};
  env.from_collection(std::vector<row>{{{"a", "b"}}, {{"c"}}})
    .sink_to(json_file_sink<row>(directory.path() + "/out", json))
    .name("lines");
  std::string text;
  try {
    env.execute();
  } catch (const job_error& e) {
    text = e.what();
  }
  BOOST_TEST_INFO(text);
  BOOST_TEST(contains(text, "\"lines\""));
  BOOST_TEST(contains(text, "JSON: a row of 1 cells cannot be written by a schema of 2 columns"));
}

BOOST_AUTO_TEST_CASE(records_are_no_side_output_of_a_source_that_does_not_divert_them) {
  stream_environment env;
  auto lines = env.from_source(csv_file_source<pair>("in.csv")).name("lines");
  lines.get_side_output(malformed_records).print();
  BOOST_TEST(
    contains(plan_error_of(env), "source \"lines\" has no side output \"malformed records\""));
}

BOOST_AUTO_TEST_CASE(a_handler_for_diverted_records_is_refused_where_nothing_is_diverted) {
  stream_environment env;
  env.from_source(csv_file_source<pair>("in.csv", {.divert = [](const bad_record&) {}}))
    .add_sink([](const pair&) {});
  BOOST_TEST(contains(plan_error_of(env), "`divert` is called under on_error::divert only"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
