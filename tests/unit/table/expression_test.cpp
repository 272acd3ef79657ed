#include "expression_support.hpp"

#include "sluice/table/expr/evaluator.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace {

using namespace sluice;
using namespace sluice::table;
using namespace sluice::table::test;

const function_registry& functions() { return function_registry::built_in(); }

expression_ptr in(std::size_t i, const char* type, const char* name = "") {
  return expression::input(i, data_type::parse(type), name);
}

/// Integers with NULL in every fourth row.
columnar_batch numbers(std::size_t rows) {
  auto a = std::make_shared<column>(data_type::integer());
  auto b = std::make_shared<column>(data_type::integer());
  for (std::size_t i = 0; i < rows; ++i) {
    if (i % 4 == 3)
      a->append_null();
    else
      a->append(static_cast<std::int32_t>(i));
    b->append(static_cast<std::int32_t>(i % 5));
  }
  return columnar_batch({a, b}, rows);
}

auto says(std::string text) {
  return [text](const std::exception& e) {
    BOOST_TEST_MESSAGE(e.what());
    return std::string(e.what()).find(text) != std::string::npos;
  };
}

} // namespace

BOOST_AUTO_TEST_SUITE(table_expression)

BOOST_AUTO_TEST_CASE(a_filter_over_arithmetic_selects_its_rows) {
  auto batch = numbers(1000);
  // a * 2 + b > 500
  auto tree = functions().call(
    ">", {functions().call(
            "+", {functions().call("*", {in(0, "INT", "a"), literal(2)}), in(1, "INT", "b")}),
          literal(500)});
  BOOST_TEST(tree->to_string() == "(((a * 2) + b) > 500)");
  row_filter filter(tree, context());
  auto rows = filter.select(batch);
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 1000; ++i)
    if (i % 4 != 3 && i * 2 + i % 5 > 500) expected.push_back(i);
  BOOST_TEST(std::vector<std::uint32_t>(rows.rows(), rows.rows() + rows.size()) == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(three_valued_logic_is_that_of_sql) {
  const char* names[] = {"TRUE", "FALSE", "NULL"};
  auto column_of = [](int divisor) {
    auto c = std::make_shared<column>(data_type::boolean());
    for (int i = 0; i < 9; ++i) {
      auto v = i / divisor % 3;
      if (v == 2)
        c->append_null();
      else
        c->append(static_cast<std::uint8_t>(v == 0 ? 1 : 0));
    }
    return c;
  };
  columnar_batch batch({column_of(3), column_of(1)}, 9);
  auto a = in(0, "BOOLEAN");
  auto b = in(1, "BOOLEAN");
  auto both = evaluator(functions().call("AND", {a, b}), context()).evaluate(batch);
  auto either = evaluator(functions().call("OR", {a, b}), context()).evaluate(batch);
  auto no = evaluator(functions().call("NOT", {a}), context()).evaluate(batch);
  for (int i = 0; i < 9; ++i) {
    int x = i / 3;
    int y = i % 3;
    int conjunction = x == 1 || y == 1 ? 1 : (x == 2 || y == 2 ? 2 : 0);
    int disjunction = x == 0 || y == 0 ? 0 : (x == 2 || y == 2 ? 2 : 1);
    BOOST_TEST(text_of(*both, static_cast<std::size_t>(i)) == names[conjunction]);
    BOOST_TEST(text_of(*either, static_cast<std::size_t>(i)) == names[disjunction]);
    BOOST_TEST(text_of(*no, static_cast<std::size_t>(i)) == names[x == 2 ? 2 : 1 - x]);
  }
}

BOOST_AUTO_TEST_CASE(errors_arise_only_in_rows_that_are_taken) {
  auto batch = numbers(20);
  auto a = in(0, "INT");
  auto b = in(1, "INT");
  auto quotient = functions().call("/", {a, b}, {2, 7});
  BOOST_CHECK_EXCEPTION(evaluator(quotient, context()).evaluate(batch), evaluation_error,
                        says("2:7: /: division by zero"));
  auto not_zero = functions().call("<>", {b, literal(0)});
  auto large = functions().call(">", {quotient, literal(2)});
  BOOST_CHECK_NO_THROW(
    evaluator(functions().call("AND", {not_zero, large}), context()).evaluate(batch));
  BOOST_CHECK_NO_THROW(
    row_filter(functions().call("AND", {not_zero, large}), context()).select(batch));
  auto zero = functions().call("=", {b, literal(0)});
  BOOST_CHECK_NO_THROW(evaluator(functions().call("OR", {zero, large}), context()).evaluate(batch));
  auto guarded = functions().call("CASE", {zero, literal(-1), quotient});
  auto result = evaluator(guarded, context()).evaluate(batch);
  BOOST_TEST(text_of(*result, 0) == "-1");
  BOOST_TEST(text_of(*result, 3) == "NULL");
  BOOST_TEST(text_of(*result, 9) == "2");
  // NULL / 0 is NULL: the row has nothing to divide.
  std::vector<std::uint32_t> nulls{3};
  auto only = evaluator(functions().call("/", {a, literal(0)}), context())
                .evaluate(batch, selection(nulls));
  BOOST_TEST(only->is_null(3));
}

BOOST_AUTO_TEST_CASE(coalesce_stops_at_the_first_value) {
  auto batch = numbers(8);
  auto a = in(0, "INT");
  auto failing = functions().call("/", {in(1, "INT"), literal(0)});
  auto tree = functions().call("COALESCE", {a, in(1, "INT"), failing});
  auto result = evaluator(tree, context()).evaluate(batch);
  BOOST_TEST(text_of(*result, 2) == "2");
  BOOST_TEST(text_of(*result, 3) == "3");
  BOOST_TEST(text_of(*result, 7) == "2");
}

BOOST_AUTO_TEST_CASE(case_of_texts_keeps_their_heaps) {
  auto texts = std::make_shared<column>(data_type::string());
  auto flags = std::make_shared<column>(data_type::boolean());
  for (int i = 0; i < 6; ++i) {
    texts->append_text("some text that is quite long " + std::to_string(i));
    flags->append(static_cast<std::uint8_t>(i % 2));
  }
  columnar_batch batch({texts, flags}, 6);
  texts.reset();
  auto upper = functions().call("UPPER", {in(0, "STRING")});
  auto tree = functions().call("CASE", {in(1, "BOOLEAN"), upper, in(0, "STRING")});
  auto run = std::make_unique<evaluator>(tree, context());
  auto result = run->evaluate(batch);
  auto again = run->evaluate(batch); // must not disturb the first
  run.reset();
  batch.assign({}, 0);
  BOOST_TEST(result->text(0) == "some text that is quite long 0");
  BOOST_TEST(result->text(1) == "SOME TEXT THAT IS QUITE LONG 1");
  BOOST_TEST(again->text(5) == "SOME TEXT THAT IS QUITE LONG 5");
}

BOOST_AUTO_TEST_CASE(memory_of_results_nobody_holds_is_used_again) {
  auto batch = numbers(100);
  evaluator run(functions().call("+", {in(0, "INT"), literal(1)}), context());
  auto first = run.evaluate(batch);
  const auto* address = first->values<std::int32_t>();
  auto second = run.evaluate(batch);
  BOOST_TEST((second->values<std::int32_t>() != address));
  first.reset();
  second.reset();
  auto third = run.evaluate(batch);
  auto* reused = third->values<std::int32_t>();
  third.reset();
  BOOST_TEST((run.evaluate(batch)->values<std::int32_t>() == reused));
}

BOOST_AUTO_TEST_CASE(dictionaries_are_computed_once_per_entry) {
  auto values = std::make_shared<column>(data_type::string());
  values->append_text("a");
  values->append_text("b");
  std::uint32_t rows[] = {0, 1, 1, 0, 1};
  columnar_batch batch({column::dictionary(values, rows, 5)}, 5);
  auto result = evaluator(functions().call("UPPER", {in(0, "STRING")}), context()).evaluate(batch);
  BOOST_TEST((result->encoding() == column_encoding::dictionary));
  BOOST_TEST(result->text(2) == "B");
  auto same = functions().call("=", {in(0, "STRING"), literal("b")});
  BOOST_TEST(row_filter(same, context()).select(batch).size() == 3u);
}

BOOST_AUTO_TEST_CASE(constants_are_folded_but_not_errors) {
  auto fold = [](const expression_ptr& e) { return fold_constants(e, context())->to_string(); };
  auto a = in(0, "INT", "a");
  auto sum = functions().call("+", {literal(1), literal(2)});
  BOOST_TEST(fold(functions().call("*", {a, sum})) == "(a * 3)");
  BOOST_TEST(fold(functions().call("/", {literal(1), literal(0)})) == "(1 / 0)");
  auto test = functions().call(">", {a, literal(0)});
  BOOST_TEST(fold(functions().call("AND", {literal(true), test})) == "(a > 0)");
  BOOST_TEST(fold(functions().call("AND", {test, literal(false)})) == "FALSE");
  BOOST_TEST(fold(functions().call("OR", {test, literal(true)})) == "TRUE");
  BOOST_TEST(fold(functions().call("CASE", {literal(false), literal(1), literal(2)})) == "2");
  BOOST_TEST(fold(functions().call(
               "COALESCE", {null_of("INT").value.is_null() ? literal(null_of("INT")) : a, a}))
             == "a");
  BOOST_TEST(fold(functions().call("RAND", {})) == "RAND()");
  BOOST_TEST(fold(functions().call("CURRENT_DATE", {})) == "CURRENT_DATE()");
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_with_place_and_hint) {
  auto& f = functions();
  BOOST_CHECK_EXCEPTION(f.call("UPPR", {literal("a")}, {3, 9}), binding_error,
                        says("3:9: there is no function UPPR; did you mean UPPER?"));
  BOOST_CHECK_EXCEPTION(f.call("UPPER", {literal(1)}, {1, 2}), binding_error,
                        says("1:2: cannot apply UPPER(string): it takes (STRING), but got (INT)"));
  BOOST_CHECK_EXCEPTION(f.call("+", {literal("a"), literal(true)}), binding_error,
                        says("does not take CHAR(1) and BOOLEAN"));
  BOOST_CHECK_EXCEPTION(f.call("=", {literal(1), in(0, "ARRAY<INT>")}), binding_error,
                        says("INT and ARRAY<INT> cannot be compared"));
  BOOST_CHECK_EXCEPTION(f.call("AND", {literal(1), literal(true)}), binding_error,
                        says("AND needs BOOLEAN operands"));
  BOOST_CHECK_EXCEPTION(f.call("EXTRACT", {literal("FORTNIGHT"), literal("x")}), binding_error,
                        says("unknown unit of time 'FORTNIGHT'"));
  BOOST_CHECK_EXCEPTION(expression::cast(in(0, "DATE"), data_type::integer(), {4, 1}),
                        binding_error, says("4:1: cannot cast DATE to INT"));
  BOOST_CHECK_EXCEPTION(f.aggregate("SUMM", {}, false), binding_error, says("did you mean SUM?"));
}

BOOST_AUTO_TEST_CASE(functions_of_the_user_are_deduced_from_lambdas) {
  function_registry r;
  r.add_function("shout", [](std::string_view text) { return std::string(text) + "!"; });
  r.add_function("half", [](std::int64_t n) -> std::optional<std::int64_t> {
    if (n % 2 != 0) return std::nullopt;
    return n / 2;
  });
  r.add_function("is_missing", [](std::optional<double> v) { return !v; });
  BOOST_TEST(evaluate(r.call("SHOUT", {literal("hey")})) == "hey!");
  BOOST_TEST(evaluate(r.call("half", {literal(10)})) == "5"); // widened to BIGINT
  BOOST_TEST(evaluate(r.call("half", {literal(11)})) == "NULL");
  BOOST_TEST(evaluate(r.call("is_missing", {literal(null_of("DOUBLE"))})) == "TRUE");
  BOOST_TEST(r.call("half", {literal(10)})->type().to_string() == "BIGINT");
  BOOST_CHECK_EXCEPTION(r.call("half", {literal("x")}), binding_error,
                        says("half(BIGINT): it takes (BIGINT), but got (CHAR(1))"));
  BOOST_CHECK_THROW(r.add_function("upper", [](bool b) { return b; }), plan_error);
}

BOOST_AUTO_TEST_CASE(trees_can_be_compared_and_rebuilt) {
  auto tree
    = functions().call("+", {in(3, "INT"), functions().call("+", {in(1, "INT"), in(3, "INT")})});
  auto same
    = functions().call("+", {in(3, "INT"), functions().call("+", {in(1, "INT"), in(3, "INT")})});
  BOOST_TEST((*tree == *same));
  auto expected = std::vector<std::size_t>{1, 3};
  BOOST_TEST(inputs_of(*tree) == expected, boost::test_tools::per_element());
  auto moved = transform(tree, [](const expression_ptr& e) {
    if (e->kind() != expression_kind::input) return e;
    return expression::input(e->index() + 10, e->type());
  });
  BOOST_TEST(moved->to_string() == "($13 + ($11 + $13))");
  BOOST_TEST(!(*tree == *moved));
  BOOST_TEST(!(*functions().call("RAND", {}) == *functions().call("RAND", {})));
}

BOOST_AUTO_TEST_SUITE_END()
