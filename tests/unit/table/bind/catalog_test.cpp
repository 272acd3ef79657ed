#include "unit/table/bind/bind_support.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace bind_tests;
using names = std::vector<std::string>;

sql::object_name name(const std::string& text) {
  auto query = sql::parse_query("TABLE " + text);
  return std::get<sql::explicit_table>(query.body.node).name;
}

catalog_table table_of(const std::string& column) {
  catalog_table table;
  table.columns.push_back({column, data_type::integer()});
  return table;
}

std::string column_of(const catalog_object& object) {
  return std::get<catalog_table>(object).columns.at(0).name;
}

template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const sluice::plan_error& e) {
    return e.what();
  }
  return "no error";
}

BOOST_AUTO_TEST_SUITE(catalog_tests)

BOOST_AUTO_TEST_CASE(starts_with_flinks_default_names) {
  catalog_manager c;
  BOOST_TEST(c.current_catalog() == "default_catalog");
  BOOST_TEST(c.current_database() == "default_database");
  BOOST_TEST(c.catalogs() == names{"default_catalog"}, boost::test_tools::per_element());
  BOOST_TEST(c.databases("default_catalog") == names{"default_database"},
             boost::test_tools::per_element());
  BOOST_TEST(c.tables("default_catalog", "default_database").empty());
}

BOOST_AUTO_TEST_CASE(names_have_one_to_three_parts) {
  catalog_manager c;
  BOOST_TEST(c.resolve(name("t")).to_string() == "`default_catalog`.`default_database`.`t`");
  BOOST_TEST(c.resolve(name("d.t")).to_string() == "`default_catalog`.`d`.`t`");
  BOOST_TEST(c.resolve(name("c.d.t")).to_string() == "`c`.`d`.`t`");
  BOOST_TEST(error_of([&] { c.resolve(name("a.b.c.d")); })
             == "1:7: a name has at most three parts (catalog.database.table), but this has 4");
}

BOOST_AUTO_TEST_CASE(a_table_is_created_found_and_dropped) {
  catalog_manager c;
  BOOST_TEST(c.create(name("t"), table_of("a"), false, false));
  BOOST_TEST(column_of(c.get(name("t"))) == "a");
  BOOST_TEST(column_of(c.get(name("default_catalog.default_database.t"))) == "a");
  BOOST_TEST(c.find({"default_catalog", "default_database", "T"}) == nullptr);
  BOOST_TEST(!c.create(name("t"), table_of("b"), false, true));
  BOOST_TEST(column_of(c.get(name("t"))) == "a");
  BOOST_TEST(error_of([&] { c.create(name("t"), table_of("b"), false, false); })
             == "1:7: the table `default_catalog`.`default_database`.`t` exists already");
  BOOST_TEST(c.drop(name("t"), sql::object_kind::table, false, false));
  BOOST_TEST(!c.drop(name("t"), sql::object_kind::table, false, true));
  BOOST_TEST(error_of([&] { c.drop(name("t"), sql::object_kind::table, false, false); })
             == "1:7: there is no table `default_catalog`.`default_database`.`t`");
}

BOOST_AUTO_TEST_CASE(a_temporary_table_hides_a_permanent_one) {
  catalog_manager c;
  c.create(name("t"), table_of("permanent"), false, false);
  c.create(name("t"), table_of("temporary"), true, false);
  BOOST_TEST(column_of(c.get(name("t"))) == "temporary");
  BOOST_TEST(c.tables("default_catalog", "default_database") == names{"t"},
             boost::test_tools::per_element());
  BOOST_TEST(error_of([&] { c.drop(name("t"), sql::object_kind::table, false, false); })
             == "1:7: a temporary object hides `default_catalog`.`default_database`.`t`: drop that "
                "first (DROP TEMPORARY)");
  BOOST_TEST(c.drop(name("t"), sql::object_kind::table, true, false));
  BOOST_TEST(column_of(c.get(name("t"))) == "permanent");
  c.create(name("only"), table_of("a"), true, false);
  BOOST_TEST(error_of([&] { c.drop(name("only"), sql::object_kind::table, false, true); })
             == "1:7: `default_catalog`.`default_database`.`only` is temporary: use DROP TEMPORARY "
                "TABLE");
}

BOOST_AUTO_TEST_CASE(unknown_names_come_with_a_hint) {
  catalog_manager c;
  c.create(name("orders"), table_of("a"), false, false);
  BOOST_TEST(
    error_of([&] { c.get(name("ordres")); })
    == "1:7: there is no table `default_catalog`.`default_database`.`ordres`; did you mean "
       "'orders'?");
  BOOST_TEST(
    error_of([&] { c.get(name("ORDERS")); })
    == "1:7: there is no table `default_catalog`.`default_database`.`ORDERS`; did you mean "
       "'orders'?");
  BOOST_TEST(error_of([&] { c.get(name("default_databse.orders")); })
             == "1:7: there is no database `default_catalog`.`default_databse`; did you mean "
                "'default_database'?");
  BOOST_TEST(error_of([&] { c.get(name("defualt_catalog.x.orders")); })
             == "1:7: there is no catalog `defualt_catalog`; did you mean 'default_catalog'?");
  BOOST_TEST(error_of([&] { c.use_catalog("default_catalgo"); })
             == "there is no catalog `default_catalgo`; did you mean 'default_catalog'?");
}

