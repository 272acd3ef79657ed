/// What two processes compare before one makes tasks for the other.
#include "sluice/plan/fingerprint.hpp"

#include "sluice/table/session/planned_job.hpp"
#include "sluice/table/session/table_environment.hpp"
#include "sluice/table/sql/parser.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(fingerprints)

namespace {

/// The fingerprint of a job of SQL, planned in a session of its own.
std::string of_sql(const std::string& query, const std::string& parallelism = "2",
                   std::int64_t start = 1'000'000) {
  table::table_environment tables;
  tables.config().set("parallelism.default", parallelism);
  tables.execute_sql("CREATE TABLE numbers (id BIGINT, s STRING) WITH ('connector' = 'datagen')");
  tables.execute_sql("CREATE TABLE gone (id BIGINT, n BIGINT) WITH ('connector' = 'blackhole')");
  auto job
    = table::plan_statement(tables, sql::parse_statement("INSERT INTO gone " + query), start);
  BOOST_TEST_REQUIRE(job.has_value());
  return fingerprint(*job);
}

} // namespace

BOOST_AUTO_TEST_CASE(the_same_statement_is_planned_alike_in_each_process) {
  auto query = "SELECT id, COUNT(*) FROM numbers WHERE s LIKE 'a%' GROUP BY id";
  BOOST_TEST(!fingerprint_difference(of_sql(query), of_sql(query)).has_value());
}

BOOST_AUTO_TEST_CASE(what_differs_is_told) {
  auto mine = of_sql("SELECT id, COUNT(*) FROM numbers GROUP BY id");
  auto wider
    = fingerprint_difference(mine, of_sql("SELECT id, COUNT(*) FROM numbers GROUP BY id", "3"));
  BOOST_TEST_REQUIRE(wider.has_value());
  BOOST_TEST(wider->find("parallelism 2") != std::string::npos, *wider);
  BOOST_TEST(wider->find("found") != std::string::npos, *wider);
  BOOST_TEST(fingerprint_difference(mine, of_sql("SELECT id, id FROM numbers")).has_value());
}

BOOST_AUTO_TEST_CASE(differences_name_the_first_line_and_what_is_missing) {
  BOOST_TEST(!fingerprint_difference("a\nb\n", "a\nb\n").has_value());
  BOOST_TEST(*fingerprint_difference("a\nb\n", "a\nc\n") == "expected b, found c");
  BOOST_TEST(*fingerprint_difference("a\nb\n", "a\n") == "expected b, found nothing more");
  BOOST_TEST(*fingerprint_difference("a\n", "a\nb\n") == "expected nothing more, found b");
}

BOOST_AUTO_TEST_CASE(a_statement_that_makes_no_job_and_one_that_cannot_run_elsewhere) {
  table::table_environment tables;
  auto plan = [&](const char* text) {
    return table::plan_statement(tables, sql::parse_statement(text), 0);
  };
  BOOST_TEST(!plan("CREATE TABLE t (a INT) WITH ('connector' = 'blackhole')").has_value());
  auto made = plan("CREATE TABLE c WITH ('connector' = 'blackhole') AS SELECT 1 AS a");
  BOOST_TEST(made.has_value());
  BOOST_TEST(tables.catalogs().tables("default_catalog", "default_database").size() == 2u);
  BOOST_CHECK_EXCEPTION(plan("SELECT 1"), plan_error, [](const plan_error& e) {
    return std::string(e.what()).find("results of a SELECT from a cluster") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
