#include "support/table_harness.hpp"

#include "sluice/connect/table/columnar_format.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::testing;

row_texts read(std::string_view content, const std::string& columns, option_map options = {},
               std::size_t max_records = 1000) {
  temporary_directory dir;
  options.insert(
    {{"connector", "filesystem"}, {"path", dir.write("in.json", content)}, {"format", "json"}});
  return read_table(describe(columns, std::move(options)), max_records);
}

std::string error_of(std::string_view content, const std::string& columns,
                     option_map options = {}) {
  try {
    read(content, columns, std::move(options));
  } catch (const error& e) {
    std::string text = e.what();
    auto at = text.find("in.json");
    return at == std::string::npos ? text : text.substr(at);
  }
  return "no error";
}

const option_map ignoring{{"json.ignore-parse-errors", "true"}};

void check(const row_texts& got, const row_texts& expected) {
  BOOST_TEST(got == expected, boost::test_tools::per_element());
  if (got.size() != expected.size())
    for (auto& row : got) BOOST_TEST_MESSAGE(row);
}

std::string write(const table::table_description& table,
                  const std::vector<std::vector<table::scalar>>& rows,
                  const std::string& format = "json") {
  const auto& f = table::columnar_format_of(format, "t", "format");
  auto definitions = f.definitions(format + '.');
  table::table_options options("t", table.options, definitions);
  auto encoder
    = f.encoder(table::format_columns::all(table.columns), {"t", &options, format + '.'});
  std::string out;
  encoder->encode(*rows_of(table, rows), 0, rows.size(), out);
  return out;
}

BOOST_AUTO_TEST_SUITE(table_json)

BOOST_AUTO_TEST_CASE(every_type_is_read_as_flink_reads_it) {
  check(
    read(R"({"b":true,"i":-7,"l":9007199254740993,"d":1.5e3,"m":12.345,"s":"x\"\u00e4","y":"AQI=",)"
         R"("dt":"2024-02-29","tm":"12:30:15.5","ts":"2024-01-02 03:04:05.678",)"
         R"("tz":"2024-01-02 03:04:05Z","a":[1,null,3],"mp":{"k":1,"n":null},)"
         R"("r":{"x":1,"y":{"z":"deep"}},"unknown":[1,{"a":2}]})"
         "\n",
         "b BOOLEAN, i INT, l BIGINT, d DOUBLE, m DECIMAL(5, 2), s STRING, y BYTES, dt DATE, "
         "tm TIME(3), ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), a ARRAY<INT>, mp MAP<STRING, INT>, "
         "r ROW<x INT, y ROW<z STRING>>"),
    {"+I[true, -7, 9007199254740993, 1500.0, 12.35, x\"\xc3\xa4, [1, 2], 2024-02-29, "
     "12:30:15.500, 2024-01-02T03:04:05.678, 2024-01-02T03:04:05Z, [1, null, 3], "
     "{k=1, n=null}, +I[1, +I[deep]]]"});
}

BOOST_AUTO_TEST_CASE(values_are_converted_as_jackson_does) {
  check(read("{\"i\":\"12\",\"d\":\"1.5\",\"s\":12.50,\"b\":\"TRUE\"}\n"
             "{\"i\":1.9,\"d\":3,\"s\":true,\"b\":false}\n"
             "{\"s\": { \"a\" : [ 1, \"x y\" ] }}\n",
             "i INT, d DOUBLE, s STRING, b BOOLEAN"),
        {"+I[12, 1.5, 12.50, true]", "+I[1, 3.0, true, false]",
         "+I[null, null, {\"a\":[1,\"x y\"]}, null]"});
}

BOOST_AUTO_TEST_CASE(order_and_presence_of_fields_do_not_matter) {
  check(read("{\"b\":2,\"a\":1}\n{}\n{\"a\":3}\n\n  \n{\"x\":0,\"b\":4}\n", "a INT, b INT"),
        {"+I[1, 2]", "+I[null, null]", "+I[3, null]", "+I[null, 4]"});
  check(read("{\"a\\u0062\":1}\n{\"a\":1,\"a\":2}\n", "ab INT, a INT"),
        {"+I[1, null]", "+I[null, 2]"});
}

BOOST_AUTO_TEST_CASE(an_array_of_objects_is_several_rows) {
  check(read("[{\"a\":1},{\"a\":2}]\n[]\n{\"a\":3}\n", "a INT"), {"+I[1]", "+I[2]", "+I[3]"});
}

BOOST_AUTO_TEST_CASE(errors_are_ignored_field_by_field) {
  check(read("{\"a\":\"x\",\"b\":\"good\"}\nnot json\n{\"a\":1,\"b\":{\"c\":\n{\"a\":2}\n"
             "{\"a\":3}trailing\n5\n{\"a\":99999999999,\"b\":\"\xff\"}\n",
             "a INT, b STRING", ignoring),
        {"+I[null, good]", "+I[2, null]", "+I[null, \xef\xbf\xbd]"});
  check(read("{\"r\":{\"x\":\"bad\",\"y\":1},\"a\":[1,\"b\",3]}\n",
             "r ROW<x INT, y INT>, a ARRAY<INT>", ignoring),
        {"+I[+I[null, 1], [1, null, 3]]"});
}

