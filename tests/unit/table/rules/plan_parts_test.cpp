// What is computed once, and what is not read at all.
#include <boost/test/unit_test.hpp>

#include "sluice/table/connect/source_abilities.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <memory>
#include <optional>
#include <regex>
#include <string>

using namespace sluice;
using namespace sluice::table;

namespace {

/// How many times the plan of a query has an operator of that name.
std::ptrdiff_t operators(table_environment& tables, const std::string& query,
                         const std::string& name) {
  auto text = tables.explain_sql(query);
  auto graph = text.substr(text.find("== Job Graph =="));
  std::regex pattern("\\b" + name + "\\[\\d+\\]");
  return std::distance(std::sregex_iterator(graph.begin(), graph.end(), pattern), {});
}

table_environment with_numbers(const char* mode = "streaming") {
  table_environment tables;
  tables.config().set("execution.runtime-mode", mode);
  tables.execute_sql("CREATE TABLE numbers (k INT, v INT) "
                     "WITH ('connector' = 'datagen', 'number-of-rows' = '10')");
  return tables;
}

const std::string counts_twice = "WITH c AS (SELECT k, COUNT(*) AS many FROM numbers GROUP BY k) "
                                 "SELECT a.k, b.k FROM c AS a JOIN c AS b ON a.many = b.many";

} // namespace

BOOST_AUTO_TEST_SUITE(plan_parts)

BOOST_AUTO_TEST_CASE(parts_that_are_alike_are_one_in_streaming_mode) {
  auto tables = with_numbers();
  BOOST_TEST(operators(tables, counts_twice, "numbers") == 1);
  BOOST_TEST(operators(tables, counts_twice, "GroupAggregate") == 1);
}

BOOST_AUTO_TEST_CASE(a_batch_join_reads_its_sides_one_after_the_other_so_they_are_two) {
  auto tables = with_numbers("batch");
  BOOST_TEST(operators(tables, counts_twice, "numbers") == 2);
}

BOOST_AUTO_TEST_CASE(parts_that_differ_stay_apart) {
  auto tables = with_numbers();
  auto joined = [](const std::string& left, const std::string& right) {
    return "SELECT a.n, b.n FROM (" + left + ") AS a JOIN (" + right + ") AS b ON a.k = b.k";
  };
  const std::string plain = "SELECT k, COUNT(*) AS n FROM numbers GROUP BY k";
  BOOST_TEST(operators(tables, joined(plain, plain), "GroupAggregate") == 1);
  for (const auto* other :
       {"SELECT k, COUNT(v) AS n FROM numbers GROUP BY k",
        "SELECT k, COUNT(*) AS n FROM numbers WHERE v > 1 GROUP BY k",
        "SELECT k, COUNT(*) FILTER (WHERE v > 1) AS n FROM numbers GROUP BY k",
        "SELECT k, COUNT(*) AS n FROM numbers /*+ OPTIONS('number-of-rows' = '5') */"
        " GROUP BY k"})
    BOOST_TEST(operators(tables, joined(plain, other), "GroupAggregate") == 2, other);
}

BOOST_AUTO_TEST_CASE(random_numbers_are_not_shared) {
  auto tables = with_numbers();
  BOOST_TEST(operators(tables,
                       "WITH r AS (SELECT k, RAND() AS x FROM numbers) "
                       "SELECT a.x, b.x FROM r AS a JOIN r AS b ON a.k = b.k",
                       "Calc")
             >= 2);
}

namespace {

using wanted = reads_fields::wanted_fields;

/// A table of rows that says which fields it was asked for.
class nested_source final : public table_source, public reads_fields {
public:
  nested_source(std::shared_ptr<const table_source> rows, std::shared_ptr<wanted> asked)
    : rows_(std::move(rows)), asked_(std::move(asked)) {}

  boundedness bounded() const override { return rows_->bounded(); }
  std::shared_ptr<const source_base> make(const scan_request& request) const override {
    return rows_->make(request);
  }
  std::shared_ptr<const table_source> with_fields(const wanted& fields) const override {
    *asked_ = fields;
    return std::make_shared<nested_source>(*this);
  }

private:
  std::shared_ptr<const table_source> rows_;
  std::shared_ptr<wanted> asked_;
};

class nested_factory final : public table_factory {
public:
  nested_factory(const connector_registry& known, std::shared_ptr<wanted> asked)
    : known_(known), asked_(std::move(asked)) {}
  std::string identifier() const override { return "nested"; }
  std::string doc() const override { return "Of this test."; }
  std::shared_ptr<const table_source> make_source(const table_description& table,
                                                  const table_options&,
                                                  const connector_context& context) const override {
    auto rows = table;
    rows.connector = "datagen";
    rows.options = {{"number-of-rows", "10"}};
    return std::make_shared<nested_source>(known_.source(rows, context), asked_);
  }

private:
  const connector_registry& known_;
  std::shared_ptr<wanted> asked_;
};

/// What the source is asked for by a query over t (id INT, r ROW<a, b, c>, s ROW<d, e>).
wanted asked_by(const std::string& query) {
  auto asked = std::make_shared<wanted>();
  table_environment tables;
  tables.connectors().add(std::make_shared<nested_factory>(tables.connectors(), asked));
  tables.execute_sql("CREATE TABLE t (id INT, r ROW<a INT, b INT, c INT>, s ROW<d INT, e INT>, "
                     "twice AS r.a * 2) WITH ('connector' = 'nested')");
  tables.explain_sql(query);
  return *asked;
}

} // namespace

BOOST_AUTO_TEST_CASE(sources_are_told_which_fields_are_read) {
  BOOST_TEST((asked_by("SELECT r.b FROM t") == wanted{{1, {1}}}));
  BOOST_TEST((asked_by("SELECT r.b, twice FROM t WHERE s.e > 1") == wanted{{1, {0, 1}}, {2, {1}}}));
  BOOST_TEST((asked_by("SELECT COUNT(*) FROM t GROUP BY r.c") == wanted{{1, {2}}}));
  BOOST_TEST((asked_by("SELECT x.r.a FROM (SELECT r, id FROM t) AS x") == wanted{{1, {0}}}));
}

BOOST_AUTO_TEST_CASE(rows_that_are_read_as_a_whole_are_whole) {
  BOOST_TEST((asked_by("SELECT r FROM t") == wanted{}));
  BOOST_TEST((asked_by("SELECT r.a, r, s.d FROM t") == wanted{{2, {0}}}));
  BOOST_TEST((asked_by("SELECT s.d, s.e FROM t") == wanted{}));
  BOOST_TEST((asked_by("SELECT DISTINCT r FROM t") == wanted{}));
}

BOOST_AUTO_TEST_SUITE_END()
