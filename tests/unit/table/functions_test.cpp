#include "expression_support.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::table;
using namespace sluice::table::test;

/// A call and its value.
struct sample {
  const char* name;
  std::vector<arg> args;
  const char* expected;
  std::vector<std::size_t> fixed = {}; // arguments that must be literals
};

/// The call of literals, and of columns with a row of NULLs between.
void check(const std::vector<sample>& samples) {
  for (const auto& s : samples) {
    std::string text = s.name;
    for (const auto& a : s.args) text += " " + a.value.to_string();
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(call(s.name, s.args) == s.expected);
      if (s.args.empty() || s.fixed.size() == s.args.size()) continue;
      auto rows = call_on_columns(s.name, s.args, s.fixed);
      BOOST_TEST(rows[0] == s.expected);
      BOOST_TEST(rows[1] == "NULL");
      BOOST_TEST(rows[2] == s.expected);
    }
  }
}

arg ts(const char* text) { return of(text, "TIMESTAMP(3)"); }
arg date(const char* text) { return of(text, "DATE"); }
arg dec(const char* text, const char* type) { return of(text, type); }

auto says(std::string text) {
  return [text](const std::exception& e) {
    BOOST_TEST_MESSAGE(e.what());
    return std::string(e.what()).find(text) != std::string::npos;
  };
}

} // namespace

BOOST_AUTO_TEST_SUITE(table_functions)

BOOST_AUTO_TEST_CASE(arithmetic) {
  check({{"+", {1, 2}, "3"},
         {"+", {2147483647, 1}, "-2147483648"}, // wraps
         {"-", {1, std::int64_t{2}}, "-1"},
         {"*", {1.5, 2}, "3.0"},
         {"/", {7, 2}, "3"},
         {"/", {-7, 2}, "-3"},
         {"/", {7.0, 2}, "3.5"},
         {"/", {1.0, 0.0}, "Infinity"},
         {"%", {-7, 3}, "-1"},
         {"+", {dec("1.25", "DECIMAL(5,2)"), 1}, "2.25"},
         {"*", {dec("0.908", "DECIMAL(4,3)"), std::int64_t{1000}}, "908.000"},
         {"/", {dec("1", "DECIMAL(5,2)"), dec("3", "DECIMAL(5,2)")}, "0.33333333"},
         {"%", {dec("5.5", "DECIMAL(5,1)"), dec("2", "DECIMAL(5,1)")}, "1.5"},
         {"NEGATE", {5}, "-5"},
         {"NEGATE", {dec("1.5", "DECIMAL(5,1)")}, "-1.5"},
         {"PLUS", {5}, "5"}});
  BOOST_TEST(type_of("*", {dec("0.908", "DECIMAL(4,3) NOT NULL"), std::int64_t{1}})
             == "DECIMAL(24, 3)");
  BOOST_TEST(type_of("+", {1, 2}) == "INT NOT NULL");
  BOOST_TEST(call("*", {dec("99999999999999999999999999999999999999", "DECIMAL(38,0)"), 10})
             == "NULL"); // overflow
  BOOST_CHECK_EXCEPTION(call("/", {1, 0}), evaluation_error, says("division by zero"));
  BOOST_CHECK_EXCEPTION(call("%", {1, 0}), evaluation_error, says("division by zero"));
  BOOST_CHECK_EXCEPTION(call("/", {dec("1", "DECIMAL(5,2)"), dec("0", "DECIMAL(5,2)")}),
                        evaluation_error, says("division by zero"));
  BOOST_TEST(call("/", {of("-2147483648", "INT"), -1}) == "-2147483648");
}

