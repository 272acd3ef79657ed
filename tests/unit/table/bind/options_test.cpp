#include "sluice/table/connect/options.hpp"

#include "unit/table/bind/bind_support.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice::table;
using namespace std::chrono_literals;

const std::vector<option_definition> definitions{
  {"path", option_type::text, true, {}, {}, "Where."},
  {"size", option_type::memory_size, false, "64 mb", {}, "How large."},
  {"delay", option_type::duration, false, {}, {}, "How late."},
  {"rows", option_type::integer, false, {}, {}, "How many."},
  {"ratio", option_type::number, false, {}, {}, "Which part."},
  {"header", option_type::boolean, false, "false", {}, "Whether."},
  {"mode", option_type::text, false, {}, {"earliest-offset", "latest-offset"}, "Where from."},
  {"properties.*", option_type::text, false, {}, {}, "The rest."},
};

std::string error_of(std::map<std::string, std::string> given) {
  try {
    table_options("table t", std::move(given), definitions);
  } catch (const sluice::plan_error& e) {
    return e.what();
  }
  return "no error";
}

BOOST_AUTO_TEST_SUITE(options_tests)

BOOST_AUTO_TEST_CASE(values_and_defaults) {
  table_options o("table t",
                  {{"path", "/x"},
                   {"delay", "2 min"},
                   {"rows", "-5"},
                   {"ratio", "0.5"},
                   {"header", "TRUE"},
                   {"mode", "Latest-Offset"},
                   {"properties.a.b", "1"},
                   {"properties.c", "2"}},
                  definitions);
  BOOST_TEST(o.text("path") == "/x");
  BOOST_TEST(o.bytes("size") == 64u << 20);
  BOOST_TEST((o.time("delay") == 2min));
  BOOST_TEST(o.integer("rows") == -5);
  BOOST_TEST(o.number("ratio") == 0.5);
  BOOST_TEST(o.boolean("header"));
  BOOST_TEST(o.text("mode") == "latest-offset");
  auto rest = o.with_prefix("properties.");
  BOOST_TEST(rest.size() == 2u);
  BOOST_TEST(rest.at("a.b") == "1");
  BOOST_TEST(o.has("header"));
  BOOST_TEST(!o.has("nothing"));
}

BOOST_AUTO_TEST_CASE(refusals_name_the_option_and_the_table) {
  BOOST_TEST(error_of({{"path", "/x"}, {"rowz", "1"}})
             == "table t: unknown option 'rowz'; did you mean 'rows'?; valid options are delay, "
                "header, mode, path, properties.*, ratio, rows, size");
  BOOST_TEST(error_of({}) == "table t: missing required option 'path'");
  BOOST_TEST(error_of({{"path", "/x"}, {"rows", "many"}})
             == "table t: the option 'rows' must be a whole number, but is 'many'");
  BOOST_TEST(error_of({{"path", "/x"}, {"header", "1"}})
             == "table t: the option 'header' must be true or false, but is '1'");
  BOOST_TEST(
    error_of({{"path", "/x"}, {"delay", "soon"}})
    == "table t: the option 'delay' must be a duration such as '10 s', '500 ms' or '1 min', "
       "but is 'soon'");
  BOOST_TEST(
    error_of({{"path", "/x"}, {"size", "1 xb"}})
    == "table t: the option 'size' must be a size such as '64 mb', '1 kb' or '512', but is "
       "'1 xb'");
  BOOST_TEST(error_of({{"path", "/x"}, {"mode", "latest"}})
             == "table t: the option 'mode' cannot be 'latest'; valid values are earliest-offset, "
                "latest-offset");
  BOOST_TEST(error_of({{"path", "/x"}, {"properties.", "1"}})
               .starts_with("table t: unknown option 'properties.'"));
}

BOOST_AUTO_TEST_CASE(durations) {
  BOOST_TEST((parse_duration("10 s") == 10s));
  BOOST_TEST((parse_duration("500ms") == 500ms));
  BOOST_TEST((parse_duration(" 1 min ") == 1min));
  BOOST_TEST((parse_duration("2 HOURS") == 2h));
  BOOST_TEST((parse_duration("1 d") == 24h));
  BOOST_TEST((parse_duration("250") == 250ms));
  BOOST_TEST((parse_duration("7 micros") == 7us));
  for (const auto* text :
       {"", "s", "-1 s", "1.5 s", "1 fortnight", "99999999999999999999 s", "9223372036854775807 d"})
    BOOST_TEST(!parse_duration(text), text);
}

BOOST_AUTO_TEST_CASE(memory_sizes) {
  BOOST_TEST(parse_memory_size("64 mb").value() == 64u << 20);
  BOOST_TEST(parse_memory_size("1kb").value() == 1024u);
  BOOST_TEST(parse_memory_size("12").value() == 12u);
  BOOST_TEST(parse_memory_size("3 g").value() == std::uint64_t{3} << 30);
  for (const auto* text : {"", "mb", "-1", "1.5 gb", "1 zb", "99999999999 tb"})
    BOOST_TEST(!parse_memory_size(text), text);
}

BOOST_AUTO_TEST_CASE(connectors_are_found_by_name) {
  bind_tests::test_session s;
  s.run("CREATE TABLE t (a INT) WITH ('connector' = 'tset');"
        "CREATE TABLE u (a INT) WITH ('rows' = '1');"
        "CREATE TABLE r (a INT) WITH ('connector' = 'test_source');"
        "CREATE TABLE w (a INT) WITH ('connector' = 'test_sink');"
        "CREATE TABLE o (a INT) WITH ('connector' = 'test', 'row' = '1')");
  BOOST_TEST(s.error_of("SELECT * FROM t")
             == "1:15: table default_catalog.default_database.t: there is no connector 'tset'; did "
                "you mean 'test'?; there are test, test_sink, test_source");
  BOOST_TEST(
    s.error_of("SELECT * FROM u")
    == "1:15: table default_catalog.default_database.u: the option 'connector' is missing; "
       "there are the connectors test, test_sink, test_source");
  BOOST_TEST(
    s.error_of("SELECT * FROM w")
    == "1:15: table default_catalog.default_database.w: the connector 'test_sink' can only "
       "be written to");
  BOOST_TEST(s.error_of("INSERT INTO r SELECT 1")
             == "1:13: table default_catalog.default_database.r: the connector 'test_source' can "
                "only be read");
  BOOST_TEST(
    s.error_of("SELECT * FROM o")
    == "1:15: table default_catalog.default_database.o: unknown option 'row'; did you mean "
       "'rows'?; valid options are delay, mode, rows");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
