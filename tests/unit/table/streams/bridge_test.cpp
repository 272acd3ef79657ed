/// Streams as tables and tables as streams.
#include "sluice/sluice.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace sluice::testing {

using namespace std::chrono;
using namespace std::chrono_literals;
using namespace table;

namespace {

struct sale {
  std::string product;
  std::int32_t pieces = 0;
  std::int64_t at = 0; ///< milliseconds
  friend bool operator==(const sale&, const sale&) = default;
};
BOOST_DESCRIBE_STRUCT(sale, (), (product, pieces, at))

struct total {
  std::string product;
  std::int64_t pieces = 0;
  friend bool operator==(const total&, const total&) = default;
  friend auto operator<=>(const total&, const total&) = default;
};
BOOST_DESCRIBE_STRUCT(total, (), (product, pieces))

struct window_total {
  std::optional<std::string> product;
  std::int64_t pieces = 0;
  local_time<milliseconds> window_start;
  friend bool operator==(const window_total&, const window_total&) = default;
};
BOOST_DESCRIBE_STRUCT(window_total, (), (product, pieces, window_start))

const std::vector<sale> sales
  = {{"a", 2, 1000}, {"b", 3, 2000}, {"a", 5, 61'000}, {"c", 1, 125'000}};

template <class T>
std::vector<std::string> texts(const std::vector<T>& records) {
  std::vector<std::string> result;
  for (auto& r : records) result.push_back(to_text(r));
  return result;
}

template <class T>
std::vector<std::string> sorted_texts(const std::vector<T>& records) {
  auto result = texts(records);
  std::sort(result.begin(), result.end());
  return result;
}

using lines = std::vector<std::string>;

struct both_worlds {
  stream_environment env;
  table_environment tables{env};
  data_stream<sale> stream() { return env.from_collection(sales); }
  both_worlds() { env.set_parallelism(1); }
};

/// Whether `f` fails with a message that has `part`.
template <class E, class F>
void check_fails(F f, const std::string& part) {
  BOOST_CHECK_EXCEPTION(f(), E, [&](const E& e) {
    BOOST_TEST_MESSAGE(e.what());
    return std::string(e.what()).find(part) != std::string::npos;
  });
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(streams_and_tables, both_worlds)

BOOST_AUTO_TEST_CASE(a_stream_of_structs_is_a_table_by_the_names_of_their_fields) {
  tables.create_temporary_view("sales", stream());
  auto rows = tables.execute_sql("SELECT product, pieces * 2 FROM sales WHERE pieces > 1");
  BOOST_TEST(rows.collect_text() == (lines{"+I[a, 4]", "+I[b, 6]", "+I[a, 10]"}));
}

BOOST_AUTO_TEST_CASE(a_table_is_a_stream_of_structs_and_goes_on_as_one) {
  auto big = tables.from_data_stream(stream()).where("pieces > 1").select("pieces, product, at");
  auto names = tables.to_data_stream<sale>(big).map([](const sale& s) { return s.product; });
  BOOST_TEST(names.execute_and_collect() == (lines{"a", "b", "a"}));
}

BOOST_AUTO_TEST_CASE(integers_widen_on_the_way_back) {
  auto t = tables.from_data_stream(stream()).select("product, pieces");
  BOOST_TEST(texts(tables.to_data_stream<total>(t).execute_and_collect())
             == (lines{"(a, 2)", "(b, 3)", "(a, 5)", "(c, 1)"}));
}

BOOST_AUTO_TEST_CASE(a_running_result_is_a_stream_of_changes) {
  auto t = tables.from_data_stream(stream()).group_by("product").select(
    "product, CAST(SUM(pieces) AS BIGINT) AS pieces");
  auto changes = tables.to_changelog_stream<total>(t);
  BOOST_TEST(texts(changes.execute_and_collect())
             == (lines{"+I[(a, 2)]", "+I[(b, 3)]", "-U[(a, 2)]", "+U[(a, 7)]", "+I[(c, 1)]"}));
}

BOOST_AUTO_TEST_CASE(upserts_leave_out_what_was_before) {
  auto t = tables.from_data_stream(stream()).group_by("product").select(
    "product, CAST(SUM(pieces) AS BIGINT) AS pieces");
  auto changes = tables.to_changelog_stream<total>(t, changelog_mode::upserts());
  BOOST_TEST(texts(changes.execute_and_collect())
             == (lines{"+I[(a, 2)]", "+I[(b, 3)]", "+U[(a, 7)]", "+I[(c, 1)]"}));
}

BOOST_AUTO_TEST_CASE(a_running_result_is_no_stream_of_inserts) {
  auto t
    = tables.from_data_stream(stream()).group_by("product").select("product, COUNT(*) AS pieces");
  check_fails<plan_error>([&] { tables.to_data_stream<total>(t); }, "use to_changelog_stream");
}

BOOST_AUTO_TEST_CASE(in_batch_mode_a_result_is_a_stream_of_inserts) {
  stream_environment batch;
  batch.set_parallelism(1).set_execution_mode(execution_mode::batch);
  table_environment session(batch);
  auto t = session.from_data_stream(batch.from_collection(sales))
             .group_by("product")
             .select("product, CAST(SUM(pieces) AS BIGINT) AS pieces");
  BOOST_TEST(sorted_texts(session.to_data_stream<total>(t).execute_and_collect())
             == (lines{"(a, 7)", "(b, 3)", "(c, 1)"}));
}

BOOST_AUTO_TEST_CASE(watermarks_of_the_schema_drive_windows) {
  auto t = tables.from_data_stream(stream(),
                                   stream_schema()
                                     .column_by_expression("ts", "CAST(TO_TIMESTAMP_LTZ(at, 3) AS "
                                                                 "TIMESTAMP(3))")
                                     .watermark("ts", "ts - INTERVAL '5' SECOND"));
  tables.config().set("table.local-time-zone", "UTC");
  auto w = t.tumble("ts", "1 min")
             .group_by("window_start, window_end, product")
             .select("product, CAST(SUM(pieces) AS BIGINT) AS pieces, window_start");
  auto records = tables.to_data_stream<window_total>(w).execute_and_collect();
  BOOST_TEST_REQUIRE(records.size() == 4u);
  BOOST_TEST((records[3] == window_total{"c", 1, local_time<milliseconds>(120s)}));
}

BOOST_AUTO_TEST_CASE(timestamps_and_watermarks_of_the_stream_are_taken_over) {
  auto timed = stream().assign_timestamps_and_watermarks(
    watermark_strategy<sale>::for_monotonous_timestamps().with_timestamp_assigner(
      [](const sale& s) { return s.at * 1000; }));
  auto t = tables.from_data_stream(
    timed, stream_schema().column_by_timestamp("ts").watermark("ts", "SOURCE_WATERMARK()"));
  BOOST_TEST(t.columns().back().type.to_string() == "TIMESTAMP_LTZ(3)");
  BOOST_TEST((t.columns().back().time == time_attribute::event_time));
  auto w = t.tumble("ts", "1 min")
             .group_by("window_start, window_end")
             .select("CAST(SUM(pieces) AS BIGINT)");
  BOOST_TEST(tables.to_data_stream<std::int64_t>(w).execute_and_collect()
             == (std::vector<std::int64_t>{5, 5, 1}));
}

BOOST_AUTO_TEST_CASE(the_event_time_of_a_table_is_the_timestamp_of_its_records) {
  auto t = tables.from_data_stream(
    stream(),
    stream_schema().column_by_expression("ts", "TO_TIMESTAMP_LTZ(at, 3)").watermark("ts", "ts"));
  auto only = tables.to_data_stream<sys_time<milliseconds>>(t.select("ts"));
  auto times = only.process<std::int64_t>(
    [](const sys_time<milliseconds>&, process_context& c, collector<std::int64_t>& out) {
      out.collect(c.event_time().value_or(-1));
    });
  BOOST_TEST(times.execute_and_collect()
             == (std::vector<std::int64_t>{1'000'000, 2'000'000, 61'000'000, 125'000'000}));
}

BOOST_AUTO_TEST_CASE(a_stream_of_changes_is_the_table_that_they_make) {
  using change = table::change<total>;
  auto changes = env.from_collection(std::vector<change>{{row_kind::insert, {"a", 1}},
                                                         {row_kind::insert, {"b", 2}},
                                                         {row_kind::update_before, {"a", 1}},
                                                         {row_kind::update_after, {"a", 10}},
                                                         {row_kind::delete_, {"b", 2}}});
  auto t = tables.from_changelog_stream(changes);
  tables.create_temporary_view("t", t);
  BOOST_TEST(tables.execute_sql("SELECT SUM(pieces) FROM t").collect_text().back() == "+U[10]");
}

BOOST_AUTO_TEST_CASE(a_stream_of_upserts_needs_a_key) {
  using change = table::change<total>;
  auto changes = env.from_collection(std::vector<change>{{row_kind::insert, {"a", 1}},
                                                         {row_kind::update_after, {"a", 10}},
                                                         {row_kind::insert, {"b", 2}},
                                                         {row_kind::delete_, {"b", 0}}});
  auto keyed = tables.from_changelog_stream(changes, stream_schema().primary_key({"product"}),
                                            changelog_mode::upserts());
  tables.create_temporary_view("keyed", keyed);
  BOOST_TEST(tables.execute_sql("SELECT product, pieces FROM keyed").collect_text()
             == (lines{"+I[a, 1]", "-U[a, 1]", "+U[a, 10]", "+I[b, 2]", "-D[b, 2]"}));
  auto keyless = tables.from_changelog_stream(changes, stream_schema(), changelog_mode::upserts());
  check_fails<error>([&] { keyless.execute().collect_text(); }, "PRIMARY KEY");
}

BOOST_AUTO_TEST_CASE(generic_rows_take_their_types_from_the_schema) {
  auto rows = env.from_collection(std::vector<row>{{{std::string("1.50"), std::int64_t{7}}},
                                                   {{std::monostate{}, std::int64_t{8}}}});
  auto t = tables.from_data_stream(
    rows, stream_schema().column("price", "DECIMAL(10, 2)").column("n", "INT"));
  BOOST_TEST(t.columns()[0].type.to_string() == "DECIMAL(10, 2)");
  auto doubled = tables.to_data_stream(t.select("price * 2, n + 1"));
  BOOST_TEST(texts(doubled.execute_and_collect()) == (lines{"(3.00, 8)", "(null, 9)"}));
  check_fails<plan_error>([&] { tables.from_data_stream(rows); }, "do not know their columns");
}

BOOST_AUTO_TEST_CASE(a_cell_of_another_type_fails_the_job_with_its_place) {
  auto rows = env.from_collection(std::vector<row>{{{std::string("x")}}});
  auto t = tables.from_data_stream(rows, stream_schema().column("n", "INT"));
  check_fails<job_error>([&] { tables.to_data_stream(t).execute_and_collect(); },
                         "cell 0 of a row is STRING, and its column is BIGINT");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_by_name) {
  auto t = tables.from_data_stream(stream());
  check_fails<plan_error>([&] { tables.to_data_stream<total>(t); },
                          "there is no field for column 'at'");
  check_fails<plan_error>(
    [&] { tables.to_data_stream<total>(t.select("product, pieces AS piece")); },
    "there is no column for field 'pieces'");
  check_fails<plan_error>(
    [&] { tables.to_data_stream<total>(t.select("product, product AS pieces")); },
    "column 'pieces' is STRING NOT NULL, and its field BIGINT NOT NULL");
  check_fails<plan_error>([&] { tables.to_data_stream<std::int64_t>(t); },
                          "there are not as many columns as values");
  check_fails<plan_error>(
    [&] { tables.from_data_stream(stream(), stream_schema().watermark("ts", "ts")); },
    "there is no column 'ts'");
  check_fails<plan_error>(
    [&] { tables.from_data_stream(stream(), stream_schema().primary_key({"produkt"})); },
    "did you mean 'product'");
}

BOOST_AUTO_TEST_CASE(null_in_a_field_that_takes_none_fails_the_job) {
  auto t = tables.from_data_stream(stream()).select("product, CAST(NULL AS BIGINT) AS pieces");
  check_fails<job_error>([&] { tables.to_data_stream<total>(t).execute_and_collect(); },
                         "make the field a std::optional");
}

BOOST_AUTO_TEST_CASE(inserts_can_run_with_the_program_of_the_streams) {
  tables.create_temporary_view("sales", stream());
  tables.execute_sql("CREATE TABLE nothing (product STRING, pieces INT) WITH ('connector' = "
                     "'blackhole')");
  auto inserts = tables.create_statement_set();
  inserts.add_insert_sql("INSERT INTO nothing SELECT product, pieces FROM sales");
  inserts.attach_as_data_stream();
  auto seen = std::make_shared<std::atomic<int>>(0);
  stream().add_sink([seen](const sale&) { ++*seen; });
  BOOST_TEST(env.explain().find("Sink: nothing") != std::string::npos);
  env.execute();
  BOOST_TEST(*seen == 4);
}

BOOST_AUTO_TEST_CASE(a_program_in_another_mode_is_refused) {
  tables.config().set("execution.runtime-mode", "batch");
  auto t = tables.from_data_stream(stream());
  check_fails<plan_error>([&] { tables.to_data_stream<sale>(t); }, "set both alike");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