BOOST_AUTO_TEST_CASE(times_and_intervals) {
  auto hours
    = [](std::int64_t n) { return arg(scalar::of(data_type::interval_day_time(), n * 3'600'000)); };
  auto months = [](std::int64_t n) { return arg(scalar::of(data_type::interval_year_month(), n)); };
  check({{"+", {ts("2020-01-01 10:00:00"), hours(15)}, "2020-01-02 01:00:00.000"},
         {"+", {hours(1), ts("2020-01-01 10:00:00")}, "2020-01-01 11:00:00.000"},
         {"-", {ts("2020-03-31 10:00:00"), months(1)}, "2020-02-29 10:00:00.000"},
         {"+", {date("2020-01-31"), months(1)}, "2020-02-29"},
         {"+", {date("2020-01-31"), hours(24)}, "2020-02-01"},
         {"+", {of("23:30:00", "TIME(0)"), hours(1)}, "00:30:00"},
         {"-", {ts("2020-01-02 00:00:00"), ts("2020-01-01 10:00:00")}, "+0 14:00:00.000"},
         {"+", {hours(1), hours(2)}, "+0 03:00:00.000"},
         {"*", {hours(5), 5}, "+1 01:00:00.000"},
         {"*", {2, months(7)}, "+1-02"}});
}

BOOST_AUTO_TEST_CASE(comparisons) {
  check({{"=", {1, 1.0}, "TRUE"},
         {"<>", {"a", "b"}, "TRUE"},
         {"=", {"abc", "abcd"}, "FALSE"},
         {"<", {"abc", "abcd"}, "TRUE"},
         {">", {"a long text of many letters", "a long text of many leters"}, "TRUE"},
         {">=", {dec("1.50", "DECIMAL(5,2)"), dec("1.5", "DECIMAL(3,1)")}, "TRUE"},
         {"<", {dec("1.5", "DECIMAL(3,1)"), 2}, "TRUE"},
         {"<=", {true, false}, "FALSE"},
         {"=", {date("2020-01-01"), "2020-01-01"}, "TRUE"},
         {">", {"10", 9}, "TRUE"}, // the text becomes a number
         {"<", {date("2020-01-01"), ts("2020-01-01 00:00:01")}, "TRUE"},
         {"BETWEEN", {2, 1, 3}, "TRUE"},
         {"NOT BETWEEN", {2, 1, 3}, "FALSE"},
         {"BETWEEN SYMMETRIC", {2, 3, 1}, "TRUE"},
         {"NOT BETWEEN SYMMETRIC", {2, 3, 1}, "FALSE"},
         {"IN", {2, 1, 2}, "TRUE"},
         {"NOT IN", {2, 1, 3}, "TRUE"},
         {"GREATEST", {1, 3, 2}, "3"},
         {"GREATEST", {"a", "a text that is quite long", "a text"}, "a text that is quite long"},
         {"LEAST", {1.5, 1}, "1.0"},
         {"OVERLAPS",
          {date("2020-01-01"), date("2020-01-05"), date("2020-01-04"), date("2020-02-01")},
          "TRUE"}});
  BOOST_TEST(call("IN", {1, 2, null_of("INT")}) == "NULL");
  BOOST_TEST(call("NOT IN", {1, 2, null_of("INT")}) == "NULL");
  BOOST_TEST(call("IS DISTINCT FROM", {1, null_of("INT")}) == "TRUE");
  BOOST_TEST(call("IS NOT DISTINCT FROM", {null_of("INT"), null_of("INT")}) == "TRUE");
  BOOST_TEST(call("IS NULL", {null_of("INT")}) == "TRUE");
  BOOST_TEST(call("IS NOT NULL", {null_of("INT")}) == "FALSE");
  BOOST_TEST(call("IS TRUE", {null_of("BOOLEAN")}) == "FALSE");
  BOOST_TEST(call("IS NOT TRUE", {null_of("BOOLEAN")}) == "TRUE");
  BOOST_TEST(call("IS FALSE", {false}) == "TRUE");
  BOOST_TEST(call("IS NOT FALSE", {false}) == "FALSE");
  BOOST_TEST(call("IS UNKNOWN", {null_of("BOOLEAN")}) == "TRUE");
  BOOST_TEST(call("IS NOT UNKNOWN", {true}) == "TRUE");
  BOOST_TEST(call("IF", {true, 1, 2}) == "1");
  BOOST_TEST(call("IF", {null_of("BOOLEAN"), 1, 2}) == "2");
  BOOST_TEST(call("IFNULL", {null_of("INT"), 2}) == "2");
  BOOST_TEST(call("NULLIF", {1, 1}) == "NULL");
  BOOST_TEST(call("NULLIF", {1, 2}) == "1");
  BOOST_TEST(call("COALESCE", {null_of("INT"), null_of("INT")}) == "NULL");
  BOOST_CHECK_THROW(call("=", {"x", 1}), evaluation_error);
}

