#include "sluice/connect/format/json.hpp"

#include "sluice/connect/file/json_file.hpp"
#include "support/source_harness.hpp"

#include <boost/describe.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace {

using namespace sluice;
using namespace sluice::testing;

struct behaviour {
  std::string user_id;
  std::string item_id = "none";
  std::int32_t count = 7;
  std::optional<double> score;

  friend bool operator==(const behaviour&, const behaviour&) = default;
};
BOOST_DESCRIBE_STRUCT(behaviour, (), (user_id, item_id, count, score))

struct position {
  double x = 0;
  double y = 0;
  friend bool operator==(const position&, const position&) = default;
};
BOOST_DESCRIBE_STRUCT(position, (), (x, y))

struct nested {
  position at;
  std::vector<position> path;
  std::map<std::string, std::int64_t> counts;
  std::map<int, bool> flags;
  std::set<std::string> tags;
  std::vector<std::optional<int>> holes;
  std::pair<std::string, int> both;

  friend bool operator==(const nested&, const nested&) = default;
};
BOOST_DESCRIBE_STRUCT(nested, (), (at, path, counts, flags, tags, holes, both))

struct plain {
  int a;
  std::string b;
  friend bool operator==(const plain&, const plain&) = default;
};

template <class T>
std::vector<T> parse(std::string_view content, json_options options = {}) {
  temporary_directory dir;
  return read_all(json_file_source<T>(dir.write("in.json", content), std::move(options)));
}

template <class T>
std::string failure(std::string_view content, json_options options = {}) {
  temporary_directory dir;
  auto path = dir.write("in.json", content);
  try {
    read_all(json_file_source<T>(path, std::move(options)));
  } catch (const format_error& e) {
    return "in.json" + std::string(e.what()).substr(path.size());
  }
  return "no failure";
}

template <class T>
std::string print(const T& record, json_options options = {}) {
  typed_batch<T> batch;
  batch.push_back(record);
  std::string out;
  make_json_encoder<T>(std::move(options))->encode(batch, 0, 1, out);
  return out;
}

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(objects_become_structs_whatever_the_order_of_fields) {
  auto records = parse<behaviour>(
    "{\"user_id\":\"u1\",\"item_id\":\"i1\",\"count\":1,\"score\":0.5}\n"
    "\n  \r\n"
    "{ \"score\" : 2 , \"extra\":{\"x\":[1,{}]}, \"count\":-3,\"user_id\":\"\\ud55c\\n\\\"\" }\r\n"
    "{}");
  BOOST_TEST((records
              == std::vector<behaviour>{
                {"u1", "i1", 1, 0.5}, {"한\n\"", "none", -3, 2.0}, {"", "none", 7, {}}}));
}

BOOST_AUTO_TEST_CASE(missing_and_null_fields_get_their_defaults_or_are_refused) {
  BOOST_TEST((parse<behaviour>("{\"user_id\":null,\"count\":null,\"score\":null}\n")
              == std::vector<behaviour>{{"", "none", 7, {}}}));
  json_options options;
  options.fail_on_missing_field = true;
  BOOST_TEST(failure<behaviour>("{\"user_id\":\"a\",\"item_id\":\"b\",\"score\":1}\n", options)
             == "in.json:1: field count: is missing: "
                "{\"user_id\":\"a\",\"item_id\":\"b\",\"score\":1}");
  BOOST_TEST(failure<behaviour>("{\"user_id\":null}", options)
             == "in.json:1: field user_id: is null: {\"user_id\":null}");
}

