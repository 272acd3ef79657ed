#include "expression_support.hpp"

#include "sluice/table/function/aggregate.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <random>

namespace {

using namespace sluice;
using namespace sluice::table;
using namespace sluice::table::test;

/// States of one function in memory of the test's own.
class states_of {
public:
  states_of(std::shared_ptr<const aggregate_function> f, std::size_t count)
    : f_(std::move(f)), stride_((f_->state_size() + 15) / 16 * 16), memory_(stride_ * count / 16) {
    for (std::size_t i = 0; i < count; ++i) {
      pointers_.push_back(reinterpret_cast<std::byte*>(memory_.data()) + i * stride_);
      f_->create(pointers_.back());
    }
  }
  ~states_of() {
    for (auto* p : pointers_) f_->destroy(p);
  }

  std::byte* operator[](std::size_t i) { return pointers_[i]; }
  const aggregate_function& function() const { return *f_; }

  std::string result(std::size_t i) {
    column out(f_->result());
    const std::byte* state = pointers_[i];
    f_->emit(&state, 0, 1, out);
    return text_of(out, 0);
  }

private:
  struct alignas(16) unit {
    std::byte bytes[16];
  };
  std::shared_ptr<const aggregate_function> f_;
  std::size_t stride_;
  std::vector<unit> memory_;
  std::vector<std::byte*> pointers_;
};

std::shared_ptr<column> column_of(const char* type, const std::vector<const char*>& values) {
  auto c = std::make_shared<column>(data_type::parse(type));
  for (const auto* v : values) {
    if (v)
      value(v, type).append_to(*c);
    else
      c->append_null();
  }
  return c;
}

std::shared_ptr<const aggregate_function> find(const char* name, const char* type,
                                               bool retractable = false) {
  std::vector<call_argument> args{{data_type::parse(type), std::nullopt}};
  return function_registry::built_in().aggregate(name, args, retractable);
}

/// The result over all rows, the same by halves that are merged, and after going through bytes.
std::string over(const char* name, const char* type, const std::vector<const char*>& values) {
  auto c = column_of(type, values);
  const column* args[] = {c.get()};
  std::string expected;
  for (bool retractable : {false, true}) {
    auto f = find(name, type, retractable);
    states_of s(f, 4);
    f->update_one(s[0], args, selection(c->size()));
    auto text = s.result(0);
    if (expected.empty()) expected = text;
    BOOST_TEST(text == expected);

    std::vector<std::uint32_t> first;
    std::vector<std::uint32_t> second;
    std::vector<std::byte*> to_first;
    std::vector<std::byte*> to_second;
    for (std::uint32_t i = 0; i < c->size(); ++i) {
      (i < c->size() / 2 ? first : second).push_back(i);
      (i < c->size() / 2 ? to_first : to_second).push_back(s[i < c->size() / 2 ? 1 : 2]);
    }
    f->update(to_first.data(), 0, args, selection(first));
    f->update(to_second.data(), 0, args, selection(second));
    std::byte* into = s[1];
    const std::byte* from = s[2];
    f->merge(&into, &from, 0, 1);
    BOOST_TEST(s.result(1) == expected);

    byte_writer out;
    f->encode(s[1], out);
    byte_reader in(out.view());
    f->destroy(s[3]);
    f->decode(in, s[3]);
    BOOST_TEST(in.at_end());
    BOOST_TEST(s.result(3) == expected);
  }
  return expected;
}

} // namespace

BOOST_AUTO_TEST_SUITE(table_aggregates)

/// Java's `compareTo`, wherever the NaN comes: with `<` it would stay if it came first, and a state
/// from which rows can be taken back would lose rows.
BOOST_AUTO_TEST_CASE(nan_is_the_greatest_number_and_minus_zero_less_than_zero) {
  for (const char* type : {"DOUBLE", "FLOAT"}) {
    for (const std::vector<const char*>& numbers :
         {std::vector<const char*>{"NaN", "1", nullptr, "Infinity", "-2"},
          std::vector<const char*>{"1", "Infinity", "NaN", "-2", nullptr},
          std::vector<const char*>{"1", "-2", "NaN", "Infinity", "NaN"}}) {
      BOOST_TEST(over("MAX", type, numbers) == "NaN");
      BOOST_TEST(over("MIN", type, numbers) == "-2.0");
    }
    BOOST_TEST(over("MIN", type, {"NaN", nullptr, "NaN"}) == "NaN");
    BOOST_TEST(over("MIN", type, {"0", "-0"}) == "-0.0");
    BOOST_TEST(over("MAX", type, {"-0", "0"}) == "0.0");
  }
}