BOOST_AUTO_TEST_CASE(mathematics) {
  check({{"ABS", {-3}, "3"},
         {"ABS", {dec("-1.5", "DECIMAL(3,1)")}, "1.5"},
         {"SIGN", {-2.5}, "-1.0"},
         {"SIGN", {dec("-2.5", "DECIMAL(3,1)")}, "-1.0"},
         {"POWER", {2, 10}, "1024.0"},
         {"SQRT", {2.25}, "1.5"},
         {"LN", {1}, "0.0"},
         {"LOG", {8, 64}, "2.0"},
         {"LOG10", {1000}, "3.0"},
         {"LOG2", {8}, "3.0"},
         {"EXP", {0}, "1.0"},
         {"SIN", {0}, "0.0"},
         {"SINH", {0}, "0.0"},
         {"COS", {0}, "1.0"},
         {"COSH", {0}, "1.0"},
         {"TAN", {0}, "0.0"},
         {"TANH", {0}, "0.0"},
         {"COT", {0.7853981633974483}, "1.0000000000000002"},
         {"ASIN", {0}, "0.0"},
         {"ACOS", {1}, "0.0"},
         {"ATAN", {0}, "0.0"},
         {"ATAN2", {0, 1}, "0.0"},
         {"DEGREES", {3.141592653589793}, "180.0"},
         {"RADIANS", {180}, "3.141592653589793"},
         {"FLOOR", {-1.5}, "-2.0"},
         {"CEIL", {dec("1.1", "DECIMAL(5,2)")}, "2"},
         {"CEIL", {3}, "3"},
         {"ROUND", {2.5, 0}, "3.0"},
         {"ROUND", {-2.345, 2}, "-2.35"},
         {"ROUND", {1250, -2}, "1300"},
         {"ROUND", {dec("2.345", "DECIMAL(5,3)"), 2}, "2.35", {1}},
         {"TRUNCATE", {42.345, 2}, "42.34"},
         {"TRUNCATE", {dec("-42.345", "DECIMAL(5,3)"), 2}, "-42.34", {1}},
         {"BIN", {10}, "1010"},
         {"BIN", {std::int64_t{-1}}, std::string(64, '1').c_str()},
         {"HEX", {255}, "FF"},
         {"HEX", {"ab"}, "6162"},
         {"UNHEX", {"6162"}, "ab"},
         {"PI", {}, "3.141592653589793"},
         {"E", {}, "2.718281828459045"}});
  BOOST_TEST(call("UNHEX", {"xy"}) == "NULL");
  BOOST_TEST(type_of("ROUND", {dec("2.345", "DECIMAL(5,3) NOT NULL"), 2}) == "DECIMAL(5, 2)");
  BOOST_TEST(call("RAND", {7}) == call("RAND", {7}));
  BOOST_TEST(call("RAND_INTEGER", {1}) == "0");
  BOOST_TEST(call("RAND_INTEGER", {5, 100}) == call("RAND_INTEGER", {5, 100}));
  BOOST_TEST(call("UUID", {}).size() == 36u);
  BOOST_TEST(call("UUID", {}) != call("UUID", {}));
  BOOST_CHECK_THROW(call("RAND_INTEGER", {0}), evaluation_error);
}

