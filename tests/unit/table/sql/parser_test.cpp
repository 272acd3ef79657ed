#include "sluice/table/sql/parser.hpp"

#include "sluice/table/sql/unparse.hpp"
#include "support/sanitized.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>

namespace {

using namespace sluice::sql;

const sluice::sql::select& select_of(const statement& node) {
  return std::get<sluice::sql::select>(node.as<query>()->body.node);
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

template <class Parse>
std::string error_of(Parse parse) {
  try {
    parse();
  } catch (const sql_error& error) {
    return error.what();
  }
  return "no error";
}

BOOST_AUTO_TEST_SUITE(sql_parser)

BOOST_AUTO_TEST_CASE(every_node_knows_its_place) {
  auto node = parse_statement("\n SELECT a + 1 AS b\n FROM `t x` WHERE 이름 > 2");
  BOOST_TEST(node.where.begin.line == 2u);
  BOOST_TEST(node.where.begin.column == 2u);
  const auto& item = select_of(node).items[0];
  BOOST_TEST(item.where.begin.column == 9u);
  BOOST_TEST(item.where.end.column == 19u);
  const auto& sum = std::get<expr>(item.value);
  BOOST_TEST(sum.where.end.column == 14u);
  BOOST_TEST(sum.as<binary>()->right->where.begin.column == 13u);
  const auto& table = *select_of(node).from;
  BOOST_TEST(table.where.begin.line == 3u);
  BOOST_TEST(table.where.begin.column == 7u);
  BOOST_TEST(table.where.end.column == 12u);
  // Columns count characters, offsets count bytes.
  const auto& condition = *select_of(node).where;
  BOOST_TEST(condition.where.begin.column == 19u);
  BOOST_TEST(condition.where.end.column == 25u);
  BOOST_TEST(condition.where.end.offset - condition.where.begin.offset == 10u);
}

BOOST_AUTO_TEST_CASE(a_rule_that_begins_with_nothing_begins_at_its_first_word) {
  auto node = parse_statement("SELECT a FROM t   JOIN u ON TRUE");
  const auto& from = *select_of(node).from;
  BOOST_TEST(from.where.begin.column == 15u);
  BOOST_TEST(from.where.end.column == 33u);
}

BOOST_AUTO_TEST_CASE(places_do_not_matter_for_equality) {
  BOOST_TEST((parse_statement("SELECT a FROM t") == parse_statement("  select   a\nfrom t ;")));
  BOOST_TEST((parse_statement("SELECT a FROM t") != parse_statement("SELECT b FROM t")));
}

BOOST_AUTO_TEST_CASE(a_script_is_cut_at_its_semicolons) {
  auto list
    = parse_script("SELECT ';' /* ; */ ;; -- ;\n"
                   "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN b THEN 1 END "
                   "FROM t; INSERT INTO b SELECT 1; END;\n"
                   "SET 'a' = 'b'");
  BOOST_TEST(list.size() == 3u);
  BOOST_TEST(list[1].as<statement_set>()->inserts.size() == 2u);
  BOOST_TEST(list[2].where.begin.line == 3u);
  BOOST_TEST(parse_script(" ;; -- nothing\n").empty());
}

BOOST_AUTO_TEST_CASE(an_error_in_a_script_names_its_line) {
  BOOST_TEST(error_of([] { parse_script("SELECT 1;\nSELECT 2;\nSELECT a FORM t;"); })
             == "3:10: unexpected FORM (did you mean FROM?)");
}

BOOST_AUTO_TEST_CASE(one_statement_is_one) {
  BOOST_TEST(error_of([] { parse_statement("SELECT 1; SELECT 2"); })
             == "1:11: expected one statement, and here is another");
  BOOST_TEST(error_of([] { parse_statement(" -- nothing\n"); })
             == "1:1: there is no statement in this text");
  BOOST_TEST(to_sql(parse_statement("SELECT 1;")) == "SELECT 1");
}

BOOST_AUTO_TEST_CASE(parts_of_statements_can_be_parsed) {
  BOOST_TEST(to_sql(parse_query("select 1")) == "SELECT 1");
  BOOST_TEST(to_sql(parse_expression("a+1")) == "`a` + 1");
  BOOST_TEST(to_sql(parse_type("array<int not null>")) == "ARRAY<INT NOT NULL>");
  BOOST_TEST(error_of([] { parse_query("SET"); }).starts_with("1:1: unexpected SET, expected"));
  BOOST_TEST(error_of([] { parse_type("DECIMAL(10,)"); })
             == "1:11: unexpected ',' (there is a comma too many)");
  BOOST_TEST(error_of([] { parse_type("DECIMAL(99999999999)"); })
             == "1:9: this number is too large here");
}

BOOST_AUTO_TEST_CASE(what_nests_too_deep_is_refused) {
  auto refused = [](const std::string& text) {
    return error_of([&] { parse_statement(text); }).find("nested more than 400 levels deep")
           != std::string::npos;
  };
  constexpr std::size_t many = 100'000;
  BOOST_TEST(refused("SELECT " + repeat("(", many)));
  BOOST_TEST(refused("SELECT " + repeat("(", many) + "1" + repeat(")", many)));
  BOOST_TEST(refused("SELECT " + repeat("NOT ", many) + "a"));
  BOOST_TEST(refused("SELECT " + repeat("- ", many) + "a"));
  BOOST_TEST(refused("SELECT a" + repeat(" + a", many)));
  BOOST_TEST(refused("SELECT a" + repeat(" IS NULL", many)));
  BOOST_TEST(refused("SELECT f(a)" + repeat(".b", many)));
  BOOST_TEST(refused("SELECT a" + repeat("[1]", many)));
  BOOST_TEST(refused("SELECT " + repeat("CASE WHEN ", many)));
  BOOST_TEST(refused("SELECT * FROM a" + repeat(" CROSS JOIN a", many)));
  BOOST_TEST(refused(repeat("SELECT * FROM (", many)));
  BOOST_TEST(refused("SELECT 1" + repeat(" UNION SELECT 1 EXCEPT SELECT 1", many)));
  BOOST_TEST(
    refused("CREATE TABLE t (a " + repeat("ARRAY<", many) + "INT" + repeat(">", many) + ")"));
  BOOST_TEST(refused("CREATE TABLE t (a INT" + repeat(" ARRAY", many) + ")"));
  BOOST_TEST(refused("SELECT a FROM t GROUP BY " + repeat("ROLLUP (", many)));
}

BOOST_AUTO_TEST_CASE(long_chains_of_one_operator_are_flat) {
  auto chain = parse_statement("SELECT a" + repeat(" OR a", 20'000));
  const auto& value = std::get<expr>(select_of(chain).items[0].value);
  BOOST_TEST(value.as<logical>()->operands.size() == 20'001u);
  BOOST_TEST(value.height == 2u);
  auto queries = parse_query("SELECT 1" + repeat(" UNION ALL SELECT 1", 5'000));
  BOOST_TEST(std::get<set_operation>(queries.body.node).operands.size() == 5'001u);
  auto list = parse_query("VALUES (1, 'a')" + repeat(", (1, 'a')", 20'000));
  BOOST_TEST(std::get<values>(list.body.node).rows.size() == 20'001u);
}

BOOST_AUTO_TEST_CASE(reasonable_depth_is_accepted) {
  BOOST_CHECK_NO_THROW(parse_statement("SELECT a" + repeat(" + a", 300)));
  BOOST_CHECK_NO_THROW(parse_statement("SELECT " + repeat("(", 300) + "1" + repeat(")", 300)));
}

BOOST_AUTO_TEST_CASE(bad_utf8_is_refused_with_its_place) {
  BOOST_TEST(error_of([] { parse_statement("SELECT 'a\xff'"); }) == "1:10: this is not UTF-8");
  BOOST_TEST(error_of([] { parse_statement("SELECT \xed\xa0\x80"); }) == "1:8: this is not UTF-8");
  BOOST_TEST(error_of([] { parse_statement(std::string_view("SELECT a\0b", 10)); })
             == "1:9: unexpected byte 0x00");
}

BOOST_AUTO_TEST_CASE(words_that_flink_leaves_free_are_names) {
  for (auto word : {"a",           "absent",        "after",      "asc",         "attribute",
                    "cascade",     "catalog",       "columns",    "comment",     "data",
                    "database",    "days",          "desc",       "description", "enforced",
                    "error",       "extended",      "first",      "following",   "format",
                    "functions",   "hash",          "hop",        "if_",         "ignore",
                    "including",   "input",         "json",       "key",         "label",
                    "last",        "length",        "level",      "map",         "metadata",
                    "minutes",     "model",         "name",       "nulls",       "number",
                    "object",      "options",       "ordinality", "output",      "overwrite",
                    "partitioned", "partitions",    "path",       "placing",     "plan",
                    "preceding",   "quarter",       "read",       "rename",      "scalar",
                    "sets",        "source",        "state",      "statement",   "statistics",
                    "string",      "tables",        "temporary",  "tumble",      "type",
                    "unbounded",   "unconditional", "use",        "version",     "views",
                    "virtual",     "watermarks",    "week",       "work",        "wrapper",
                    "zone",        "date",          "time",       "timestamp",   "value",
                    "year",        "month",         "count",      "sum",         "position",
                    "trim",        "floor"}) {
    std::string name(word);
    auto create = "CREATE TABLE t (" + name + " INT) WITH ('connector' = 'print')";
    BOOST_CHECK_NO_THROW(parse_statement(create));
    auto use = "SELECT " + name + ", t." + name + ", 1 AS " + name + ", a + " + name + " FROM "
               + name + " AS " + name + " WHERE " + name + " = 1 ORDER BY " + name + " DESC";
    BOOST_TEST(error_of([&] { parse_statement(use); }) == "no error", use);
  }
}

BOOST_AUTO_TEST_CASE(words_are_keywords_in_any_case) {
  BOOST_TEST((parse_statement("SeLeCt A fRoM t") == parse_statement("SELECT A FROM t")));
  auto list = keywords();
  BOOST_TEST(list.size() > 180u);
  BOOST_TEST(std::is_sorted(list.begin(), list.end()));
  BOOST_TEST(std::binary_search(list.begin(), list.end(), "SELECT"));
}

BOOST_AUTO_TEST_CASE(an_unfinished_text_says_so) {
  auto unfinished = [](const char* text) {
    try {
      parse_statement(text);
    } catch (const sql_error& error) {
      return error.unfinished();
    }
    return false;
  };
  BOOST_TEST(unfinished("SELECT 'a"));
  BOOST_TEST(unfinished("SELECT a /* b"));
  BOOST_TEST(unfinished("SELECT a FROM"));
  BOOST_TEST(unfinished(""));
  BOOST_TEST(!unfinished("SELECT FROM a"));
}

BOOST_AUTO_TEST_CASE(errors_of_later_phases_are_shown_alike) {
  std::string text = "SELECT a,\n  nosuch\nFROM t";
  auto node = parse_statement(text);
  const auto& item = select_of(node).items[1];
  BOOST_TEST(format_error("no column nosuch", item.where, "there is a", text)
             == "2:3: no column nosuch\n    nosuch\n    ^^^^^^\nhint: there is a");
}

BOOST_AUTO_TEST_CASE(a_query_is_parsed_in_less_than_a_millisecond) {
  const std::string text
    = "SELECT channel, DATE_FORMAT(dateTime, 'yyyy-MM-dd') AS `day`,\n"
      "  MAX(DATE_FORMAT(dateTime, 'HH:mm')) AS `minute`,\n"
      "  COUNT(*) AS total_bids,\n"
      "  COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,\n"
      "  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,\n"
      "  COUNT(DISTINCT bidder) AS total_bidders,\n"
      "  COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS rank1_bidders\n"
      "FROM bid\n"
      "WHERE channel IN ('a', 'b') AND price BETWEEN 1 AND 2\n"
      "GROUP BY channel, DATE_FORMAT(dateTime, 'yyyy-MM-dd')";
  parse_statement(text);
  // The best of some runs: what else the machine does is not the parser's fault.
  auto best = std::chrono::nanoseconds::max();
  for (int i = 0; i < 20; ++i) {
    auto begin = std::chrono::steady_clock::now();
    parse_statement(text);
    best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - begin);
  }
  BOOST_TEST_MESSAGE("parsed in " << best.count() / 1000 << " us");
#ifdef __OPTIMIZE__
  BOOST_TEST(best.count() < (sluice::testing::sanitized ? 10 : 1) * 1'000'000);
#endif
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
