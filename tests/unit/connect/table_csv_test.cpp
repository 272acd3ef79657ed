#include "support/table_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace {

using namespace sluice;
using namespace sluice::testing;

struct csv_file {
  temporary_directory dir;
  std::string path;

  explicit csv_file(std::string_view content) : path(dir.write("in.csv", content)) {}

  table::table_description table(const std::string& columns, option_map options = {}) const {
    options.insert({{"connector", "filesystem"}, {"path", path}, {"format", "csv"}});
    return describe(columns, std::move(options));
  }
};

row_texts read(std::string_view content, const std::string& columns, option_map options = {}) {
  csv_file file(content);
  return read_table(file.table(columns, std::move(options)));
}

std::string error_of(std::string_view content, const std::string& columns,
                     option_map options = {}) {
  csv_file file(content);
  try {
    read_table(file.table(columns, std::move(options)));
  } catch (const error& e) {
    std::string text = e.what();
    auto at = text.find(file.path);
    return at == std::string::npos ? text : text.substr(at + file.path.size());
  }
  return "no error";
}

const option_map ignoring{{"csv.ignore-parse-errors", "true"}};

void check(const row_texts& got, const row_texts& expected) {
  BOOST_TEST(got == expected, boost::test_tools::per_element());
  if (got.size() != expected.size())
    for (auto& row : got) BOOST_TEST_MESSAGE(row);
}

BOOST_AUTO_TEST_SUITE(table_csv)

BOOST_AUTO_TEST_CASE(every_type_is_read_as_flink_reads_it) {
  check(read("true,1,-2,30000,4000000000,1.5,-2.25,12.345,text,2024-02-29,12:30:15,"
             "2024-01-02 03:04:05.678,2024-01-02 03:04:05Z,a;b;,1;x,AQI=\n",
             "b BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, "
             "m DECIMAL(5, 2), c STRING, dt DATE, tm TIME, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), "
             "a ARRAY<STRING>, r ROW<n INT, t STRING>, y BYTES"),
        {"+I[true, 1, -2, 30000, 4000000000, 1.5, -2.25, 12.35, text, 2024-02-29, 12:30:15, "
         "2024-01-02T03:04:05.678, 2024-01-02T03:04:05Z, [a, b, ], +I[1, x], [1, 2]]"});
}

BOOST_AUTO_TEST_CASE(numbers_are_trimmed_and_texts_are_not) {
  check(read(" 12 , 1.5 , a \n+7,1e3,\n-0,.5,x\n", "i INT, d DOUBLE, s STRING"),
        {"+I[12, 1.5,  a ]", "+I[7, 1000.0, ]", "+I[0, 0.5, x]"});
}