BOOST_AUTO_TEST_CASE(nan_can_be_taken_back) {
  auto numbers = column_of("DOUBLE", {"3", "NaN", "1", "NaN"});
  const column* args[] = {numbers.get()};
  auto result_without = [&](const char* name, std::vector<std::uint32_t> gone) {
    states_of s(find(name, "DOUBLE", true), 1);
    s.function().update_one(s[0], args, selection(numbers->size()));
    std::vector<std::byte*> states(gone.size(), s[0]);
    s.function().retract(states.data(), 0, args, selection(gone));
    return s.result(0);
  };
  BOOST_TEST(result_without("MAX", {1}) == "NaN");
  BOOST_TEST(result_without("MAX", {1, 3}) == "3.0");
  BOOST_TEST(result_without("MIN", {2}) == "3.0");
  BOOST_TEST(result_without("LAST_VALUE", {1, 3}) == "1.0");
  BOOST_TEST(result_without("FIRST_VALUE", {0}) == "NaN");
}

BOOST_AUTO_TEST_CASE(results_are_those_of_flink) {
  std::vector<const char*> numbers{"1", "2", nullptr, "5"};
  BOOST_TEST(over("COUNT", "INT", numbers) == "3");
  BOOST_TEST(over("SUM", "INT", numbers) == "8");
  BOOST_TEST(over("AVG", "INT", numbers) == "2"); // cut
  BOOST_TEST(over("AVG", "DOUBLE", numbers) == "2.6666666666666665");
  BOOST_TEST(over("AVG", "DECIMAL(5, 2)", numbers) == "2.666667");
  BOOST_TEST(over("SUM", "DECIMAL(5, 2)", numbers) == "8.00");
  BOOST_TEST(over("MIN", "INT", numbers) == "1");
  BOOST_TEST(over("MAX", "DECIMAL(5, 2)", numbers) == "5.00");
  BOOST_TEST(over("MAX", "STRING", {"a", nullptr, "a long text with many letters", "B"})
             == "a long text with many letters");
  BOOST_TEST(over("MIN", "BOOLEAN", {"true", "false"}) == "FALSE");
  BOOST_TEST(over("MIN", "DATE", {"2020-01-02", "2020-01-01"}) == "2020-01-01");
  BOOST_TEST(over("FIRST_VALUE", "STRING", {nullptr, "x", "y"}) == "x");
  BOOST_TEST(over("LAST_VALUE", "INT", {"1", "2", nullptr}) == "2");
  BOOST_TEST(over("LISTAGG", "STRING", {"a", nullptr, "b", "c"}) == "a,b,c");
  BOOST_TEST(over("VAR_POP", "DOUBLE", {"2", "4", "6", "8"}) == "5.0");
  BOOST_TEST(over("VAR_SAMP", "DOUBLE", {"1", "2", "3", "4", "5"}) == "2.5");
  BOOST_TEST(over("STDDEV_POP", "DOUBLE", {"2", "4", "4", "4", "5", "5", "7", "9"}) == "2.0");
  BOOST_TEST(over("STDDEV_SAMP", "DECIMAL(5, 1)", {"1", "3"}) == "1.414214");
  for (auto* name : {"SUM", "AVG", "MIN", "MAX", "VAR_POP", "STDDEV_SAMP", "FIRST_VALUE"})
    BOOST_TEST(over(name, "INT", {nullptr, nullptr}) == "NULL", name);
  BOOST_TEST(over("VAR_SAMP", "DOUBLE", {"1", nullptr}) == "NULL");
  BOOST_TEST(over("COUNT", "INT", {nullptr}) == "0");
}

BOOST_AUTO_TEST_CASE(sums_wrap_and_decimals_overflow_to_null) {
  BOOST_TEST(over("SUM", "BIGINT", {"9223372036854775807", "1"}) == "-9223372036854775808");
  const char* large = "99999999999999999999999999999999999999";
  BOOST_TEST(over("SUM", "DECIMAL(38, 0)", {large, "1"}) == "NULL");
}