BOOST_AUTO_TEST_CASE(texts) {
  check({{"||", {"ab", "cd"}, "abcd"},
         {"CONCAT", {"a", "b", 3}, "ab3"},
         {"UPPER", {"straße é"}, "STRASSE É"},
         {"LOWER", {"ÀBC"}, "àbc"},
         {"INITCAP", {"hello wORLD"}, "Hello World"},
         {"REVERSE", {"aéb"}, "béa"},
         {"CHAR_LENGTH", {"aéb"}, "3"},
         {"TRIM", {"  a "}, "a"},
         {"TRIM", {"LEADING", "x", "xxaxx"}, "axx", {0}},
         {"LTRIM", {"  a "}, "a "},
         {"RTRIM", {"  a "}, "  a"},
         {"BTRIM", {"xyaxy", "xy"}, "a"},
         {"REPEAT", {"ab", 3}, "ababab"},
         {"REPLACE", {"hello world", "world", "flink"}, "hello flink"},
         {"TRANSLATE", {"abcba", "abc", "x"}, "xx"},
         {"OVERLAY", {"This is an old string", " new", 10, 5}, "This is a new string"},
         {"OVERLAY", {"abcdef", "XY", 2}, "aXYdef"},
         {"SPLIT_INDEX", {"a,b,c", ",", 1}, "b"},
         {"SUBSTRING", {"hello", 2, 3}, "ell"},
         {"SUBSTRING", {"hello", -3}, "llo"},
         {"SUBSTR", {"a long text, longer than inline", 8}, "text, longer than inline"},
         {"LEFT", {"hello", 2}, "he"},
         {"RIGHT", {"hello", 2}, "lo"},
         {"POSITION", {"l", "hello"}, "3"},
         {"INSTR", {"hello", "lo"}, "4"},
         {"LOCATE", {"l", "hello", 4}, "4"},
         {"STARTSWITH", {"hello", "he"}, "TRUE"},
         {"ENDSWITH", {"hello", "he"}, "FALSE"},
         {"LPAD", {"hi", 5, "xy"}, "xyxhi"},
         {"RPAD", {"hi", 1, "x"}, "h"},
         {"ASCII", {"A"}, "65"},
         {"CHR", {97}, "a"},
         {"IS_ALPHA", {"ab"}, "TRUE"},
         {"IS_DIGIT", {"1a"}, "FALSE"},
         {"IS_DECIMAL", {"-1.5"}, "TRUE"},
         {"TO_BASE64", {"hello world"}, "aGVsbG8gd29ybGQ="},
         {"FROM_BASE64", {"aGVsbG8gd29ybGQ="}, "hello world"},
         {"URL_ENCODE", {"a b/é"}, "a+b%2F%C3%A9"},
         {"URL_DECODE", {"a+b%2F%C3%A9"}, "a b/é"},
         {"PARSE_URL", {"http://u@host:80/path?k=v&q=1#r", "HOST"}, "host"},
         {"PARSE_URL", {"http://host/path?k=v&q=1#r", "QUERY", "q"}, "1"},
         {"ENCODE", {"é", "ISO-8859-1"}, "\xe9"}});
  BOOST_TEST(call("CONCAT_WS", {"-", "a", null_of("STRING"), "b"}) == "a-b");
  BOOST_TEST(call("CONCAT_WS", {null_of("STRING"), "a"}) == "NULL");
  BOOST_TEST(call("ELT", {2, "a", "b"}) == "b");
  BOOST_TEST(call("ELT", {3, "a", "b"}) == "NULL");
  BOOST_TEST(call("SPLIT_INDEX", {"a,b", ",", 5}) == "NULL");
  BOOST_TEST(call("LPAD", {"a", -1, "x"}) == "NULL");
  BOOST_TEST(call("URL_DECODE", {"%zz"}) == "NULL");
  BOOST_TEST(call("FROM_BASE64", {"*"}) == "NULL");
  BOOST_TEST(call("DECODE", {of("abc", "BYTES"), "UTF-16BE"}).size() > 0u);
  BOOST_CHECK_EXCEPTION(call("ENCODE", {"a", "EBCDIC"}), evaluation_error, says("EBCDIC"));
  BOOST_CHECK_EXCEPTION(call("REPEAT", {"abcdefgh", 1 << 30}), evaluation_error, says("256 MiB"));
  BOOST_TEST(type_of("||", {"ab", "cd"}) == "CHAR(4) NOT NULL");
}