BOOST_AUTO_TEST_CASE(rows_behind_a_broken_nested_one_are_whole) {
  check(read("{\"r\":{\"x\":1,\"y\":2},\"z\":1}\n{\"r\":{\"x\":3,\"y\":}}\n"
             "{\"r\":{\"x\":4,\"y\":5},\"z\":6}\n",
             "r ROW<x INT, y INT>, z INT", ignoring),
        {"+I[+I[1, 2], 1]", "+I[+I[4, 5], 6]"});
}

BOOST_AUTO_TEST_CASE(errors_name_line_field_and_value) {
  BOOST_TEST(error_of("{\"a\":1}\n{\"a\":\"x\"}\n", "a INT")
             == "in.json:2: Fail to deserialize at field: a. x is not an INT: {\"a\":\"x\"}");
  BOOST_TEST(error_of("{\"r\":{\"x\":[1]}}\n", "r ROW<x INT>")
               .starts_with("in.json:1: Fail to deserialize at field: r.x. an object or array is "
                            "not an INT"));
  BOOST_TEST(error_of("{\"a\":1}\n{\"a\":\n", "a INT").starts_with("in.json:2: "));
  BOOST_TEST(error_of("{\"b\":1}\n", "a INT", {{"json.fail-on-missing-field", "true"}})
             == "in.json:1: Fail to deserialize at field: a. Could not find field with this name.: "
                "{\"b\":1}");
}