BOOST_AUTO_TEST_CASE(values_convert_where_nothing_is_lost) {
  using record = std::tuple<std::int8_t, std::uint64_t, double, float, bool, char, std::string>;
  auto records = parse<record>("[-128, 18446744073709551615, 1e3, 0.1, true, \"x\", \"y\"]\n"
                               "[\" 5 \", 3.0, \"-2.5\", 1, \"FALSE\", \"z\", 12.0]\n"
                               "[0, 0, 0, 0, false, \"z\", {\"a\": [1, null]}]\n");
  BOOST_TEST((records.at(0) == record{-128, 18446744073709551615ull, 1000, 0.1f, true, 'x', "y"}));
  BOOST_TEST((records.at(1) == record{5, 3, -2.5, 1, false, 'z', "12.0"}));
  BOOST_TEST(std::get<6>(records.at(2)) == "{\"a\":[1,null]}");
  using small = std::tuple<std::int8_t>;
  for (auto text : {"[128]", "[1.5]", "[\"x\"]", "[true]", "[{}]", "[1e300]", "[-129]"})
    BOOST_TEST(failure<small>(text).find("is not a number that fits") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(integers_may_be_written_as_fractions_if_they_are_exact) {
  using record = std::tuple<std::int64_t, std::uint64_t>;
  auto records = parse<record>("[1e2,1.0]\n[1e18,1e19]\n[-9.2e18,1.8e19]\n"
                               "[9007199254740991.0,1.5e3]\n");
  BOOST_TEST((records
              == std::vector<record>{{100, 1},
                                     {1'000'000'000'000'000'000, 10'000'000'000'000'000'000u},
                                     {-9'200'000'000'000'000'000, 18'000'000'000'000'000'000u},
                                     {9'007'199'254'740'991, 1500}}));
  for (auto text : {"[1e19,0]", "[9223372036854775808.0,0]", "[1.5,0]", "[0,-1.0]", "[0,2e19]",
                    "[0,18446744073709551616.0]"})
    BOOST_TEST(failure<record>(text).find("is not a number that fits") != std::string::npos, text);
  // These may be, as doubles, other integers than were written.
  for (auto text :
       {"[9007199254740993.0,0]", "[1.234567890123456789e18,0]", "[0,1.23456789012345e19]"})
    BOOST_TEST(failure<record>(text).find("is not exact: an integer of that size is written "
                                          "without point or exponent")
                 != std::string::npos,
               text);
}

BOOST_AUTO_TEST_CASE(numbers_too_big_are_refused_and_too_small_ones_are_zero) {
  using small = std::tuple<float>;
  BOOST_TEST(failure<small>("[1e39]")
             == "in.json:1: field [0]: 1e+39 is not a number that fits: [1e39]");
  for (auto text : {"[-1e39]", "[3.5e38]", "[\"1e39\"]"})
    BOOST_TEST(failure<small>(text).find("is not a number that fits") != std::string::npos, text);
  auto floats = parse<std::tuple<float>>("[3.4028234663852886e38]\n[1e-40]\n[1e-46]\n[\"1e-46\"]");
  BOOST_REQUIRE(floats.size() == 4);
  BOOST_TEST(std::get<0>(floats[0]) == std::numeric_limits<float>::max());
  BOOST_TEST(std::get<0>(floats[1]) == 1e-40f);
  BOOST_TEST(std::get<0>(floats[2]) == 0.0f);
  BOOST_TEST(std::get<0>(floats[3]) == 0.0f);
  for (auto text : {"1e-400", "\"1e-400\"", "2e-324", "\"2e-324\"", "0.0e5"})
    BOOST_TEST(std::get<0>(parse<std::tuple<double>>(fmt::format("[{}]", text)).at(0)) == 0.0,
               text);
}

BOOST_AUTO_TEST_CASE(nested_structs_lists_and_maps_are_read_and_written) {
  nested value{{1, 2}, {{3, 4}, {5, 6}}, {{"a", 1}}, {{-7, true}}, {"t"}, {1, {}}, {"p", 2}};
  auto text = print(value);
  BOOST_TEST(text
             == "{\"at\":{\"x\":1.0,\"y\":2.0},\"path\":[{\"x\":3.0,\"y\":4.0},"
                "{\"x\":5.0,\"y\":6.0}],\"counts\":{\"a\":1},\"flags\":{\"-7\":true},"
                "\"tags\":[\"t\"],\"holes\":[1,null],\"both\":[\"p\",2]}\n");
  BOOST_TEST((parse<nested>(text + text) == std::vector<nested>{value, value}));
  BOOST_TEST(failure<nested>("{\"path\":[{},{\"y\":\"n\"}]}\n")
               .starts_with("in.json:1: field path[1].y: \"n\" is not a number that fits: "));
  BOOST_TEST(failure<nested>("{\"flags\":{\"x\":true}}\n")
               .starts_with("in.json:1: field flags.x: the key is not a number that fits: "));
  BOOST_TEST(failure<nested>("{\"both\":[1]}\n")
               .starts_with("in.json:1: field both: [1] is not an array of 2: "));
}

BOOST_AUTO_TEST_CASE(null_within_lists_maps_and_tuples_is_no_text) {
  BOOST_TEST(failure<nested>("{\"tags\":[\"a\",null]}")
             == "in.json:1: field tags[1]: null is not a string: {\"tags\":[\"a\",null]}");
  BOOST_TEST(failure<nested>("{\"both\":[null,1]}")
             == "in.json:1: field both[0]: null is not a string: {\"both\":[null,1]}");
  BOOST_TEST(failure<nested>("{\"counts\":{\"a\":null}}")
               .starts_with("in.json:1: field counts.a: null is not a number that fits: "));
  using texts = std::map<std::string, std::string>;
  BOOST_TEST(failure<texts>("{\"a\":null}")
             == "in.json:1: field a: null is not a string: {\"a\":null}");
  using maybe = std::optional<std::string>;
  using record = std::tuple<std::vector<maybe>, std::map<std::string, maybe>, maybe>;
  auto records = parse<record>("[[null,\"a\",\"null\"],{\"k\":null},null]");
  BOOST_TEST((records == std::vector<record>{{{std::nullopt, "a", "null"}, {{"k", {}}}, {}}}));
}

BOOST_AUTO_TEST_CASE(plain_aggregates_are_arrays) {
  BOOST_TEST((parse<plain>("[1,\"x\"]\n") == std::vector<plain>{{1, "x"}}));
  BOOST_TEST(print(plain{2, "y"}) == "[2,\"y\"]\n");
}

BOOST_AUTO_TEST_CASE(what_is_not_json_fails_with_place_and_text) {
  for (auto text : {"{", "[", "nul", "{\"a\":}", "{\"a\":1}}", "{\"a\":1} 2", "{'a':1}", "\"\\x\"",
                    "{\"a\":01}", "{\"count\":1,}", "[1 2]", "{\"a\":\"\t\"}", "+1", "NaN",
                    "{\"a\":-}", "{\"a\":1e}", "{\"a\":1.}", "{\"a\":01e999}", "{a:1e999}"}) {
    auto got = failure<behaviour>(std::string("{}\n") + text + "\n{}\n");
    BOOST_TEST(got.starts_with("in.json:2: not JSON ("), got);
  }
  BOOST_TEST(failure<behaviour>("[1]") == "in.json:1: [1] is not an object: [1]");
  BOOST_TEST(failure<behaviour>("\n\n5") == "in.json:3: 5 is not an object: 5");
  auto deep = std::string(5000, '[') + std::string(5000, ']');
  BOOST_TEST(failure<behaviour>(deep).starts_with("in.json:1: not JSON ("));
}

BOOST_AUTO_TEST_CASE(a_number_of_more_than_64_bits_is_named) {
  BOOST_TEST(failure<behaviour>("{\"u\":18446744073709551616}")
             == "in.json:1: field u: 18446744073709551616 is an integer of more than 64 bits: "
                "{\"u\":18446744073709551616}");
  BOOST_TEST(
    failure<behaviour>("{\"u\":-9223372036854775809}")
      .starts_with("in.json:1: field u: -9223372036854775809 is an integer of more than "));
  BOOST_TEST(failure<behaviour>("{\"zz\":1e999}")
             == "in.json:1: field zz: 1e999 is a number beyond the range of 64 bits: "
                "{\"zz\":1e999}");
  BOOST_TEST(failure<behaviour>("{\"s\":\"\\\"1e999\", \"a\" : [1.5, {\"b\":true}, {\"c\":null, "
                                "\"d\":-1.0E+400}]}")
               .starts_with("in.json:1: field a[2].d: -1.0E+400 is a number beyond the range"));
  auto long_key = failure<behaviour>("{\"" + std::string(100'000, 'k') + "\":1e999}");
  BOOST_TEST(long_key.starts_with("in.json:1: field " + std::string(200, 'k') + "...: 1e999 is "));
  BOOST_TEST(failure<behaviour>("123456789012345678901234567890")
               .starts_with("in.json:1: 123456789012345678901234567890 is an integer of more "));
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_refused_or_replaced) {
  BOOST_TEST(failure<behaviour>("{\"user_id\":\"\xff\"}")
             == "in.json:1: invalid UTF-8 (byte 0xff at position 13): {\"user_id\":\"\\xff\"}");
  json_options options;
  options.utf8 = invalid_utf8::replace;
  BOOST_TEST(parse<behaviour>("{\"user_id\":\"\xff\"}", options).at(0).user_id == "\xef\xbf\xbd");
  options.utf8 = invalid_utf8::keep;
  BOOST_CHECK_THROW(json_file_source<behaviour>("x", options)->validate(), plan_error);
}

BOOST_AUTO_TEST_CASE(bad_records_follow_the_policy) {
  temporary_directory dir;
  auto path = dir.write("in.json", "{\"count\":1}\n{bad\n{\"count\":\"x\",\"score\":[]}\n{}\n");
  json_options options;
  options.errors = on_error::skip;
  auto source = json_file_source<behaviour>(path, options);
  reader_harness<behaviour> skipping(*source, source->make_enumerator(1)->discover());
  BOOST_TEST(skipping.all().size() == 2);
  BOOST_TEST(skipping.context.counted("records_skipped") == 2);
  options.errors = on_error::null_field;
  source = json_file_source<behaviour>(path, options);
  reader_harness<behaviour> nulling(*source, source->make_enumerator(1)->discover());
  BOOST_TEST(nulling.all().at(1).count == 7);
  BOOST_TEST(nulling.context.counted("records_skipped") == 1);
  BOOST_TEST(nulling.context.counted("fields_nulled") == 2);
  options.errors = on_error::divert;
  std::vector<bad_record> bad;
  options.divert = [&](const bad_record& b) { bad.push_back(b); };
  BOOST_TEST(read_all(json_file_source<behaviour>(path, options)).size() == 2);
  BOOST_REQUIRE(bad.size() == 2);
  BOOST_TEST(bad[0].place == path + ":2");
  BOOST_TEST(bad[0].text == "{bad");
  BOOST_TEST((bad[1]
              == bad_record{path + ":3", "{\"count\":\"x\",\"score\":[]}",
                            "field count: \"x\" is not a number that fits"}));
  options.errors = on_error::null_field;
  options.fail_on_missing_field = true;
  BOOST_CHECK_THROW(json_file_source<behaviour>("x", options)->validate(), plan_error);
}

BOOST_AUTO_TEST_CASE(bad_fields_of_records_that_are_arrays_can_become_null) {
  struct counted {
    std::string name;
    int count = 3;
    bool operator==(const counted&) const = default;
  };
  temporary_directory dir;
  auto path = dir.write("in.json", "[\"a\",\"bad\"]\n[\"b\",2]\n[\"c\"]\n[null,4]\n");
  json_options options;
  options.errors = on_error::null_field;
  auto source = json_file_source<counted>(path, options);
  reader_harness<counted> harness(*source, source->make_enumerator(1)->discover());
  BOOST_TEST((harness.all() == std::vector<counted>{{"a", 3}, {"b", 2}, {"", 4}}));
  BOOST_TEST(harness.context.counted("fields_nulled") == 2);
  BOOST_TEST(harness.context.counted("records_skipped") == 1); // it cannot be taken apart
  auto inner = parse<nested>("{\"both\":[\"p\",{}],\"flags\":{\"1\":true}}", options).at(0);
  BOOST_TEST((inner.both == std::pair<std::string, int>{"p", 0}));
  BOOST_TEST(inner.flags.size() == 1);
}

BOOST_AUTO_TEST_CASE(rows_follow_their_schema) {
  json_options options;
  options.row_schema = {{"s", column_type::string},
                        {"n", column_type::int64},
                        {"x", column_type::float64},
                        {"b", column_type::boolean}};
  auto rows = parse<row>("{\"b\":true,\"x\":1,\"n\":2,\"s\":\"t\"}\n{\"s\":{\"k\":1}}\n", options);
  BOOST_TEST(to_text(rows) == "[(t, 2, 1.0, true), ({\"k\":1}, null, null, null)]");
  BOOST_TEST(print(rows.at(0), options) == "{\"s\":\"t\",\"n\":2,\"x\":1.0,\"b\":true}\n");
  options.omit_null_fields = true;
  BOOST_TEST(print(rows.at(1), options) == "{\"s\":\"{\\\"k\\\":1}\"}\n");
}

BOOST_AUTO_TEST_CASE(a_sink_of_rows_without_a_schema_is_refused) {
  BOOST_CHECK_EXCEPTION(json_file_sink<row>("x")->validate(), plan_error, [](auto& e) {
    return std::string(e.what()) == "JSON: rows need json_options::row_schema";
  });
  json_file_sink<behaviour>("x")->validate();
  json_options options;
  options.row_schema = {{"a", column_type::string}};
  json_file_sink<row>("x", options)->validate();
}

BOOST_AUTO_TEST_CASE(a_row_that_does_not_fit_its_schema_is_not_written) {
  json_options options;
  options.row_schema = {{"a", column_type::string}, {"b", column_type::int64}};
  for (auto cells : {std::vector<cell>{"a"}, std::vector<cell>{"a", std::int64_t{1}, true}})
    BOOST_CHECK_EXCEPTION(print(row{cells}, options), format_error, [&](auto& e) {
      return e.what()
             == fmt::format("JSON: a row of {} cells cannot be written by a schema of 2 columns",
                            cells.size());
    });
}

BOOST_AUTO_TEST_CASE(strings_and_numbers_are_written_so_that_anybody_can_read_them) {
  using record = std::tuple<std::string, double, float, std::int8_t>;
  BOOST_TEST(print(record{"\x01\b\"\\/\n한\xff", std::nan(""), 0.1f, -1})
             == "[\"\\u0001\\u0008\\\"\\\\/\\n한\xef\xbf\xbd\",null,0.1,-1]\n");
  for (double x : {0.1, 1e-300, 1.7976931348623157e308, 123456789.125, -0.0, 5e-324}) {
    auto back = parse<std::tuple<double>>(print(std::tuple<double>{x}));
    BOOST_TEST(std::get<0>(back.at(0)) == x);
  }
  json_options options;
  options.omit_null_fields = true;
  BOOST_TEST(print(behaviour{}, options)
             == "{\"user_id\":\"\",\"item_id\":\"none\",\"count\":7}\n");
  BOOST_TEST(print(behaviour{})
             == "{\"user_id\":\"\",\"item_id\":\"none\",\"count\":7,\"score\":null}\n");
}

BOOST_AUTO_TEST_CASE(a_line_of_100_megabytes_is_a_record) {
  std::string big(100'000'000, 'x');
  auto records = parse<behaviour>("{\"user_id\":\"" + big + "\"}\n{\"user_id\":\"a\"}\n");
  BOOST_REQUIRE(records.size() == 2);
  BOOST_TEST(records[0].user_id.size() == big.size());
  BOOST_TEST(records[1].user_id == "a");
}

BOOST_AUTO_TEST_CASE(splits_of_any_size_give_each_record_once) {
  temporary_directory dir;
  std::string content;
  for (int i = 0; i < 50; ++i) content += "{\"count\":" + std::to_string(i) + "}\n";
  auto path = dir.write("in.json", content);
  auto expected = read_all(json_file_source<behaviour>(path));
  BOOST_TEST(expected.size() == 50);
  for (std::uint64_t size : {1, 13, 14, 15, 100, 700}) {
    file_source_options options;
    options.split_bytes = size;
    options.block_bytes = 20;
    BOOST_TEST((read_all(json_file_source<behaviour>(path, {}, options), 3) == expected));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