BOOST_AUTO_TEST_CASE(patterns) {
  check({{"LIKE", {"hello", "h%o"}, "TRUE"},
         {"LIKE", {"hello", "h_llo"}, "TRUE"},
         {"LIKE", {"hello", "%ell%"}, "TRUE"},
         {"LIKE", {"hello", "%l%l%l%"}, "FALSE"},
         {"LIKE", {"aXbXc", "a%X_"}, "TRUE"},
         {"LIKE", {"ab", "a%ab"}, "FALSE"},
         {"LIKE", {"", "%"}, "TRUE"},
         {"LIKE", {"50%", "50!%", "!"}, "TRUE", {2}},
         {"LIKE", {"é", "_"}, "TRUE"},
         {"NOT LIKE", {"hello", "x%"}, "TRUE"},
         {"SIMILAR TO", {"abc", "(a|x)b_"}, "TRUE"},
         {"NOT SIMILAR TO", {"abc", "[x-z]%"}, "TRUE"},
         {"REGEXP", {"abc123", "[0-9]+"}, "TRUE"},
         {"REGEXP_EXTRACT", {"foothebar", "foo(.*?)(bar)", 2}, "bar"},
         {"REGEXP_EXTRACT", {"abc", "b."}, "bc"},
         {"REGEXP_REPLACE", {"foobar", "oo|ar", ""}, "fb"},
         {"REGEXP_REPLACE", {"john smith", "(\\w+) (\\w+)", "$2 $1"}, "smith john"},
         {"REGEXP_COUNT", {"a1b22c", "[0-9]+"}, "2"},
         {"REGEXP_INSTR", {"éa1", "[0-9]"}, "3"},
         {"REGEXP_SUBSTR", {"ab12", "[0-9]+"}, "12"},
         {"REGEXP_EXTRACT_ALL", {"a1b2", "[a-z]([0-9])"}, "[1, 2]"}});
  BOOST_TEST(call("REGEXP_EXTRACT", {"abc", "x"}) == "NULL");
  BOOST_CHECK_EXCEPTION(call("REGEXP", {"a", "(?=a)"}), binding_error, says("not supported"));
  BOOST_CHECK_EXCEPTION(call("LIKE", {"a", "a!", "!"}), binding_error, says("escape character"));
  BOOST_CHECK_THROW(call_on_columns("REGEXP", {"a", "("}), evaluation_error);
}

BOOST_AUTO_TEST_CASE(parts_of_times) {
  auto t = ts("2018-08-15 13:14:15.678");
  check({{"EXTRACT", {"DAY", date("2006-06-05")}, "5", {0}},
         {"EXTRACT", {"MILLISECOND", t}, "678", {0}},
         {"EXTRACT", {"EPOCH", ts("1970-01-02 00:00:00")}, "86400", {0}},
         {"YEAR", {t}, "2018"},
         {"QUARTER", {t}, "3"},
         {"MONTH", {t}, "8"},
         {"WEEK", {date("1994-09-27")}, "39"},
         {"DAYOFYEAR", {date("1994-09-27")}, "270"},
         {"DAYOFMONTH", {t}, "15"},
         {"DAYOFWEEK", {date("1994-09-27")}, "3"},
         {"HOUR", {t}, "13"},
         {"MINUTE", {of("13:14:15", "TIME(0)")}, "14"},
         {"SECOND", {t}, "15"},
         {"FLOOR", {t, "MONTH"}, "2018-08-01 00:00:00.000", {1}},
         {"CEIL", {date("2018-08-15"), "YEAR"}, "2019-01-01", {1}},
         {"TIMESTAMPADD", {"WEEK", 1, date("2003-01-02")}, "2003-01-09", {0}},
         {"TIMESTAMPADD", {"HOUR", 25, t}, "2018-08-16 14:14:15.678", {0}},
         {"TIMESTAMPADD", {"MONTH", 1, date("2020-01-31")}, "2020-02-29", {0}},
         {"TIMESTAMPDIFF", {"DAY", ts("2003-01-02 10:00:00"), ts("2003-01-03 10:00:00")}, "1", {0}},
         {"TIMESTAMPDIFF", {"MONTH", date("2020-01-31"), date("2020-03-30")}, "1", {0}}});
  // An instant is looked at in the zone of the session.
  auto instant = arg(scalar::of(data_type::timestamp_ltz(3), std::int64_t{0}));
  BOOST_TEST(call("HOUR", {instant}) == "1");
  BOOST_TEST(call("FLOOR", {instant, "DAY"}) == "1970-01-01 00:00:00.000");
  BOOST_CHECK_THROW(call("YEAR", {of("10:00:00", "TIME(0)")}), binding_error);
  BOOST_CHECK_THROW(call("FLOOR", {t, "DOW"}), binding_error);
}