BOOST_AUTO_TEST_CASE(count_of_all_rows_needs_no_argument) {
  auto f = function_registry::built_in().aggregate("COUNT", {}, true);
  states_of s(f, 1);
  f->update_one(s[0], {}, selection(7));
  std::byte* state = s[0];
  std::uint32_t row = 3;
  f->retract(&state, 0, {}, selection(&row, 1));
  BOOST_TEST(s.result(0) == "6");
}

BOOST_AUTO_TEST_CASE(rows_go_to_the_states_of_their_groups) {
  auto c = std::make_shared<column>(data_type::bigint());
  for (std::int64_t i = 0; i < 100; ++i) c->append(i);
  const column* args[] = {c.get()};
  auto f = find("SUM", "BIGINT");
  states_of s(f, 3);
  std::vector<std::byte*> pointers;
  for (std::size_t i = 0; i < 100; ++i) pointers.push_back(s[i % 3]);
  f->update(pointers.data(), 0, args, selection(100));
  BOOST_TEST(s.result(0) == "1683");
  BOOST_TEST(s.result(1) == "1617");
  BOOST_TEST(s.result(2) == "1650");
}

BOOST_AUTO_TEST_CASE(what_is_taken_back_was_never_there) {
  std::mt19937_64 random(4);
  const char* names[]
    = {"COUNT", "SUM", "AVG", "MIN", "MAX", "VAR_POP", "FIRST_VALUE", "LAST_VALUE"};
  for (auto* name : names) {
    for (int round = 0; round < 20; ++round) {
      auto c = std::make_shared<column>(data_type::bigint());
      std::vector<std::uint32_t> kept;
      std::vector<std::uint32_t> removed;
      for (std::uint32_t i = 0; i < 40; ++i) {
        c->append(static_cast<std::int64_t>(i * 7 % 41)); // all different
        (random() % 2 == 0 ? kept : removed).push_back(i);
      }
      const column* args[] = {c.get()};
      auto f = find(name, "BIGINT", true);
      BOOST_TEST(f->retractable());
      states_of s(f, 2);
      f->update_one(s[0], args, selection(40));
      std::vector<std::byte*> pointers(removed.size(), s[0]);
      f->retract(pointers.data(), 0, args, selection(removed));
      f->update_one(s[1], args, selection(kept));
      BOOST_TEST_REQUIRE(s.result(0) == s.result(1), name);
    }
  }
}

BOOST_AUTO_TEST_CASE(texts_can_be_taken_back) {
  auto c = column_of("STRING", {"a", "b", "a", "c"});
  const column* args[] = {c.get()};
  auto f = find("LISTAGG", "STRING", true);
  states_of s(f, 1);
  f->update_one(s[0], args, selection(4));
  std::byte* state = s[0];
  std::uint32_t row = 0;
  f->retract(&state, 0, args, selection(&row, 1)); // the oldest "a"
  BOOST_TEST(s.result(0) == "b,a,c");
}

BOOST_AUTO_TEST_CASE(wrong_arguments_are_refused) {
  BOOST_CHECK_THROW(find("SUM", "STRING"), binding_error);
  BOOST_CHECK_THROW(find("LISTAGG", "INT"), binding_error);
  BOOST_CHECK_THROW(find("MIN", "ARRAY<INT>"), binding_error);
}

// It throws when it is looked at, so that a row may come before another is taken back.
BOOST_AUTO_TEST_CASE(single_value_allows_one_row) {
  BOOST_TEST(over("SINGLE_VALUE", "INT", {}) == "NULL");
  BOOST_TEST(over("SINGLE_VALUE", "INT", {"7"}) == "7");
  BOOST_TEST(over("SINGLE_VALUE", "INT", {nullptr}) == "NULL");
  BOOST_TEST(over("SINGLE_VALUE", "STRING", {"a text of more than twelve bytes"})
             == "a text of more than twelve bytes");
  for (const auto& two : std::vector<std::vector<const char*>>{
         {"7", "8"}, {"7", "7"}, {nullptr, "7"}, {nullptr, nullptr}}) {
    auto c = column_of("INT", two);
    const column* args[] = {c.get()};
    auto f = find("SINGLE_VALUE", "INT", true);
    states_of s(f, 1);
    f->update_one(s[0], args, selection(2));
    BOOST_CHECK_THROW(s.result(0), error);
    std::uint32_t first = 0;
    std::byte* state = s[0];
    f->retract(&state, 0, args, selection(&first, 1));
    BOOST_TEST(s.result(0) == (two[1] ? two[1] : "NULL"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
