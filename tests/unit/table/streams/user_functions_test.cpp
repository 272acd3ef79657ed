/// Functions of users in queries.
#include "sluice/table/session/table_environment.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace sluice::testing {

using namespace table;

namespace {

using lines = std::vector<std::string>;

struct weighted_sum {
  std::int64_t sum = 0;
  std::int64_t weight = 0;
};

/// The mean of values with weights.
struct weighted_average {
  using accumulator = weighted_sum;
  void accumulate(accumulator& a, std::int64_t value, std::int32_t weight) const {
    a.sum += value * weight;
    a.weight += weight;
  }
  void retract(accumulator& a, std::int64_t value, std::int32_t weight) const {
    a.sum -= value * weight;
    a.weight -= weight;
  }
  void merge(accumulator& a, const accumulator& b) const {
    a.sum += b.sum;
    a.weight += b.weight;
  }
  std::optional<double> get_value(const accumulator& a) const {
    if (a.weight == 0) return std::nullopt;
    return static_cast<double>(a.sum) / static_cast<double>(a.weight);
  }
};

/// Texts one after the other, NULL as "?"; cannot take rows back.
struct concatenation {
  using accumulator = std::string;
  void accumulate(accumulator& a, std::optional<std::string_view> text) const {
    a += text.value_or("?");
  }
  void merge(accumulator& a, const accumulator& b) const { a += b; }
  std::string get_value(const accumulator& a) const { return a; }
};

struct session {
  table_environment tables;
  session() {
    tables.config().set("parallelism.default", "1");
    tables.functions().add_aggregate("WEIGHTED_AVG", weighted_average{});
    tables.functions().add_aggregate("CONCATENATION", concatenation{});
    tables.functions().add_function("TWICE", [](std::int64_t x) { return 2 * x; });
    tables.execute_sql("CREATE TABLE t (k STRING, v BIGINT, w INT) WITH ('connector' = 'inline', "
                       "'rows' = 'a, 10, 1\nb, 5, 2\na, 20, 3\nb, null, 7\nnull, 1, 0')");
  }
  lines run(const std::string& query) {
    auto result = tables.execute_sql(query).collect_text();
    std::sort(result.begin(), result.end());
    return result;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(user_functions, session)

BOOST_AUTO_TEST_CASE(aggregate_rows_by_key_in_batch_mode_at_any_parallelism) {
  tables.config().set("execution.runtime-mode", "batch");
  for (const auto* parallelism : {"1", "3"}) {
    tables.config().set("parallelism.default", parallelism);
    BOOST_TEST(run("SELECT k, WEIGHTED_AVG(v, w) FROM t GROUP BY k")
               == (lines{"+I[a, 17.5]", "+I[b, 5.0]", "+I[null, null]"}));
    BOOST_TEST(run("SELECT WEIGHTED_AVG(TWICE(v), w) FROM t WHERE k = 'a'") == (lines{"+I[35.0]"}));
  }
}

BOOST_AUTO_TEST_CASE(take_rows_back_where_results_change) {
  auto changes = run("SELECT WEIGHTED_AVG(s, 1) FROM (SELECT k, SUM(v) AS s FROM t WHERE k = 'a' "
                     "GROUP BY k)");
  BOOST_TEST(changes == (lines{"+I[10.0]", "+I[30.0]", "-D[10.0]"}));
}

BOOST_AUTO_TEST_CASE(see_null_where_a_parameter_takes_it) {
  tables.config().set("execution.runtime-mode", "batch");
  BOOST_TEST(run("SELECT CONCATENATION(k) FROM t") == (lines{"+I[abab?]"}));
}

BOOST_AUTO_TEST_CASE(that_cannot_take_rows_back_are_refused_where_they_have_to) {
  BOOST_CHECK_EXCEPTION(
    run("SELECT CONCATENATION(CAST(s AS STRING)) FROM (SELECT k, SUM(v) AS s FROM t GROUP BY k)"),
    error, [](const error& e) {
      return std::string(e.what()).find("give it a retract(accumulator&") != std::string::npos;
    });
}

BOOST_AUTO_TEST_CASE(refuse_arguments_that_do_not_fit) {
  BOOST_CHECK_EXCEPTION(run("SELECT WEIGHTED_AVG(k, w) FROM t"), error, [](const error& e) {
    return std::string(e.what()).find("(BIGINT, INT)") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(have_names_of_their_own) {
  BOOST_CHECK_THROW(tables.functions().add_aggregate("UPPER", concatenation{}), plan_error);
  BOOST_CHECK_THROW(tables.functions().add_aggregate("SUM", concatenation{}), plan_error);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