BOOST_AUTO_TEST_CASE(times_as_text) {
  check(
    {{"DATE_FORMAT", {ts("2020-07-04 15:06:07"), "yyyy/MM/dd HH"}, "2020/07/04 15"},
     {"DATE_FORMAT", {"2020-07-04 15:06:07", "yyyy"}, "2020"},
     {"TO_TIMESTAMP", {"2020-07-04 15:06:07.1239"}, "2020-07-04 15:06:07.123"},
     {"TO_TIMESTAMP", {"04.07.2020", "dd.MM.yyyy"}, "2020-07-04 00:00:00.000"},
     {"TO_DATE", {"2020-07-04"}, "2020-07-04"},
     {"TO_DATE", {"040720", "ddMMyy"}, "2020-07-04"},
     {"TO_TIMESTAMP_LTZ", {0, 0}, "1970-01-01 01:00:00.000", {1}},
     {"TO_TIMESTAMP_LTZ", {std::int64_t{1500}, 3}, "1970-01-01 01:00:01.500", {1}},
     {"FROM_UNIXTIME", {44}, "1970-01-01 01:00:44"},
     {"FROM_UNIXTIME", {44, "ss"}, "44"},
     {"UNIX_TIMESTAMP", {"1970-01-01 01:00:44"}, "44"},
     {"CONVERT_TZ", {"1970-01-01 00:00:00", "UTC", "America/Los_Angeles"}, "1969-12-31 16:00:00"}});
  BOOST_TEST(call("TO_TIMESTAMP", {"never"}) == "NULL");
  BOOST_TEST(call("TO_DATE", {"never"}) == "NULL");
  BOOST_TEST(call("UNIX_TIMESTAMP", {}) == "1600000000");
  BOOST_TEST(call("UNIX_TIMESTAMP", {"never"}) == "-9223372036854775808");
  BOOST_TEST(call("CURRENT_TIMESTAMP", {}) == "2020-09-13 14:26:40.123");
  BOOST_TEST(call("LOCALTIMESTAMP", {}) == "2020-09-13 14:26:40.123");
  BOOST_TEST(call("NOW", {}) == "2020-09-13 14:26:40.123");
  BOOST_TEST(call("CURRENT_DATE", {}) == "2020-09-13");
  BOOST_TEST(call("CURRENT_TIME", {}) == "14:26:40");
  BOOST_TEST(type_of("PROCTIME", {}) == "TIMESTAMP_LTZ(3) NOT NULL");
  BOOST_TEST(call("CURRENT_WATERMARK", {ts("2020-01-01")}) == "NULL");
  BOOST_CHECK_EXCEPTION(call("DATE_FORMAT", {ts("2020-01-01"), "yyyy-bb"}), binding_error,
                        says("the letter 'b' is not supported"));
  BOOST_CHECK_THROW(call("TO_TIMESTAMP_LTZ", {1, 5}), binding_error);
}

