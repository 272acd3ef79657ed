#include "sluice/connect/format/csv.hpp"

#include "sluice/connect/file/csv_file.hpp"
#include "support/source_harness.hpp"

#include <boost/describe.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>

namespace {

using namespace sluice;
using namespace sluice::testing;

struct sale {
  std::string category;
  std::int32_t quantity = 0;
  double price = 0;
  std::optional<std::int64_t> customer;

  friend bool operator==(const sale&, const sale&) = default;
};
BOOST_DESCRIBE_STRUCT(sale, (), (category, quantity, price, customer))

struct pair_of_text {
  std::string a;
  std::string b;

  friend bool operator==(const pair_of_text&, const pair_of_text&) = default;
};

template <class T>
std::vector<T> parse(std::string_view content, csv_options options = {},
                     std::size_t max_records = 1000) {
  temporary_directory dir;
  return read_all(csv_file_source<T>(dir.write("in.csv", content), std::move(options)),
                  max_records);
}

template <class T>
std::string failure(std::string_view content, csv_options options = {}) {
  temporary_directory dir;
  auto path = dir.write("in.csv", content);
  try {
    read_all(csv_file_source<T>(path, std::move(options)));
  } catch (const format_error& e) {
    std::string text = e.what();
    if (text.starts_with(path)) return "in.csv" + text.substr(path.size());
    return text;
  }
  return "no failure";
}

template <class T>
std::string print(const std::vector<T>& records, csv_options options = {}) {
  typed_batch<T> batch;
  for (auto& r : records) batch.push_back(r);
  std::string out;
  auto encoder = make_csv_encoder<T>(std::move(options));
  encoder->header(out);
  encoder->encode(batch, 0, batch.size(), out);
  return out;
}

using texts = std::vector<pair_of_text>;

BOOST_AUTO_TEST_SUITE(csv)

BOOST_AUTO_TEST_CASE(fields_and_lines_of_rfc_4180_are_understood) {
  BOOST_TEST(parse<pair_of_text>("a,b\nc,d\n") == (texts{{"a", "b"}, {"c", "d"}}));
  BOOST_TEST(parse<pair_of_text>("a,b\r\nc,d\r\n") == (texts{{"a", "b"}, {"c", "d"}}));
  BOOST_TEST(parse<pair_of_text>("a,b\nc,d") == (texts{{"a", "b"}, {"c", "d"}}));
  BOOST_TEST(parse<pair_of_text>("\"a\",\"b\"\r\n") == (texts{{"a", "b"}}));
  BOOST_TEST(parse<pair_of_text>("\"a,1\",\"b\nb\"\n") == (texts{{"a,1", "b\nb"}}));
  BOOST_TEST(parse<pair_of_text>("\"say \"\"hi\"\"\",\"\"\"\"\n") == (texts{{"say \"hi\"", "\""}}));
  BOOST_TEST(parse<pair_of_text>("\"\",\n") == (texts{{"", ""}}));
  BOOST_TEST(parse<pair_of_text>(",") == (texts{{"", ""}}));
}

BOOST_AUTO_TEST_CASE(a_quote_within_a_field_is_a_character) {
  BOOST_TEST(parse<pair_of_text>("5\" disk,b\nc,d\n") == (texts{{"5\" disk", "b"}, {"c", "d"}}));
  BOOST_TEST(parse<pair_of_text>("a\"\"b,c\"\n") == (texts{{"a\"\"b", "c\""}}));
}

BOOST_AUTO_TEST_CASE(empty_lines_and_a_byte_order_mark_are_passed_over) {
  BOOST_TEST(parse<pair_of_text>("\xef\xbb\xbf\"a\",b\n\n\r\nc,d\n\n")
             == (texts{{"a", "b"}, {"c", "d"}}));
  BOOST_TEST(parse<std::tuple<std::string>>("\n\na\n").size() == 1);
  BOOST_TEST(parse<pair_of_text>("").empty());
}

BOOST_AUTO_TEST_CASE(delimiter_and_quote_can_be_chosen) {
  csv_options options;
  options.delimiter = ';';
  options.quote = '\'';
  BOOST_TEST(parse<pair_of_text>("'a;1';\"b\"\n", options) == (texts{{"a;1", "\"b\""}}));
  options.quote = '\0';
  BOOST_TEST(parse<pair_of_text>("'a';\"b\n", options) == (texts{{"'a'", "\"b"}}));
}

BOOST_AUTO_TEST_CASE(a_header_maps_columns_to_fields_by_name) {
  csv_options options;
  options.header = csv_header::by_name;
  auto sales = parse<sale>("price,x,customer,category,quantity\n1.5,y,,Toys,3\n2,z,77,\"A,B\",-4\n",
                           options);
  BOOST_TEST(sales == (std::vector<sale>{{"Toys", 3, 1.5, {}}, {"A,B", -4, 2, 77}}));
  BOOST_TEST(failure<sale>("price,category,customer\n", options)
             == "in.csv:1: column not found: quantity (there are price, category, customer)");
  BOOST_TEST(parse<sale>("price,category,quantity\n1,a,2\n", options)
             == (std::vector<sale>{{"a", 2, 1, {}}}));
  options.loose_names = true;
  BOOST_TEST(parse<sale>("Price,CATEGORY,Quan_tity\n1,a,2\n", options)
             == (std::vector<sale>{{"a", 2, 1, {}}}));
}

BOOST_AUTO_TEST_CASE(a_wanted_column_that_is_there_twice_is_refused) {
  csv_options options;
  options.header = csv_header::by_name;
  auto twice = "category,price,quantity,x,x,price\na,1,2,3,4,5\n";
  BOOST_TEST(failure<sale>(twice, options)
             == "in.csv:1: column price is there twice: columns 2 and 6");
  BOOST_TEST(failure<sale>("customer,category,price,quantity,customer\n", options)
             == "in.csv:1: column customer is there twice: columns 1 and 5");
  auto unwanted = "category,price,quantity,x,x,Price\na,1,2,3,4,5\n";
  BOOST_TEST(parse<sale>(unwanted, options) == (std::vector<sale>{{"a", 2, 1, {}}}));
  options.loose_names = true; // the very name is taken before one that is alike
  BOOST_TEST(parse<sale>(unwanted, options) == (std::vector<sale>{{"a", 2, 1, {}}}));
  BOOST_TEST(failure<sale>("category,Price,quantity,PRICE\n", options)
             == "in.csv:1: column price is there twice: columns 2 and 4");
}

BOOST_AUTO_TEST_CASE(the_names_of_a_wrong_header_are_escaped_and_cut) {
  csv_options options;
  options.header = csv_header::by_name;
  BOOST_TEST(failure<sale>("a\x1b[31m,caf\xe9\n", options)
             == "in.csv:1: column not found: category (there are a\\x1b[31m, caf\\xe9)");
  std::string header = "c0";
  for (int i = 1; i < 200'000; ++i) header += ",c" + std::to_string(i);
  auto text = failure<sale>(header + "\n", options);
  BOOST_TEST(text.starts_with("in.csv:1: column not found: category (there are c0, c1, c2, "));
  BOOST_TEST(text.ends_with("...)"));
  BOOST_TEST(text.size() < 300);
  text = failure<sale>(std::string(100'000, 'x') + "\n", options);
  BOOST_TEST(
    text == "in.csv:1: column not found: category (there are " + std::string(200, 'x') + "...)");
  BOOST_TEST(failure<texts::value_type>("a\tb\n", options)
             == "in.csv:1: there are 1 columns (a\\tb), fewer than the record's 2 fields");
}

BOOST_AUTO_TEST_CASE(a_header_can_be_skipped_or_be_given_apart) {
  csv_options options;
  options.header = csv_header::skip;
  BOOST_TEST(parse<sale>("w,x,y,z\na,2,1,3\n", options) == (std::vector<sale>{{"a", 2, 1, 3}}));
  options.header = csv_header::none;
  options.columns = {"customer", "unused", "price", "quantity", "category"};
  BOOST_TEST(parse<sale>("3,?,1,2,a\n", options) == (std::vector<sale>{{"a", 2, 1, 3}}));
}

BOOST_AUTO_TEST_CASE(numbers_bools_and_characters_are_converted_exactly) {
  using record = std::tuple<std::int8_t, std::uint64_t, double, float, bool, char>;
  auto records
    = parse<record>("-128,18446744073709551615,-1.25e3,0.1,TRUE,x\n 7 ,+5,.5,1,0,\",\"\n");
  BOOST_TEST((records.at(0) == record{-128, 18446744073709551615ull, -1250.0, 0.1f, true, 'x'}));
  BOOST_TEST((records.at(1) == record{7, 5, 0.5, 1.0f, false, ','}));
  for (auto text : {"0.1", "123456789.123456789", "9007199254740993", "1e308", "4.9e-324", "-0.0",
                    "12345678901234567.5", "3."}) {
    auto parsed = parse<std::tuple<double>>(std::string(text) + "\n");
    BOOST_TEST(std::get<0>(parsed.at(0)) == std::strtod(text, nullptr));
  }
}

BOOST_AUTO_TEST_CASE(numbers_too_small_are_zero_and_too_big_ones_are_refused) {
  auto long_one = "0." + std::string(400, '0') + "1";
  for (auto& text : {std::string("1e-400"), std::string("2e-324"), std::string("-1e-400"),
                     std::string("4.9e-324"), std::string("3e-324"), std::string("2.5e-310"),
                     std::string("+1e-99999999999999999999"), std::string("0.0001e-330"),
                     std::string("123456789e-340"), long_one, long_one + "e-10", long_one + "e+401",
                     "1" + std::string(400, '0') + "e-800"}) {
    auto parsed = std::get<0>(parse<std::tuple<double>>(text + "\n").at(0));
    auto expected = std::strtod(text.c_str(), nullptr);
    BOOST_TEST(parsed == expected, text);
    BOOST_TEST(std::signbit(parsed) == std::signbit(expected), text);
  }
  BOOST_TEST(std::get<0>(parse<std::tuple<float>>("1e-46\n").at(0)) == 0.0f);
  for (auto& text : {std::string("1e400"), std::string("-1e309"), "1" + std::string(400, '0'),
                     std::string("0.001e+99999999999999999999"), long_one + "e800"})
    BOOST_TEST(
      failure<std::tuple<double>>(text + "\n").find("is not a number") != std::string::npos, text);
  BOOST_TEST(failure<std::tuple<float>>("1e39\n")
             == "in.csv:1: column 1: \"1e39\" is not a number: 1e39");
}

BOOST_AUTO_TEST_CASE(a_bad_record_fails_with_its_place_and_text) {
  BOOST_TEST(failure<sale>("a,1,2,3\nb,x,2,3\n")
             == "in.csv:2: column 2 (quantity): \"x\" is not an int32: b,x,2,3");
  BOOST_TEST(failure<sale>("a,1,2,3\n\nb,1\n") == "in.csv:3: 2 columns instead of 4: b,1");
  BOOST_TEST(failure<sale>("\"a\nb\",1,2,3\r\nb,1,,5\r\n")
             == "in.csv:3: column 3 (price): \"\" is not a number: b,1,,5");
  BOOST_TEST(
    failure<sale>("a,99999999999,2,3\n")
    == "in.csv:1: column 2 (quantity): \"99999999999\" is not an int32: a,99999999999,2,3");
  BOOST_TEST(failure<pair_of_text>("\"a\"x,b\n")
             == "in.csv:1: there is text behind a closing quote: \"a\"x,b");
  BOOST_TEST(failure<pair_of_text>("a,b\n\"c,d\n")
             == "in.csv:2: a quote is opened and never closed: \"c,d\\n");
  BOOST_TEST(failure<pair_of_text>("a,caf\xe9\n")
             == "in.csv:1: invalid UTF-8 (byte 0xe9 at position 6): a,caf\\xe9");
  auto text = failure<pair_of_text>(std::string(1000, 'x') + "\n");
  BOOST_TEST(text == "in.csv:1: 1 columns instead of 2: " + std::string(200, 'x') + "...");
}

BOOST_AUTO_TEST_CASE(bad_records_can_be_skipped_and_counted) {
  temporary_directory dir;
  csv_options options;
  options.errors = on_error::skip;
  auto source = csv_file_source<sale>(
    dir.write("in.csv", "a,1,2,3\nb\nc,x,1,1\nd,1,1,1\nx,1,2,3,4\n"), options);
  reader_harness<sale> harness(*source, source->make_enumerator(1)->discover());
  BOOST_TEST(harness.all() == (std::vector<sale>{{"a", 1, 2, 3}, {"d", 1, 1, 1}}));
  BOOST_TEST(harness.context.counted("records_skipped") == 3);
}

BOOST_AUTO_TEST_CASE(bad_fields_can_become_null) {
  temporary_directory dir;
  csv_options options;
  options.errors = on_error::null_field;
  auto source
    = csv_file_source<sale>(dir.write("in.csv", "a,1,2,3\nb\nc,x,y,z\nx,1,2,3,4\n"), options);
  reader_harness<sale> harness(*source, source->make_enumerator(1)->discover());
  BOOST_TEST(harness.all()
             == (std::vector<sale>{{"a", 1, 2, 3}, {"b", 0, 0, {}}, {"c", 0, 0, {}}}));
  BOOST_TEST(harness.context.counted("fields_nulled") == 6);
  BOOST_TEST(harness.context.counted("records_skipped") == 1);
}

BOOST_AUTO_TEST_CASE(bad_records_can_be_diverted_with_place_and_reason) {
  std::vector<bad_record> bad;
  csv_options options;
  options.errors = on_error::divert;
  options.divert = [&](const bad_record& b) { bad.push_back(b); };
  temporary_directory dir;
  auto path = dir.write("in.csv", "a,1,2,3\nb\n\"c\n\",x,1,1\nd,1,1,1\nx,1,2,3,4");
  BOOST_TEST(read_all(csv_file_source<sale>(path, options)).size() == 2);
  BOOST_REQUIRE(bad.size() == 3);
  BOOST_TEST((bad[0] == bad_record{path + ":2", "b", "1 columns instead of 4"}));
  BOOST_TEST(
    (bad[1]
     == bad_record{path + ":3", "\"c\n\",x,1,1", "column 2 (quantity): \"x\" is not an int32"}));
  BOOST_TEST((bad[2] == bad_record{path + ":6", "x,1,2,3,4", "5 columns instead of 4"}));
}

BOOST_AUTO_TEST_CASE(invalid_utf8_can_be_replaced_or_kept) {
  csv_options options;
  options.utf8 = invalid_utf8::replace;
  BOOST_TEST(parse<pair_of_text>("\xff,\xe2\x82z\n", options)
             == (texts{{"\xef\xbf\xbd", "\xef\xbf\xbdz"}}));
  options.utf8 = invalid_utf8::keep;
  BOOST_TEST(parse<pair_of_text>("\xff,b\n", options) == (texts{{"\xff", "b"}}));
}

BOOST_AUTO_TEST_CASE(lines_can_be_made_to_end_at_line_ends_whatever_the_quotes) {
  csv_options options;
  options.quoted_newlines = false;
  options.errors = on_error::skip;
  BOOST_TEST(parse<pair_of_text>("a,b\n\"c,d\ne,\"f,\"\"g\"\n\"h\",i\n\"j,k", options)
             == (texts{{"a", "b"}, {"e", "f,\"g"}, {"h", "i"}}));
}

BOOST_AUTO_TEST_CASE(a_quote_that_is_open_at_the_line_end_is_named) {
  csv_options options{.quoted_newlines = false};
  BOOST_TEST(failure<pair_of_text>("\"b,2\nc,d\n", options)
             == "in.csv:1: a quote is opened and never closed: \"b,2");
  BOOST_TEST(failure<pair_of_text>("a,b\r\n\"b,2\r\n", options)
             == "in.csv:2: a quote is opened and never closed: \"b,2");
  BOOST_TEST(failure<sale>("a,\"1,2,3\n", options)
             == "in.csv:1: a quote is opened and never closed: a,\"1,2,3");
  BOOST_TEST(failure<pair_of_text>("\"b\"\n", options)
             == "in.csv:1: 1 columns instead of 2: \"b\"");
}

BOOST_AUTO_TEST_CASE(long_files_without_quotes_end_where_they_end) {
  csv_options options;
  options.quoted_newlines = false;
  std::string content;
  for (int i = 0; i < 20'000; ++i) content += "row " + std::to_string(i) + ",plain\n";
  auto rows = parse<pair_of_text>(content + "last,\"one\"", options, 100'000);
  BOOST_TEST(rows.size() == 20'001);
  BOOST_TEST(rows.back().b == "one");
}

BOOST_AUTO_TEST_CASE(a_line_of_100_megabytes_is_a_record) {
  std::string big(100'000'000, 'x');
  for (auto quoted_newlines : {true, false}) {
    csv_options options{.quoted_newlines = quoted_newlines};
    auto rows = parse<pair_of_text>("a,\"" + big + "\"\nb,c\n", options);
    BOOST_REQUIRE(rows.size() == 2);
    BOOST_TEST((rows[0].b == big));
    BOOST_TEST(rows[1].b == "c");
  }
}

BOOST_AUTO_TEST_CASE(an_overlong_record_is_refused_and_the_next_one_read) {
  csv_options options;
  options.max_record_bytes = 20;
  BOOST_TEST(failure<pair_of_text>("a,b\n" + std::string(100, 'x') + ",y\nc,d\n", options)
             == "in.csv:2: a record is longer than 20 bytes: " + std::string(100, 'x') + ",y");
  options.errors = on_error::skip;
  temporary_directory dir;
  file_source_options blocks;
  for (std::size_t size : {1, 7, 25, 64, 1000}) {
    blocks.block_bytes = size;
    auto path = dir.write("in.csv", "a,b\n" + std::string(100, 'x') + ",\"\ny\"\nc,d\n");
    auto got = read_all(csv_file_source<pair_of_text>(path, options, blocks));
    BOOST_TEST(got == (texts{{"a", "b"}, {"c", "d"}}));
  }
}

BOOST_AUTO_TEST_CASE(generic_rows_follow_their_schema) {
  csv_options options;
  options.row_schema = {{"name", column_type::string},
                        {"n", column_type::int64},
                        {"x", column_type::float64},
                        {"ok", column_type::boolean}};
  options.null_literal = "NULL";
  auto rows = parse<row>("a,1,2.5,true\n,NULL,NULL,NULL\n", options);
  BOOST_TEST(to_text(rows) == "[(a, 1, 2.5, true), (, null, null, null)]");
  BOOST_TEST(print(rows, options) == "a,1,2.5,true\n,NULL,NULL,NULL\n");
  BOOST_TEST(failure<row>("a,,1,true\n", options)
             == "in.csv:1: column 2 (n): \"\" is not an int64: a,,1,true");
  options.header = csv_header::by_name;
  BOOST_TEST(to_text(parse<row>("ok,x,extra,n,name\n1,2,3,4,5\n", options))
             == "[(5, 4, 2.0, true)]");
}

BOOST_AUTO_TEST_CASE(null_cells_of_generic_rows_come_back) {
  csv_options options;
  options.row_schema = {{"a", column_type::string},
                        {"n", column_type::int64},
                        {"x", column_type::float64},
                        {"ok", column_type::boolean}};
  std::vector<row> rows{{{std::monostate{}, std::monostate{}, std::monostate{}, std::monostate{}}},
                        {{"a", std::int64_t{1}, std::monostate{}, true}}};
  BOOST_TEST(print(rows, options) == ",,,\na,1,,true\n");
  BOOST_TEST(to_text(parse<row>(print(rows, options), options))
             == "[(, null, null, null), (a, 1, null, true)]");
  BOOST_TEST(failure<row>("a,\"\",1,true\n", options)
             == "in.csv:1: column 2 (n): \"\" is not an int64: a,\"\",1,true");
}

BOOST_AUTO_TEST_CASE(a_null_that_is_alone_in_its_line_comes_back) {
  using number = std::tuple<std::optional<int>>;
  std::vector<number> numbers{{1}, {std::nullopt}, {2}};
  BOOST_TEST(print(numbers) == "1\n\"\"\n2\n");
  BOOST_TEST((parse<number>(print(numbers)) == numbers));
  csv_options options;
  options.row_schema = {{"n", column_type::int64}};
  std::vector<row> rows{{{std::monostate{}}}, {{std::int64_t{1}}}};
  BOOST_TEST((parse<row>(print(rows, options), options) == rows));
  using text = std::tuple<std::optional<std::string>>; // documented: the one that does not
  BOOST_TEST((parse<text>(print<text>({{std::nullopt}})) == std::vector<text>{{""}}));
  options = {.null_literal = "NULL"};
  BOOST_TEST(
    (parse<text>(print<text>({{std::nullopt}}, options), options) == std::vector<text>{{}}));
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_back_the_same) {
  csv_options options;
  options.write_header = true;
  std::vector<sale> sales{
    {"a", 1, 2.5, {}}, {" padded ", -3, 1e100, 9}, {"q\"q,\nx", 0, 0, {}}, {"", 0, 1.0 / 3, {}}};
  auto text = print(sales, options);
  BOOST_TEST(text
             == "category,quantity,price,customer\na,1,2.5,\n\" padded "
                "\",-3,1e+100,9\n\"q\"\"q,\nx\",0,0.0,\n,0,0.3333333333333333,\n");
  options.header = csv_header::by_name;
  BOOST_TEST(parse<sale>(text, options) == sales);
  using maybe = std::tuple<std::optional<std::string>>;
  std::vector<maybe> values{{"x"}, {""}, {"a b"}};
  BOOST_TEST((parse<maybe>(print(values)) == values));
}

template <class T>
std::string refusal(csv_options options) {
  try {
    csv_file_sink<T>("x", std::move(options))->validate();
  } catch (const plan_error& e) {
    return e.what();
  }
  return "accepted";
}

BOOST_AUTO_TEST_CASE(options_of_writers_are_checked_like_those_of_readers) {
  using texts_pair = std::pair<std::string, std::string>;
  auto line_end = "CSV: a delimiter or quote cannot be a line end, a delimiter not '\\0'";
  BOOST_TEST(refusal<sale>({}) == "accepted");
  BOOST_TEST(refusal<sale>({.quote = '\n'}) == line_end);
  BOOST_TEST(refusal<sale>({.delimiter = '\n'}) == line_end);
  BOOST_TEST(refusal<sale>({.delimiter = '\0'}) == line_end);
  BOOST_TEST(refusal<sale>({.delimiter = '"'}) == "CSV: delimiter and quote are both '\"'");
  for (auto null : {",", "a\n", "\"x\""})
    BOOST_TEST(refusal<sale>({.null_literal = null})
               == "CSV: null_literal cannot hold a delimiter or line end nor begin with a quote");
  BOOST_TEST(refusal<sale>({.quote = '\0', .null_literal = "\"x\""}) == "accepted");
  BOOST_TEST(refusal<texts_pair>({.columns = {"one"}, .write_header = true})
             == "CSV: write_header has 1 names in csv_options::columns for records of 2 fields");
  BOOST_TEST(refusal<texts_pair>({.columns = {"one", "two"}, .write_header = true}) == "accepted");
  auto nameless = "CSV: write_header needs names, and the records have none: give "
                  "csv_options::columns (for rows: row_schema)";
  BOOST_TEST(refusal<texts_pair>({.write_header = true}) == nameless);
  BOOST_TEST(refusal<pair_of_text>({.write_header = true}) == nameless);
  BOOST_TEST(refusal<row>({.write_header = true}) == nameless);
  BOOST_TEST(refusal<sale>({.write_header = true}) == "accepted");
  BOOST_TEST(refusal<row>({.columns = {"one"}, .write_header = true}) == "accepted");
  BOOST_TEST(refusal<row>({.columns = {"one"}, .row_schema = {{"a"}, {"b"}}, .write_header = true})
             == "CSV: write_header has 1 names in csv_options::columns for records of 2 fields");
  BOOST_TEST(refusal<texts_pair>({.quote = '\0', .columns = {"one", "t,o"}, .write_header = true})
             == "CSV: the name \"t,o\" cannot be written without quotes, and there are none");
}

template <class T>
std::string write_failure(const T& record, csv_options options) {
  try {
    print<T>({record}, std::move(options));
  } catch (const format_error& e) {
    return e.what();
  }
  return "written";
}

BOOST_AUTO_TEST_CASE(a_row_that_does_not_fit_its_schema_is_not_written) {
  for (auto& options : {csv_options{.row_schema = {{"a"}, {"b"}}},
                        csv_options{.columns = {"a", "b"}, .write_header = true}}) {
    BOOST_TEST(write_failure(row{{"x", "y"}}, options) == "written");
    BOOST_TEST(write_failure(row{{"x"}}, options)
               == "CSV: a row of 1 cells cannot be written under 2 columns");
    BOOST_TEST(write_failure(row{{"x", "y", "z"}}, options)
               == "CSV: a row of 3 cells cannot be written under 2 columns");
  }
  BOOST_TEST(print<row>({row{{"x"}}, row{{"y", "z"}}}) == "x\ny,z\n");
}

BOOST_AUTO_TEST_CASE(what_needs_quotes_is_not_written_without) {
  csv_options options{.quote = '\0'};
  BOOST_TEST(print<pair_of_text>({{"a \"b\"", " c "}}, options) == "a \"b\", c \n");
  BOOST_TEST(write_failure(sale{"Toys, Games", 1, 2, {}}, options)
             == "CSV: column 1 (category): \"Toys, Games\" cannot be written without quotes, and "
                "there are none");
  BOOST_TEST(write_failure(pair_of_text{"a", "b\nc"}, options)
             == "CSV: column 2: \"b\\nc\" cannot be written without quotes, and there are none");
  using maybe = std::tuple<int, std::optional<std::string>>;
  BOOST_TEST(write_failure(maybe{1, ""}, options)
             == "CSV: column 2: \"\" cannot be written without quotes, and there are none");
  BOOST_TEST(write_failure(maybe{1, std::nullopt}, options) == "written");
  BOOST_TEST(write_failure(std::tuple<std::string>{""}, options)
             == "CSV: column 1: \"\" cannot be written without quotes, and there are none");
  options.row_schema = {{"a"}, {"b"}};
  options.null_literal = "NULL";
  BOOST_TEST(print<row>({row{{std::monostate{}, ""}}}, options) == "NULL,\n");
  BOOST_TEST(write_failure(row{{"x", "NULL"}}, options)
             == "CSV: column 2 (b): \"NULL\" cannot be written without quotes, and there are none");
}

BOOST_AUTO_TEST_CASE(small_batches_and_blocks_give_the_same_records) {
  std::string content;
  texts expected;
  for (int i = 0; i < 300; ++i) {
    expected.push_back({"row " + std::to_string(i), i % 3 == 0 ? "x\n\"y\"," : "plain"});
    content += expected.back().a + (i % 3 == 0 ? ",\"x\n\"\"y\"\",\"\n" : ",plain\r\n");
  }
  temporary_directory dir;
  auto path = dir.write("in.csv", content);
  for (std::size_t block : {1, 3, 64, 100, 4096})
    for (std::size_t records : {1, 2, 63, 1000}) {
      file_source_options options;
      options.block_bytes = block;
      BOOST_TEST(read_all(csv_file_source<pair_of_text>(path, {}, options), records) == expected);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
