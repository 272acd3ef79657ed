#include "sluice/table/sql/script_splitter.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using sluice::sql::script_splitter;

BOOST_AUTO_TEST_SUITE(sql_script_splitter)

BOOST_AUTO_TEST_CASE(a_statement_is_there_when_its_semicolon_is) {
  script_splitter splitter;
  splitter.append("SELECT a\n");
  BOOST_TEST(!splitter.next());
  BOOST_TEST(splitter.in_statement());
  splitter.append("FROM t; SET 'a' = ';'; SEL");
  auto first = splitter.next();
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->text == "SELECT a\nFROM t");
  BOOST_TEST(first->begin.line == 1u);
  auto second = splitter.next();
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(second->text == " SET 'a' = ';'");
  BOOST_TEST(second->begin.line == 2u);
  BOOST_TEST(second->begin.column == 8u);
  BOOST_TEST(!splitter.next());
  BOOST_TEST(splitter.rest() == " SEL");
}

BOOST_AUTO_TEST_CASE(semicolons_inside_end_nothing) {
  for (auto text :
       {"SELECT 'a;", "SELECT `a;", "SELECT /* ; ", "SELECT a -- ;\n",
        "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;",
        "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE a WHEN 1 THEN 2 END;",
        "BEGIN STATEMENT SET; INSERT INTO a SELECT 1;",
        "EXPLAIN CHANGELOG_MODE, PLAN_ADVICE STATEMENT SET BEGIN INSERT INTO a SELECT 1;"}) {
    script_splitter splitter;
    splitter.append(text);
    BOOST_TEST(!splitter.next(), text);
    BOOST_TEST(splitter.in_statement());
  }
}

BOOST_AUTO_TEST_CASE(a_statement_set_ends_at_its_end) {
  script_splitter splitter;
  splitter.append("BEGIN STATEMENT SET; INSERT INTO a SELECT CASE WHEN b THEN 1 END; END; SET;");
  BOOST_TEST(splitter.next()->text.ends_with("END; END"));
  BOOST_TEST(splitter.next()->text == " SET");
  BOOST_TEST(!splitter.next());
}

BOOST_AUTO_TEST_CASE(blanks_and_comments_are_no_statement) {
  script_splitter splitter;
  splitter.append("  -- nothing\n /* here */ ;;");
  BOOST_TEST(!splitter.next());
  BOOST_TEST(!splitter.in_statement());
  BOOST_TEST(!splitter.finish());
  BOOST_TEST(splitter.rest().empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_token_does_not_hide_the_semicolon) {
  script_splitter splitter;
  splitter.append("SELECT # \"a\"; SELECT 2;");
  BOOST_TEST(splitter.next()->text == "SELECT # \"a\"");
  BOOST_TEST(splitter.next()->text == " SELECT 2");
}

BOOST_AUTO_TEST_CASE(the_last_statement_needs_no_semicolon_at_the_end_of_a_file) {
  script_splitter splitter;
  splitter.append("SELECT 1;\nSELECT 2\n");
  BOOST_TEST(splitter.next().has_value());
  BOOST_TEST(!splitter.next());
  auto last = splitter.finish();
  BOOST_REQUIRE(last.has_value());
  BOOST_TEST(last->text == "\nSELECT 2\n");
  BOOST_TEST(!splitter.finish());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