BOOST_AUTO_TEST_CASE(views_and_tables_are_told_apart) {
  test_session s;
  s.run("CREATE TABLE t (a INT) WITH ('connector' = 'test'); CREATE VIEW v AS SELECT a FROM t");
  BOOST_TEST(s.catalogs.tables("default_catalog", "default_database") == (names{"t", "v"}),
             boost::test_tools::per_element());
  BOOST_TEST(s.catalogs.views("default_catalog", "default_database") == names{"v"},
             boost::test_tools::per_element());
  BOOST_TEST(s.error_of("DROP TABLE v")
             == "1:12: `default_catalog`.`default_database`.`v` is a view: use DROP VIEW");
  BOOST_TEST(s.error_of("DROP VIEW t")
             == "1:11: `default_catalog`.`default_database`.`t` is a table: use DROP TABLE");
  BOOST_TEST(s.error_of("CREATE TABLE v (a INT)")
             == "1:14: the table `default_catalog`.`default_database`.`v` exists already");
  s.run("DROP VIEW v");
  BOOST_TEST(s.catalogs.views("default_catalog", "default_database").empty());
}

BOOST_AUTO_TEST_CASE(databases) {
  catalog_manager c;
  BOOST_TEST(c.create_database(name("d"), {}, "", false));
  BOOST_TEST(!c.create_database(name("d"), {}, "", true));
  BOOST_TEST(error_of([&] { c.create_database(name("d"), {}, "", false); })
             == "1:7: the database `default_catalog`.`d` exists already");
  c.use_database(name("d"));
  c.create(name("t"), table_of("a"), false, false);
  BOOST_TEST(c.resolve(name("t")).to_string() == "`default_catalog`.`d`.`t`");
  BOOST_TEST(
    error_of([&] { c.drop_database(name("d"), false, false); })
    == "1:7: the database `default_catalog`.`d` is not empty: drop its tables first, or use "
       "CASCADE");
  BOOST_TEST(error_of([&] { c.drop_database(name("d"), false, true); })
             == "1:7: the database `default_catalog`.`d` is in use: USE another first");
  c.use_database(name("default_catalog.default_database"));
  BOOST_TEST(c.drop_database(name("d"), false, true));
  BOOST_TEST(!c.drop_database(name("d"), true, false));
  BOOST_TEST(error_of([&] { c.use_database(name("d")); })
             == "1:7: there is no database `default_catalog`.`d`");
}

BOOST_AUTO_TEST_CASE(catalogs) {
  catalog_manager c;
  BOOST_TEST(c.create_catalog("mine", {{"type", "generic_in_memory"}}, false));
  BOOST_TEST(!c.create_catalog("mine", {}, true));
  BOOST_TEST(error_of([&] {
               c.create_catalog("other", {{"type", "hive"}}, false);
             })
             == "there is no catalog of type 'hive'; there is 'generic_in_memory'");
  c.use_catalog("mine");
  BOOST_TEST(c.current_database() == "default");
  c.create(name("t"), table_of("a"), false, false);
  BOOST_TEST(c.find({"mine", "default", "t"}) != nullptr);
  BOOST_TEST(error_of([&] { c.drop_catalog("mine", false); })
             == "the catalog `mine` is in use: USE CATALOG another first");
  c.use_catalog("default_catalog");
  BOOST_TEST(c.current_database() == "default_database");
  BOOST_TEST(c.drop_catalog("mine", false));
  BOOST_TEST(!c.drop_catalog("mine", true));
}

BOOST_AUTO_TEST_CASE(rename_and_replace) {
  catalog_manager c;
  object_path path{"default_catalog", "default_database", "t"};
  c.create(name("t"), table_of("a"), false, false);
  c.create(name("u"), table_of("b"), false, false);
  BOOST_TEST(error_of([&] { c.rename(path, "u"); })
             == "the table `default_catalog`.`default_database`.`u` exists already");
  c.rename(path, "v");
  BOOST_TEST(c.find(path) == nullptr);
  path.object = "v";
  BOOST_TEST(column_of(*c.find(path)) == "a");
  c.replace(path, table_of("c"));
  BOOST_TEST(column_of(*c.find(path)) == "c");
  path.object = "w";
  BOOST_TEST(error_of([&] { c.replace(path, table_of("c")); })
             == "there is no table `default_catalog`.`default_database`.`w`");
}

// A view keeps its meaning when another database is in use.
BOOST_AUTO_TEST_CASE(a_view_names_tables_in_full) {
  test_session s;
  s.run("CREATE TABLE t (a INT) WITH ('connector' = 'test');"
        "CREATE VIEW v AS WITH w AS (SELECT a FROM t) SELECT a FROM w WHERE a IN (SELECT a FROM t);"
        "CREATE DATABASE d; USE d;"
        "CREATE TABLE t (b STRING) WITH ('connector' = 'test')");
  BOOST_TEST(s.columns_of("SELECT * FROM default_database.v") == "a: INT\n");
  BOOST_TEST(s.columns_of("SELECT * FROM t") == "b: STRING\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
