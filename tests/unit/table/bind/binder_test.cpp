// What plans say besides their text: numbers of columns, keys, and places of errors.
#include "unit/table/bind/bind_support.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace bind_tests;
using numbers = std::vector<std::size_t>;

struct session : test_session {
  session() {
    run("CREATE TABLE t (a INT, b BIGINT NOT NULL, c STRING, PRIMARY KEY (b) NOT ENFORCED)"
        "  WITH ('connector' = 'test');"
        "CREATE TABLE u (x STRING, a INT, y BIGINT METADATA) WITH ('connector' = 'test');");
  }
};

sql::object_name name(const std::string& text) {
  auto query = sql::parse_query("TABLE " + text);
  return std::get<sql::explicit_table>(query.body.node).name;
}

/// The first relation of a kind, from the root down the first inputs.
template <class T>
const relation& find(const relation& r) {
  return r.as<T>() ? r : find<T>(r.input());
}

template <class T>
const T& node(const relation& r) {
  return *find<T>(r).template as<T>();
}

numbers inputs(const relation& project) {
  numbers result;
  for (const auto& e : project.as<project_node>()->expressions)
    result.push_back(e->kind() == expression_kind::input ? e->index() : 1000);
  return result;
}

BOOST_FIXTURE_TEST_SUITE(binder_tests, session)

BOOST_AUTO_TEST_CASE(columns_of_joins_are_told_apart) {
  auto plan = bind("SELECT u.a, t.a, x FROM t JOIN u ON u.a = t.a");
  BOOST_TEST(inputs(*plan) == (numbers{4, 0, 3}), boost::test_tools::per_element());
  auto keys = node<join_node>(*plan).keys;
  BOOST_TEST(keys.size() == 1u);
  BOOST_TEST(keys[0].left == 0u);
  BOOST_TEST(keys[0].right == 1u);
  BOOST_TEST(!keys[0].null_safe);
}

BOOST_AUTO_TEST_CASE(conditions_of_joins_are_over_both_sides) {
  auto plan = bind("SELECT * FROM t LEFT JOIN u ON t.a = u.a AND t.b > u.y");
  const auto& join = node<join_node>(*plan);
  BOOST_TEST(inputs_of(*join.condition) == (numbers{1, 5}), boost::test_tools::per_element());
}

