#include "sluice/table/types/decimal.hpp"

#include "decimal_vectors.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <random>

namespace {

using namespace sluice::table;

std::string plain(int128 value, int scale) {
  std::string out;
  decimal::append_plain(out, value, scale);
  return out;
}

int128 read(const char* text, int precision, int scale) {
  int128 out = 0;
  BOOST_TEST_REQUIRE(decimal::parse(text, {precision, scale}, out));
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(table_decimal)

BOOST_AUTO_TEST_CASE(arithmetic_agrees_with_python) {
  for (const auto& v : test::decimal_vectors) {
    auto a = read(v.a, v.p1, v.s1);
    auto b = read(v.b, v.p2, v.s2);
    auto x = data_type::decimal(v.p1, v.s1);
    auto y = data_type::decimal(v.p2, v.s2);
    decimal::shape shape{v.p, v.s};
    int128 out = 0;
    bool fits = false;
    data_type type;
    switch (v.op) {
    case '+':
      fits = decimal::add(a, v.s1, b, v.s2, shape, out);
      type = addition_type(x, y);
      break;
    case '-':
      fits = decimal::subtract(a, v.s1, b, v.s2, shape, out);
      type = addition_type(x, y);
      break;
    case '*':
      fits = decimal::multiply(a, v.s1, b, v.s2, shape, out);
      type = multiplication_type(x, y);
      break;
    case '/':
      fits = decimal::divide(a, v.s1, b, v.s2, shape, out);
      type = division_type(x, y);
      break;
    default:
      fits = decimal::modulo(a, v.s1, b, v.s2, shape, out);
      type = modulo_type(x, y);
    }
    BOOST_TEST_CONTEXT(v.a << " " << v.op << " " << v.b) {
      BOOST_TEST(type.precision() == v.p);
      BOOST_TEST(type.scale() == v.s);
      BOOST_TEST((fits ? plain(out, v.s) : "") == v.result);
    }
  }
}

BOOST_AUTO_TEST_CASE(rounding_is_half_up_away_from_zero) {
  int128 out = 0;
  auto rounded = [&](const char* text, int digits, bool truncate) {
    auto value = read(text, 20, 4);
    BOOST_TEST_REQUIRE(decimal::round(value, 4, digits, truncate, {20, 2}, out));
    return plain(out, 2);
  };
  BOOST_TEST(rounded("1.0050", 2, false) == "1.01");
  BOOST_TEST(rounded("-1.0050", 2, false) == "-1.01");
  BOOST_TEST(rounded("1.0049", 2, false) == "1.00");
  BOOST_TEST(rounded("-1.9999", 2, true) == "-1.99");
  BOOST_TEST(rounded("155.0000", -1, false) == "160.00");
  BOOST_TEST(rounded("155.0000", -3, false) == "0.00");
  BOOST_TEST(rounded("7.1000", 9, false) == "7.10");
  BOOST_TEST(plain(decimal::floor(read("-1.5", 5, 1), 1), 0) == "-2");
  BOOST_TEST(plain(decimal::ceil(read("-1.5", 5, 1), 1), 0) == "-1");
  BOOST_TEST(plain(decimal::ceil(read("1.1", 5, 1), 1), 0) == "2");
}

BOOST_AUTO_TEST_CASE(texts_are_read_and_refused) {
  int128 out = 0;
  auto reads = [&](const char* text) { return decimal::parse(text, {10, 2}, out); };
  BOOST_TEST(reads(" 12.345 "));
  BOOST_TEST(plain(out, 2) == "12.35");
  BOOST_TEST(reads("-.5"));
  BOOST_TEST(plain(out, 2) == "-0.50");
  BOOST_TEST(reads("1.5e3"));
  BOOST_TEST(plain(out, 2) == "1500.00");
  BOOST_TEST(reads("123E-1"));
  BOOST_TEST(plain(out, 2) == "12.30");
  BOOST_TEST(reads("0e99"));
  BOOST_TEST(reads("1e-99999"));
  BOOST_TEST(plain(out, 2) == "0.00");
  for (auto* text : {"", "-", ".", "1.2.3", "1e", "abc", "1 2", "123456789.00", "1e99999", "0x1"})
    BOOST_TEST(!reads(text), text);
}

BOOST_AUTO_TEST_CASE(doubles_go_in_and_out) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    auto value = static_cast<double>(static_cast<std::int64_t>(random()) >> 20) / 1000.0;
    int128 out = 0;
    BOOST_TEST_REQUIRE(decimal::from_double(value, {38, 3}, out));
    BOOST_TEST(decimal::to_double(out, 3) == value);
  }
  int128 out = 0;
  BOOST_TEST(!decimal::from_double(std::nan(""), {38, 3}, out));
  BOOST_TEST(!decimal::from_double(std::numeric_limits<double>::infinity(), {38, 3}, out));
  BOOST_TEST(!decimal::from_double(1e20, {20, 3}, out));
  BOOST_TEST(decimal::from_double(0.1, {38, 1}, out));
  BOOST_TEST((out == 1));
}

BOOST_AUTO_TEST_CASE(values_compare_at_any_scale) {
  BOOST_TEST(decimal::compare(15, 1, 150, 2) == 0);
  BOOST_TEST(decimal::compare(15, 1, 151, 2) < 0);
  auto large = decimal::power_of_ten(37);
  BOOST_TEST(decimal::compare(large, 0, large, 38) > 0);
  BOOST_TEST(decimal::compare(-large, 0, large, 38) < 0);
  BOOST_TEST(decimal::compare(-large, 0, -large, 38) < 0);
  BOOST_TEST(decimal::compare(large, 38, large, 0) < 0);
}

BOOST_AUTO_TEST_CASE(java_prints_small_values_with_an_exponent) {
  std::string out;
  decimal::append_java(out, 0, 8);
  BOOST_TEST(out == "0E-8");
  out.clear();
  decimal::append_java(out, -125, 10);
  BOOST_TEST(out == "-1.25E-8");
  out.clear();
  decimal::append_java(out, 125, 2);
  BOOST_TEST(out == "1.25");
}

BOOST_AUTO_TEST_SUITE_END()