BOOST_AUTO_TEST_CASE(hashes) {
  check({{"MD5", {"abc"}, "900150983cd24fb0d6963f7d28e17f72"},
         {"SHA1", {"abc"}, "a9993e364706816aba3e25717850c26c9cd0d89d"},
         {"SHA224", {"abc"}, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
         {"SHA256", {"abc"}, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}});
  BOOST_TEST(call("SHA384", {"abc"}).size() == 96u);
  BOOST_TEST(call("SHA512", {"abc"}).size() == 128u);
  BOOST_TEST(call("SHA2", {"abc", 256}) == call("SHA256", {"abc"}));
  BOOST_CHECK_THROW(call("SHA2", {"abc", 100}), evaluation_error);
}

BOOST_AUTO_TEST_CASE(json) {
  const char* doc = R"({"a":{"b":[1,2.5,"x"]},"t":true,"n":null,"c d":"é"})";
  check({{"JSON_VALUE", {doc, "$.a.b[0]"}, "1"},
         {"JSON_VALUE", {doc, "lax $.a.b[1]"}, "2.5"},
         {"JSON_VALUE", {doc, "$['c d']"}, "é"},
         {"JSON_VALUE", {doc, "$.t"}, "true"},
         {"JSON_QUERY", {doc, "$.a.b"}, "[1,2.5,\"x\"]"},
         {"JSON_EXISTS", {doc, "$.a.b[2]"}, "TRUE"},
         {"JSON_EXISTS", {doc, "$.a.c"}, "FALSE"},
         {"JSON_QUOTE", {"a\"b\n"}, "\"a\\\"b\\n\""},
         {"JSON_UNQUOTE", {"\"a\\u00e9\""}, "aé"}});
  BOOST_TEST(call("JSON_VALUE", {doc, "$.a"}) == "NULL");
  BOOST_TEST(call("JSON_VALUE", {doc, "$.n"}) == "NULL");
  BOOST_TEST(call("JSON_VALUE", {"no json", "$.a"}) == "NULL");
  BOOST_TEST(call("JSON_VALUE", {doc, "$.z", "DEFAULT", "7", "NULL", null_of("STRING")}) == "7");
  BOOST_TEST(call("JSON_VALUE", {"{", "$.z", "NULL", null_of("STRING"), "DEFAULT", "8"}) == "8");
  BOOST_CHECK_THROW(
    call("JSON_VALUE", {"{", "$.z", "NULL", null_of("STRING"), "ERROR", null_of("STRING")}),
    evaluation_error);
  BOOST_TEST(call("JSON_QUERY", {doc, "$.t"}) == "NULL");
  BOOST_TEST(call("JSON_QUERY", {doc, "$.t", "UNCONDITIONAL", "NULL", "NULL"}) == "[true]");
  BOOST_TEST(call("JSON_QUERY", {doc, "$.z", "WITHOUT", "EMPTY ARRAY", "NULL"}) == "[]");
  BOOST_TEST(call("IS JSON", {doc}) == "TRUE");
  BOOST_TEST(call("IS JSON VALUE", {"{"}) == "FALSE");
  BOOST_TEST(call("IS JSON OBJECT", {"[1]"}) == "FALSE");
  BOOST_TEST(call("IS JSON ARRAY", {"[1]"}) == "TRUE");
  BOOST_TEST(call("IS JSON SCALAR", {"1"}) == "TRUE");
  BOOST_TEST(call("IS NOT JSON", {"{"}) == "TRUE");
  BOOST_CHECK_EXCEPTION(call("JSON_VALUE", {doc, "a.b"}), binding_error,
                        says("character 1: expected '$'"));
}

BOOST_AUTO_TEST_CASE(nested_values) {
  auto& f = function_registry::built_in();
  auto array = f.call("ARRAY", {literal(1), literal(2), literal(null_of("INT"))});
  BOOST_TEST(evaluate(array) == "[1, 2, NULL]");
  BOOST_TEST(evaluate(f.call("ITEM", {array, literal(2)})) == "2");
  BOOST_TEST(evaluate(f.call("ITEM", {array, literal(9)})) == "NULL");
  BOOST_TEST(evaluate(f.call("CARDINALITY", {array})) == "3");
  BOOST_TEST(evaluate(f.call("ARRAY_CONTAINS", {array, literal(2)})) == "TRUE");
  BOOST_TEST(evaluate(f.call("ARRAY_POSITION", {array, literal(2)})) == "2");
  BOOST_CHECK_THROW(evaluate(f.call("ELEMENT", {array})), evaluation_error);
  BOOST_TEST(evaluate(f.call("ELEMENT", {f.call("ARRAY", {literal("x")})})) == "x");
  auto map
    = f.call("MAP", {literal("a"), literal(1), literal("b"), literal(2), literal("a"), literal(3)});
  BOOST_TEST(evaluate(map) == "{b=2, a=3}");
  BOOST_TEST(evaluate(f.call("ITEM", {map, literal("a")})) == "3");
  BOOST_TEST(evaluate(f.call("MAP_KEYS", {map})) == "[b, a]");
  BOOST_TEST(evaluate(f.call("MAP_VALUES", {map})) == "[2, 3]");
  auto row = f.call("ROW", {literal(1), literal("x")});
  BOOST_TEST(evaluate(row) == "(1, x)");
  BOOST_TEST(evaluate(f.call("DOT", {row, literal("EXPR$1")})) == "x");
  BOOST_CHECK_THROW(f.call("DOT", {row, literal("nope")}), binding_error);
  BOOST_TEST(call("SPLIT", {"a,b,,c", ","}) == "[a, b, , c]");
  BOOST_TEST(evaluate(f.call("=", {array, array})) == "TRUE");
}

BOOST_AUTO_TEST_CASE(casts) {
  auto cast = [](arg from, const char* to, bool try_cast = false) {
    return evaluate(
      expression::cast(literal(from), data_type::parse(to), source_position{1, 8}, try_cast));
  };
  BOOST_TEST(cast("12", "INT") == "12");
  BOOST_TEST(cast(" -12.9 ", "INT") == "-12");
  BOOST_TEST(cast("1.5e3", "DOUBLE") == "1500.0");
  BOOST_TEST(cast("1.255", "DECIMAL(5, 2)") == "1.26");
  BOOST_TEST(cast("yes", "BOOLEAN") == "TRUE");
  BOOST_TEST(cast("2020-02-29", "DATE") == "2020-02-29");
  BOOST_TEST(cast("12:30", "TIME(0)") == "12:30:00");
  BOOST_TEST(cast("2020-01-01 12:00:00.1239", "TIMESTAMP(3)") == "2020-01-01 12:00:00.123");
  BOOST_TEST(cast("2020-01-01 12:00:00", "TIMESTAMP_LTZ(0)") == "2020-01-01 12:00:00");
  BOOST_TEST(cast(300, "TINYINT") == "44"); // cut, as in Java
  BOOST_TEST(cast(1e20, "INT") == "2147483647");
  BOOST_TEST(cast(-1.9, "BIGINT") == "-1");
  BOOST_TEST(cast(of("1.99", "DECIMAL(5,2)"), "INT") == "1");
  BOOST_TEST(cast(of("1.99", "DECIMAL(5,2)"), "DECIMAL(3,1)") == "2.0");
  BOOST_TEST(cast(of("123.45", "DECIMAL(5,2)"), "DECIMAL(3,2)") == "NULL");
  BOOST_TEST(cast(0.1, "DECIMAL(10,3)") == "0.100");
  BOOST_TEST(cast(true, "INT") == "1");
  BOOST_TEST(cast(2, "BOOLEAN") == "TRUE");
  BOOST_TEST(cast(true, "STRING") == "TRUE");
  BOOST_TEST(cast(1.0, "STRING") == "1.0");
  BOOST_TEST(cast("abcdef", "VARCHAR(3)") == "abc");
  BOOST_TEST(cast("ab", "CHAR(4)") == "ab  ");
  BOOST_TEST(cast(12345, "VARCHAR(3)") == "123");
  BOOST_TEST(cast(date("2020-01-01"), "TIMESTAMP(3)") == "2020-01-01 00:00:00.000");
  BOOST_TEST(cast(ts("2020-01-01 12:30:00"), "DATE") == "2020-01-01");
  BOOST_TEST(cast(ts("2020-01-01 12:30:00"), "TIME(0)") == "12:30:00");
  BOOST_TEST(cast(ts("2020-01-01 12:30:00"), "TIMESTAMP_LTZ(3)") == "2020-01-01 12:30:00.000");
  BOOST_TEST(
    cast(scalar::of(data_type::array(data_type::string()), scalar::list{scalar::of("1"), scalar()}),
         "ARRAY<INT>")
    == "[1, NULL]");
  BOOST_CHECK_EXCEPTION(cast("abc", "INT"), evaluation_error,
                        says("1:8: CAST: cannot cast 'abc' to INT"));
  BOOST_CHECK_THROW(cast("300", "TINYINT"), evaluation_error);
  BOOST_CHECK_THROW(cast("maybe", "BOOLEAN"), evaluation_error);
  BOOST_CHECK_THROW(cast("2020-02-30", "DATE"), evaluation_error);
  BOOST_TEST(cast("abc", "INT", true) == "NULL");
  BOOST_TEST(cast("2020-02-30", "DATE", true) == "NULL");
  auto with_null = call_on_columns("||", {"12", "3"});
  BOOST_TEST(with_null[2] == "123");
}

BOOST_AUTO_TEST_SUITE_END()