BOOST_AUTO_TEST_CASE(iso_timestamps_are_read_and_written) {
  option_map iso{{"json.timestamp-format.standard", "ISO-8601"}};
  check(read("{\"t\":\"2024-01-02T03:04:05.5\"}\n", "t TIMESTAMP(3)", iso),
        {"+I[2024-01-02T03:04:05.500]"});
  BOOST_TEST(error_of("{\"t\":\"2024-01-02 03:04:05\"}\n", "t TIMESTAMP(3)", iso) != "no error");
  iso["connector"] = "x";
  BOOST_TEST(write(describe("t TIMESTAMP(3)", iso),
                   {{table::scalar::of(table::data_type::timestamp(3),
                                       std::int64_t{1'704'164'645'500'000})}})
             == "{\"t\":\"2024-01-02T03:04:05.5\"}\n");
}

BOOST_AUTO_TEST_CASE(what_is_written_is_what_flink_writes) {
  using table::data_type;
  using table::scalar;
  auto table = describe("i INT, s STRING, d DOUBLE, m DECIMAL(20, 10), ts TIMESTAMP(3), "
                        "tz TIMESTAMP_LTZ(3), dt DATE, a ARRAY<INT>, mp MAP<STRING, INT>, "
                        "r ROW<x INT, y STRING>, y BYTES",
                        {{"connector", "x"}});
  auto column = [&](std::size_t i) { return table.columns[i].type; };
  auto number = [](std::int32_t v) { return scalar::of(v); };
  std::vector<scalar> row{
    number(1),
    scalar::of(column(1), std::string("q\"\n\xc3\xa4")),
    scalar::of(1e10),
    scalar::of(column(3), table::int128{1}),
    scalar::of(column(4), std::int64_t{1'609'330'394'000'000}),
    scalar::of(column(5), std::int64_t{1'609'330'394'120'000}),
    scalar::of(column(6), std::int64_t{1}),
    scalar::of(column(7), scalar::list{number(1), scalar(data_type::integer())}),
    scalar::of(column(8),
               scalar::list{scalar::of(data_type::string(), std::string("k")), number(2)}),
    scalar::of(column(9), scalar::list{number(3), scalar(data_type::string())}),
    scalar::of(column(10), std::string("\1\2"))};
  BOOST_TEST(write(table, {row})
             == "{\"i\":1,\"s\":\"q\\\"\\n\xc3\xa4\",\"d\":1.0E10,\"m\":1E-10,"
                "\"ts\":\"2020-12-30 12:13:14\",\"tz\":\"2020-12-30 12:13:14.12Z\","
                "\"dt\":\"1970-01-02\",\"a\":[1,null],\"mp\":{\"k\":2},"
                "\"r\":{\"x\":3,\"y\":null},\"y\":\"AQI=\"}\n");
  table.options
    = {{"json.encode.decimal-as-plain-number", "true"}, {"json.encode.ignore-null-fields", "true"}};
  row[0] = scalar(data_type::integer());
  BOOST_TEST(write(table, {row}).starts_with("{\"s\":"));
  BOOST_TEST(write(table, {row}).find("\"m\":0.0000000001,") != std::string::npos);
  BOOST_TEST(write(table, {row}).find("\"r\":{\"x\":3}") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(null_keys_of_maps_are_dealt_with_as_told) {
  using table::scalar;
  auto table = describe("m MAP<STRING, INT>", {{"connector", "x"}});
  std::vector<std::vector<scalar>> rows{{scalar::of(
    table.columns[0].type, scalar::list{scalar(table::data_type::string()), scalar::of(1)})}};
  BOOST_CHECK_THROW(write(table, rows), format_error);
  table.options = {{"json.map-null-key.mode", "DROP"}};
  BOOST_TEST(write(table, rows) == "{\"m\":{}}\n");
  table.options = {{"json.map-null-key.mode", "LITERAL"}, {"json.map-null-key.literal", "nil"}};
  BOOST_TEST(write(table, rows) == "{\"m\":{\"nil\":1}}\n");
}

BOOST_AUTO_TEST_CASE(any_batch_size_gives_the_same_rows) {
  std::string content;
  row_texts expected;
  for (int i = 0; i < 1000; ++i) {
    if (i % 10 == 3) content += "{\"i\":1,\"s\":tru}\n";
    auto text = std::string(static_cast<std::size_t>(i % 40), 'x');
    content += "{\"i\":" + std::to_string(i) + ",\"s\":\"" + text + "\",\"a\":[" + std::to_string(i)
               + "]}\n";
    expected.push_back("+I[" + std::to_string(i) + ", " + text + ", [" + std::to_string(i) + "]]");
  }
  for (std::size_t size : {1u, 7u, 64u, 2048u})
    check(read(content, "i INT, s STRING, a ARRAY<INT>", ignoring, size), expected);
}

BOOST_AUTO_TEST_CASE(options_that_contradict_are_refused) {
  BOOST_TEST(
    error_of("", "a INT",
             {{"json.fail-on-missing-field", "true"}, {"json.ignore-parse-errors", "true"}})
      .find("shouldn't both be true")
    != std::string::npos);
  BOOST_TEST(error_of("", "m MAP<INT, INT>").find("only texts as keys") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(raw_lines_are_one_column) {
  temporary_directory dir;
  auto path = dir.write("in.txt", "one, \"two\"\r\n\nthree");
  option_map options{{"connector", "filesystem"}, {"path", path}, {"format", "raw"}};
  check(read_table(describe("line STRING", options)), {"+I[one, \"two\"]", "+I[]", "+I[three]"});
  BOOST_CHECK_THROW(read_table(describe("a STRING, b STRING", options)), plan_error);
  auto number = describe("n INT", {{"connector", "x"}});
  BOOST_TEST(write(number, {{table::scalar::of(258)}}, "raw") == std::string("\0\0\1\2\n", 5));
  number.options = {{"raw.endianness", "little-endian"}};
  BOOST_TEST(write(number, {{table::scalar::of(258)}}, "raw") == std::string("\2\1\0\0\n", 5));
}

BOOST_AUTO_TEST_CASE(csv_is_written_as_flink_writes_it) {
  using table::scalar;
  auto table = describe("s STRING, d DOUBLE, m DECIMAL(20, 10), b BOOLEAN, ts TIMESTAMP(3), "
                        "a ARRAY<STRING>, t TIME(3)",
                        {{"connector", "x"}});
  auto text = [&](const char* t) { return scalar::of(table::data_type::string(), std::string(t)); };
  auto row = [&](const char* t) {
    return std::vector<scalar>{
      text(t),
      scalar::of(0.1),
      scalar::of(table.columns[2].type, table::int128{1}),
      scalar::of(true),
      scalar::of(table.columns[4].type, std::int64_t{1'609'330'394'120'000}),
      scalar::of(table.columns[5].type, scalar::list{text("x"), text("y z")}),
      scalar::of(table.columns[6].type, std::int64_t{45'015'500})};
  };
  auto rest = std::string(",0.1,1E-10,true,2020-12-30 12:13:14.12,x;y z,12:30:15.5\n");
  BOOST_TEST(write(table, {row("plain text")}, "csv") == "plain text" + rest);
  BOOST_TEST(write(table, {row("")}, "csv") == rest);
  BOOST_TEST(write(table, {row("a,b")}, "csv") == "\"a,b\"" + rest);
  BOOST_TEST(write(table, {row("a\"b")}, "csv") == "\"a\"\"b\"" + rest);
  BOOST_TEST(write(table, {row("a\nb")}, "csv") == "\"a\nb\"" + rest);
  BOOST_TEST(write(table, {row(" a")}, "csv") == "\" a\"" + rest);
  BOOST_TEST(write(table, {row("#a")}, "csv") == "\"#a\"" + rest);
  std::vector<scalar> nulls;
  for (auto& column : table.columns) nulls.emplace_back(column.type);
  BOOST_TEST(write(table, {nulls}, "csv") == ",,,,,,\n");
  table.options = {{"csv.null-literal", "NIL"},
                   {"csv.field-delimiter", ";"},
                   {"csv.array-element-delimiter", "|"},
                   {"csv.write-bigdecimal-in-scientific-notation", "false"}};
  BOOST_TEST(write(table, {nulls}, "csv") == "NIL;NIL;NIL;NIL;NIL;NIL;NIL\n");
  BOOST_TEST(write(table, {row("a,b")}, "csv")
             == "a,b;0.1;0.0000000001;true;2020-12-30 12:13:14.12;x|y z;12:30:15.5\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