BOOST_AUTO_TEST_CASE(short_doubles_are_rounded_correctly) {
  std::mt19937_64 random(7);
  std::string content;
  std::vector<double> expected;
  for (int i = 0; i < 5000; ++i) {
    auto digits = std::to_string(random() % 1'000'000'000'000'000ull);
    digits.resize(1 + random() % digits.size());
    auto point = random() % (digits.size() + 1);
    auto text = digits.substr(0, point) + (random() % 4 ? "." : "") + digits.substr(point);
    if (text.front() == '.') text = "0" + text;
    if (random() % 2) text = "-" + text;
    content += text + ",x\n";
    expected.push_back(std::stod(text));
  }
  csv_file file(content);
  auto table = file.table("d DOUBLE, s STRING");
  auto source = source_of(table)->make({.columns = {0}, .metadata = {}, .filters = {}});
  table_reader reader(*source, all_splits(*source));
  row_texts ignored;
  std::size_t at = 0;
  auto idle = [](const poll_result&) { throw std::logic_error("stuck"); };
  while (reader.step(ignored, idle)) {
    for (std::size_t i = 0; i < reader.rows().size(); ++i)
      BOOST_REQUIRE_EQUAL(reader.rows().at(0).value<double>(i), expected.at(at++));
  }
  BOOST_TEST(at == expected.size());
}

BOOST_AUTO_TEST_CASE(bad_fields_are_null_and_bad_rows_gone_when_errors_are_ignored) {
  check(
    read("InvoiceNo,Quantity\n1,x\n2,5\n3\n4,5,6\n\n\"a\"b,1\n7,\n", "id STRING, n INT", ignoring),
    {"+I[InvoiceNo, null]", "+I[1, null]", "+I[2, 5]", "+I[3, null]", "+I[7, null]"});
  check(read("1,a;x\n2,3;4\n", "i INT, a ARRAY<INT>", ignoring),
        {"+I[1, [null, null]]", "+I[2, [3, 4]]"});
}

BOOST_AUTO_TEST_CASE(an_open_quote_at_the_end_drops_the_row) {
  check(read("1,a\n2,\"b\n3,c", "i INT, s STRING", ignoring), {"+I[1, a]"});
}

BOOST_AUTO_TEST_CASE(wrong_quotes_are_found_wherever_they_lie) {
  for (std::size_t shift = 0; shift < 140; ++shift) {
    auto before = std::string(shift, 'x') + ",x\n"; // quotes come to lie at every place of a block
    check(read(before + "\"a\",b\r\n\"c\"\"d\",\"e\"\r\nf,\"g\"", "s STRING, t STRING", ignoring),
          {"+I[" + std::string(shift, 'x') + ", x]", "+I[a, b]", "+I[c\"d, e]", "+I[f, g]"});
    check(read(before + "\"a\"b,c\nd,\"e\"\rf\ng,h\"\n\"i\" ,j\n\"k,l\n", "s STRING, t STRING",
               ignoring),
          {"+I[" + std::string(shift, 'x') + ", x]", "+I[g, h\"]"});
  }
}

BOOST_AUTO_TEST_CASE(integers_of_every_length) {
  std::string content;
  row_texts expected;
  for (std::string digits = "1"; digits.size() <= 18;
       digits += std::to_string(digits.size() % 10)) {
    content += digits + ",-" + digits + ",0" + digits + "\n";
    expected.push_back("+I[" + digits + ", -" + digits + ", " + digits + "]");
  }
  check(read(content, "a BIGINT, b BIGINT, c BIGINT"), expected);
  check(read("1,2/\n3,:4\n5,6 \n", "a INT, b INT", ignoring),
        {"+I[1, null]", "+I[3, null]", "+I[5, 6]"});
}

BOOST_AUTO_TEST_CASE(rows_do_not_depend_on_the_columns_that_are_read) {
  csv_file file("1,\"x\"y,a\n2,z\n3,\"q\",c\nx,5,6,7\n");
  auto table = file.table("i INT, s STRING, t STRING", ignoring);
  for (std::size_t c = 0; c < 3; ++c)
    BOOST_TEST(read_table(table, {.columns = {c}, .metadata = {}, .filters = {}}).size() == 2u);
  check(read_table(table, {.columns = {}, .metadata = {}, .filters = {}}), {"+I[]", "+I[]"});
}

BOOST_AUTO_TEST_CASE(errors_name_line_text_and_field) {
  BOOST_TEST(error_of("1,2\n3,x\n", "a INT, n INT")
             == ":2: Fail to deserialize at field: n. \"x\" is not an INT: 3,x");
  BOOST_TEST(error_of("1,2\n\n3\n", "a INT, b INT")
             == ":3: Row length mismatch. 2 fields expected but was 1.: 3");
  BOOST_TEST(error_of("1,2,3\n", "a INT, b INT")
             == ":1: Row length mismatch. 2 fields expected but was 3.: 1,2,3");
  BOOST_TEST(error_of("a,\"b\"c\n", "a STRING, b STRING")
             == ":1: the quotes in column 2 are wrong: a,\"b\"c");
  BOOST_TEST(error_of("1,\n", "a INT, b INT")
             == ":1: Fail to deserialize at field: b. \"\" is not an INT: 1,");
}

BOOST_AUTO_TEST_CASE(the_first_bad_line_is_the_one_that_is_told_of) {
  BOOST_TEST(error_of("1,2\n3,4\nx,5\n6\n7,y\n", "a INT, b INT").starts_with(":3: "));
  BOOST_TEST(error_of("1,2\n3,4\n6\nx,5\n", "a INT, b INT").starts_with(":3: "));
}

BOOST_AUTO_TEST_CASE(quotes_delimiters_and_null_literals_are_as_told) {
  check(read("\"a,\"\"b\",\"multi\nline\"\r\n'x',\n", "a STRING, b STRING"),
        {"+I[a,\"b, multi\nline]", "+I['x', ]"});
  check(
    read("'a;b';N\n", "a STRING, b STRING",
         {{"csv.field-delimiter", ";"}, {"csv.quote-character", "'"}, {"csv.null-literal", "N"}}),
    {"+I[a;b, null]"});
  check(read("\"a\tb\n", "a STRING, b STRING",
             {{"csv.field-delimiter", "\\t"}, {"csv.disable-quote-character", "true"}}),
        {"+I[\"a, b]"});
  check(read("1,null\n2,x\n", "a INT, b INT",
             {{"csv.null-literal", "null"}, {"csv.ignore-parse-errors", "true"}}),
        {"+I[1, null]", "+I[2, null]"});
}

BOOST_AUTO_TEST_CASE(escapes_and_comments_are_understood) {
  check(read("a\\,b,\"x\\\"y\"\nc\\\\,d\n", "a STRING, b STRING", {{"csv.escape-character", "\\"}}),
        {"+I[a,b, x\"y]", "+I[c\\, d]"});
  check(read("# it's \"a comment\n1,a\n  # another, one\n2,b\n", "i INT, s STRING",
             {{"csv.allow-comments", "true"}}),
        {"+I[1, a]", "+I[2, b]"});
}

BOOST_AUTO_TEST_CASE(a_header_is_data_or_skipped_or_tells_the_columns) {
  auto text = "name,\"n\"\nx,1\ny,2\n";
  check(read(text, "name STRING, n INT", ignoring), {"+I[name, null]", "+I[x, 1]", "+I[y, 2]"});
  check(read(text, "a STRING, b INT", {{"csv.header", "skip"}}), {"+I[x, 1]", "+I[y, 2]"});
  check(read(text, "n INT, name STRING", {{"csv.header", "by-name"}}), {"+I[1, x]", "+I[2, y]"});
  BOOST_TEST(error_of(text, "z INT", {{"csv.header", "by-name"}})
             == ":1: column not found in the header: z (there are name, n)");
  BOOST_TEST(error_of("n,x,n\n1,2,3\n", "n INT", {{"csv.header", "by-name"}})
             == ":1: column n is there twice: columns 1 and 3");
  check(read("n,x,x\n1,2,3\n", "n INT", {{"csv.header", "by-name"}}), {"+I[1]"});
  BOOST_TEST(
    error_of("a\x1b_," + std::string(500, 'x') + "\n", "z INT", {{"csv.header", "by-name"}})
    == ":1: column not found in the header: z (there are a\\x1b_, " + std::string(195, 'x')
         + "...)");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_are_replaced) {
  check(read("a\xff"
             "b,1\n",
             "s STRING, i INT"),
        {"+I[a\xef\xbf\xbd"
         "b, 1]"});
}

BOOST_AUTO_TEST_CASE(any_batch_size_gives_the_same_rows) {
  std::string content;
  row_texts expected;
  for (int i = 0; i < 3000; ++i) {
    bool bad = i % 7 == 0;
    content += std::to_string(i) + (bad ? ",x,\"q\"\n" : ",1.5,\"a long text, quoted\"\n");
    expected.push_back("+I[" + std::to_string(i)
                       + (bad ? ", null, q]" : ", 1.5, a long text, quoted]"));
  }
  csv_file file(content);
  auto table = file.table("i INT, d DOUBLE, s STRING", ignoring);
  for (std::size_t size : {1u, 3u, 64u, 1000u, 2048u}) check(read_table(table, size), expected);
}

BOOST_AUTO_TEST_CASE(options_that_contradict_or_are_unknown_are_refused) {
  csv_file file("1\n");
  auto refused = [&](option_map options, const std::string& columns = "a STRING, b STRING") {
    BOOST_CHECK_THROW(read_table(file.table(columns, std::move(options))), plan_error);
  };
  refused({{"csv.field-delimiter", ",,"}});
  refused({{"csv.quote-character", ","}});
  refused({{"csv.quote-character", "'"}, {"csv.disable-quote-character", "true"}});
  refused({{"csv.no-such-option", "1"}});
  refused({{"csv.header", "perhaps"}});
  refused({}, "m MAP<STRING, INT>");
  refused({}, "a ARRAY<ARRAY<INT>>");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
