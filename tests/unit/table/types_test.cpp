#include "sluice/table/types/data_type.hpp"
#include "sluice/table/types/number_text.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

namespace {

using namespace sluice;
using namespace sluice::table;

data_type t(const char* text) { return data_type::parse(text); }

std::string common(const char* a, const char* b) {
  auto type = common_type(t(a), t(b));
  return type ? type->to_string() : "none";
}

} // namespace

BOOST_AUTO_TEST_SUITE(table_types)

BOOST_AUTO_TEST_CASE(types_print_as_they_parse) {
  for (auto* text : {"BOOLEAN",
                     "TINYINT",
                     "SMALLINT",
                     "INT",
                     "BIGINT",
                     "FLOAT",
                     "DOUBLE",
                     "DECIMAL(10, 2)",
                     "CHAR(3)",
                     "VARCHAR(7)",
                     "STRING",
                     "BINARY(2)",
                     "VARBINARY(9)",
                     "BYTES",
                     "DATE",
                     "TIME(3)",
                     "TIMESTAMP(3)",
                     "TIMESTAMP_LTZ(6)",
                     "INTERVAL YEAR TO MONTH",
                     "INTERVAL DAY TO SECOND(3)",
                     "ARRAY<INT NOT NULL>",
                     "MAP<STRING NOT NULL, ARRAY<DOUBLE>>",
                     "ROW<`a` INT, `b c` STRING NOT NULL> NOT NULL",
                     "NULL"})
    BOOST_TEST(t(text).to_string() == text);
}

BOOST_AUTO_TEST_CASE(types_have_other_spellings) {
  BOOST_TEST(t("decimal").to_string() == "DECIMAL(10, 0)");
  BOOST_TEST(t("numeric(5)").to_string() == "DECIMAL(5, 0)");
  BOOST_TEST(t("double precision not null").to_string() == "DOUBLE NOT NULL");
  BOOST_TEST(t("timestamp(3) with local time zone").to_string() == "TIMESTAMP_LTZ(3)");
  BOOST_TEST(t("timestamp without time zone").to_string() == "TIMESTAMP(6)");
  BOOST_TEST(t("int array").to_string() == "ARRAY<INT>");
  BOOST_TEST(t("row(a int, b string 'with a comment')").to_string() == "ROW<`a` INT, `b` STRING>");
  BOOST_TEST(t("interval minute to second(3)").to_string() == "INTERVAL DAY TO SECOND(3)");
  BOOST_TEST(t("character varying(3)").to_string() == "VARCHAR(3)");
}

BOOST_AUTO_TEST_CASE(wrong_types_are_refused_with_the_place) {
  auto says = [](const char* text) {
    return [text](const plan_error& e) {
      BOOST_TEST_MESSAGE(e.what());
      return std::string(e.what()).find(text) != std::string::npos;
    };
  };
  BOOST_CHECK_EXCEPTION(t("INTT"), plan_error, says("character 1: expected the name of a type"));
  BOOST_CHECK_EXCEPTION(t("DECIMAL(39)"), plan_error, says("between 1 and 38, but is 39"));
  BOOST_CHECK_EXCEPTION(t("DECIMAL(5, 6)"), plan_error, says("scale"));
  BOOST_CHECK_EXCEPTION(t("ARRAY<INT"), plan_error, says("expected '>', found the end"));
  BOOST_CHECK_EXCEPTION(t("INT INT"), plan_error, says("character 5: expected the end"));
  BOOST_CHECK_EXCEPTION(t("TIMESTAMP(9)"), plan_error, says("at most 6 digits"));
  BOOST_CHECK_EXCEPTION(t("TIMESTAMP WITH TIME ZONE"), plan_error, says("TIMESTAMP_LTZ"));
  BOOST_CHECK_EXCEPTION(t("ROW<`a INT>"), plan_error, says("not closed"));
  BOOST_CHECK_EXCEPTION(t("CHAR(0)"), plan_error, says("at least 1"));
}