// A computed key lies between the columns of both sides; what is over the right side moves on.
BOOST_AUTO_TEST_CASE(computed_keys_move_the_right_side) {
  auto plan = bind("SELECT u.a, t.a FROM t LEFT JOIN u ON t.a + 1 = u.a AND t.b > u.y");
  const auto& join = find<join_node>(*plan);
  const auto& n = *join.as<join_node>();
  BOOST_TEST(n.keys[0].left == 3u);
  BOOST_TEST(n.keys[0].right == 1u);
  BOOST_TEST(inputs_of(*n.condition) == (numbers{1, 6}), boost::test_tools::per_element());
  BOOST_TEST(join.columns.size() == 7u);
  BOOST_TEST(inputs(plan->input()) == (numbers{0, 1, 2, 4, 5, 6}),
             boost::test_tools::per_element());
  BOOST_TEST(inputs(*plan) == (numbers{4, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(keys_of_both_sides_may_be_computed) {
  auto plan = bind("SELECT 1 FROM t FULL JOIN u ON u.a + 1 = t.a + 2");
  const auto& keys = node<join_node>(*plan).keys;
  BOOST_TEST(keys[0].left == 3u);
  BOOST_TEST(keys[0].right == 3u);
}

BOOST_AUTO_TEST_CASE(using_names_the_side_that_is_kept) {
  auto column = [&](const char* kind) {
    return inputs(*bind(fmt::format("SELECT a FROM t {} JOIN u USING (a)", kind)))[0];
  };
  BOOST_TEST(column("INNER") == 0u);
  BOOST_TEST(column("LEFT") == 0u);
  BOOST_TEST(column("RIGHT") == 4u);
  auto plan = bind("SELECT a, t.a, u.a FROM t FULL JOIN u USING (a)");
  const auto& merged = *plan->as<project_node>()->expressions[0];
  BOOST_TEST((merged.kind() == expression_kind::coalesce));
  BOOST_TEST(inputs_of(merged) == (numbers{0, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(correlated_conditions_are_over_both_sides) {
  auto plan = bind(
    "SELECT b FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.y > t.b AND x = c)");
  const auto& join = node<join_node>(*plan);
  BOOST_TEST((join.type == join_type::semi));
  BOOST_TEST(join.keys.size() == 2u);
  BOOST_TEST(join.keys[0].left == 0u);
  BOOST_TEST(join.keys[0].right == 1u);
  BOOST_TEST(join.keys[1].left == 2u);
  BOOST_TEST(join.keys[1].right == 0u);
  BOOST_TEST(inputs_of(*join.condition) == (numbers{1, 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(not_in_compares_its_first_key) {
  auto plan = bind("SELECT b FROM t WHERE a NOT IN (SELECT u.a FROM u WHERE u.x = t.c)");
  const auto& join = node<join_node>(*plan);
  BOOST_TEST((join.type == join_type::anti));
  BOOST_TEST(join.null_aware);
  BOOST_TEST(join.keys.size() == 2u);
  BOOST_TEST(join.keys[0].left == 0u);
  BOOST_TEST(join.keys[0].right == 0u);
  BOOST_TEST(join.keys[1].left == 2u);
  BOOST_TEST(join.keys[1].right == 1u);
}

// Nothing that is compared can be NULL: then it is like NOT EXISTS.
BOOST_AUTO_TEST_CASE(not_in_of_values_that_are_not_null) {
  auto plan = bind("SELECT a FROM t WHERE b NOT IN (SELECT b FROM t AS o WHERE a = 1)");
  BOOST_TEST(!node<join_node>(*plan).null_aware);
}

BOOST_AUTO_TEST_CASE(scalar_subqueries_keep_the_columns_before_them) {
  auto plan = bind("SELECT b, (SELECT MAX(u.y) FROM u WHERE u.x = t.c), a FROM t");
  BOOST_TEST(inputs(*plan) == (numbers{1, 4, 0}), boost::test_tools::per_element());
  const auto& join = node<join_node>(*plan);
  BOOST_TEST((join.type == join_type::left));
  BOOST_TEST(join.keys[0].left == 2u);
  BOOST_TEST(join.keys[0].right == 0u);
}

BOOST_AUTO_TEST_CASE(aggregates_know_what_they_were_asked_with) {
  auto plan = bind("SELECT LISTAGG(c, '+'), COUNT(*) FROM t");
  const auto& calls = node<aggregate_node>(*plan).calls;
  BOOST_TEST(calls.size() == 2u);
  BOOST_TEST(calls[0].argument_types.size() == 2u);
  BOOST_TEST(calls[0].argument_types[1].literal->text() == "+");
  BOOST_TEST(calls[0].arguments == (numbers{0, 1}), boost::test_tools::per_element());
  BOOST_TEST(calls[1].arguments.empty());
}

BOOST_AUTO_TEST_CASE(one_aggregate_serves_all_that_are_alike) {
  auto plan
    = bind("SELECT SUM(a), SUM(a) + 1, SUM(DISTINCT a), SUM(a) FILTER (WHERE b > 1) FROM t");
  BOOST_TEST(node<aggregate_node>(*plan).calls.size() == 3u);
}

BOOST_AUTO_TEST_CASE(scans_and_sinks_know_primary_keys) {
  BOOST_TEST(node<scan_node>(*bind("SELECT * FROM t")).primary_key == numbers{1},
             boost::test_tools::per_element());
  auto plan = bind("INSERT INTO t SELECT a, 1, x FROM u");
  const auto& sink = *plan->as<sink_node>();
  BOOST_TEST(sink.primary_key == numbers{1}, boost::test_tools::per_element());
  BOOST_TEST(sink.connector == "test");
  BOOST_TEST(sink.table == "default_catalog.default_database.t");
}

BOOST_AUTO_TEST_CASE(a_scan_asks_for_physical_columns_and_then_metadata) {
  auto plan = bind("SELECT * FROM u");
  const auto& request = node<scan_node>(*plan).request;
  BOOST_TEST(request.columns == (numbers{0, 1}), boost::test_tools::per_element());
  BOOST_TEST(request.metadata == numbers{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(tables_without_a_name_in_the_catalog) {
  std::map<std::string, relation_ptr> tables{{"mine", bind("SELECT a AS n FROM t")}};
  auto c = context();
  c.inline_tables = &tables;
  auto plan = bind_query(sql::parse_query("SELECT mine.n FROM mine JOIN t ON n = a"), c);
  BOOST_TEST(inputs(*plan) == numbers{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_sink_for_a_relation) {
  auto plan = bind_sink(bind("SELECT a, b, c FROM t"), name("t"), context());
  BOOST_TEST(plan->as<sink_node>() != nullptr);
  BOOST_TEST(plan->columns[1].name == "b");
  try {
    bind_sink(bind("SELECT a FROM t"), name("t"), context());
    BOOST_FAIL("a sink of three columns took one");
  } catch (const binding_error& e) {
    BOOST_TEST(std::string(e.what()).find("Different number of columns") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(expressions_over_a_relation) {
  auto table = bind_table(name("t"), context());
  auto e = bind_expression(sql::parse_expression("a + 1 > b AND c IS NULL"), *table, context());
  BOOST_TEST(inputs_of(*e) == (numbers{0, 1, 2}), boost::test_tools::per_element());
  BOOST_CHECK_THROW(bind_expression(sql::parse_expression("SUM(a)"), *table, context()),
                    binding_error);
}

BOOST_AUTO_TEST_CASE(errors_know_their_place) {
  try {
    bind("SELECT a,\n       z\nFROM t");
    BOOST_FAIL("there is no column z");
  } catch (const binding_error& e) {
    BOOST_TEST(e.position().line == 2);
    BOOST_TEST(e.position().column == 8);
  }
}

// Types of outer joins follow what may be missing, also below functions.
BOOST_AUTO_TEST_CASE(outer_joins_make_columns_nullable) {
  auto plan = bind("SELECT b, b + 1 FROM u LEFT JOIN t ON u.a = t.a");
  BOOST_TEST(plan->columns[0].type.nullable());
  BOOST_TEST(plan->columns[1].type.nullable());
  plan = bind("SELECT b, b + 1 FROM u JOIN t ON u.a = t.a");
  BOOST_TEST(!plan->columns[0].type.nullable());
  BOOST_TEST(!plan->columns[1].type.nullable());
}

// A WHERE of many terms is bound without recursion over them.
BOOST_AUTO_TEST_CASE(long_conditions) {
  std::string text = "SELECT a FROM t WHERE a IN (0";
  for (int i = 1; i < 5000; ++i) text += fmt::format(", {}", i);
  text += ")";
  for (int i = 0; i < 5000; ++i) text += fmt::format(" AND a <> {}", -i);
  auto plan = bind(text);
  BOOST_TEST(node<filter_node>(*plan).condition->children().size() == 5001u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