BOOST_AUTO_TEST_CASE(common_types_are_those_of_flink) {
  BOOST_TEST(common("INT", "BIGINT") == "BIGINT");
  BOOST_TEST(common("INT NOT NULL", "BIGINT NOT NULL") == "BIGINT NOT NULL");
  BOOST_TEST(common("INT", "FLOAT") == "FLOAT");
  BOOST_TEST(common("DECIMAL(5, 2)", "FLOAT") == "DOUBLE");
  BOOST_TEST(common("DECIMAL(5, 2)", "INT") == "DECIMAL(12, 2)");
  BOOST_TEST(common("DECIMAL(38, 0)", "DECIMAL(38, 38)") == "DECIMAL(38, 6)");
  BOOST_TEST(common("CHAR(3)", "CHAR(5)") == "VARCHAR(5)");
  BOOST_TEST(common("CHAR(3)", "STRING") == "STRING");
  BOOST_TEST(common("DATE", "TIMESTAMP(3)") == "TIMESTAMP(3)");
  BOOST_TEST(common("NULL", "INT NOT NULL") == "INT");
  BOOST_TEST(common("ARRAY<INT>", "ARRAY<BIGINT>") == "ARRAY<BIGINT>");
  BOOST_TEST(common("INT", "STRING") == "none");
  BOOST_TEST(common("TIME", "DATE") == "none");
}

BOOST_AUTO_TEST_CASE(results_of_arithmetic_have_the_types_of_flink) {
  BOOST_TEST(addition_type(t("INT"), t("BIGINT")).to_string() == "BIGINT");
  BOOST_TEST(division_type(t("INT"), t("INT")).to_string() == "INT");
  BOOST_TEST(modulo_type(t("BIGINT"), t("INT")).to_string() == "INT");
  BOOST_TEST(addition_type(t("DECIMAL(10, 2)"), t("DECIMAL(5, 4)")).to_string()
             == "DECIMAL(13, 4)");
  BOOST_TEST(multiplication_type(t("DECIMAL(3, 3)"), t("BIGINT")).to_string() == "DECIMAL(23, 3)");
  BOOST_TEST(division_type(t("DECIMAL(10, 2)"), t("DECIMAL(5, 1)")).to_string()
             == "DECIMAL(17, 8)");
  BOOST_TEST(division_type(t("DECIMAL(38, 10)"), t("DECIMAL(38, 10)")).to_string()
             == "DECIMAL(38, 6)");
  BOOST_TEST(round_type(t("DECIMAL(10, 4)"), 2).to_string() == "DECIMAL(9, 2)");
  BOOST_TEST(round_type(t("DECIMAL(10, 4)"), -1).to_string() == "DECIMAL(7, 0)");
  BOOST_TEST(sum_type(t("INT NOT NULL")).to_string() == "INT");
  BOOST_TEST(sum_type(t("DECIMAL(5, 2)")).to_string() == "DECIMAL(38, 2)");
  BOOST_TEST(average_type(t("DECIMAL(5, 2)")).to_string() == "DECIMAL(38, 6)");
}

BOOST_AUTO_TEST_CASE(casts_are_allowed_as_in_flink) {
  BOOST_TEST(can_cast_implicitly(t("INT"), t("DOUBLE")));
  BOOST_TEST(!can_cast_implicitly(t("DOUBLE"), t("INT")));
  BOOST_TEST(!can_cast_implicitly(t("STRING"), t("INT")));
  BOOST_TEST(can_cast_explicitly(t("STRING"), t("TIMESTAMP(3)")));
  BOOST_TEST(can_cast_explicitly(t("ROW<`a` INT>"), t("STRING")));
  BOOST_TEST(can_cast_explicitly(t("ARRAY<INT>"), t("ARRAY<STRING>")));
  BOOST_TEST(!can_cast_explicitly(t("DATE"), t("INT")));
  BOOST_TEST(!can_cast_explicitly(t("DOUBLE"), t("DATE")));
  BOOST_TEST(!can_cast_explicitly(t("ARRAY<INT>"), t("MAP<INT, INT>")));
}

BOOST_AUTO_TEST_CASE(numbers_print_as_in_java) {
  auto text = [](auto value) {
    std::string out;
    append_java(out, value);
    return out;
  };
  BOOST_TEST(text(1.0) == "1.0");
  BOOST_TEST(text(-0.0) == "-0.0");
  BOOST_TEST(text(0.001) == "0.001");
  BOOST_TEST(text(0.0001) == "1.0E-4");
  BOOST_TEST(text(1234567.0) == "1234567.0");
  BOOST_TEST(text(12345678.9) == "1.23456789E7");
  BOOST_TEST(text(1e7) == "1.0E7");
  BOOST_TEST(text(3.4028235e38f) == "3.4028235E38");
  BOOST_TEST(text(0.1f) == "0.1");
  BOOST_TEST(text(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  BOOST_TEST(text(-std::numeric_limits<double>::infinity()) == "-Infinity");
}

BOOST_AUTO_TEST_SUITE_END()
