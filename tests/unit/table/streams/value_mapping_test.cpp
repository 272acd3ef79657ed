/// Values of C++ in columns and back.
#include "sluice/table/streams/record_mapping.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <map>

namespace sluice::testing {

using namespace std::chrono;
using namespace table;

namespace {

struct point {
  std::int32_t x = 0;
  std::optional<std::string> label;
  friend bool operator==(const point&, const point&) = default;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, label))

template <class T>
void check(const T& value, const std::string& type) {
  BOOST_TEST_CONTEXT(type) {
    BOOST_TEST(type_of_value<T>().to_string() == type);
    table::column c(type_of_value<T>());
    append_value(c, value);
    append_value(c, value);
    BOOST_TEST(c.size() == 2u);
    BOOST_TEST((read_value<T>(c, 1) == value));
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(value_mapping)

BOOST_AUTO_TEST_CASE(keeps_every_kind_of_value) {
  check(true, "BOOLEAN NOT NULL");
  check<std::int8_t>(-128, "TINYINT NOT NULL");
  check<std::uint8_t>(255, "SMALLINT NOT NULL");
  check<std::int16_t>(-32768, "SMALLINT NOT NULL");
  check<std::uint16_t>(65535, "INT NOT NULL");
  check<std::int32_t>(-5, "INT NOT NULL");
  check<std::uint32_t>(4'000'000'000, "BIGINT NOT NULL");
  check<std::int64_t>(std::numeric_limits<std::int64_t>::min(), "BIGINT NOT NULL");
  check<std::uint64_t>(std::numeric_limits<std::uint64_t>::max(), "DECIMAL(20, 0) NOT NULL");
  check(1.5f, "FLOAT NOT NULL");
  check(-2.25, "DOUBLE NOT NULL");
  check(std::string("a long text that does not fit into a reference"), "STRING NOT NULL");
  check(std::vector<std::byte>{std::byte{0}, std::byte{255}}, "BYTES NOT NULL");
  check(sys_days(2024y / 2 / 29), "DATE NOT NULL");
  check(local_days(1969y / 12 / 31), "DATE NOT NULL");
  check(local_time<milliseconds>(-1ms), "TIMESTAMP(3) NOT NULL");
  check(local_seconds(5s), "TIMESTAMP(0) NOT NULL");
  check(sys_time<microseconds>(17us), "TIMESTAMP_LTZ(6) NOT NULL");
  check(milliseconds(1500), "INTERVAL DAY TO SECOND(3) NOT NULL");
  check(std::optional<std::int32_t>(7), "INT");
  check(std::optional<std::int32_t>(), "INT");
  check(std::vector<std::optional<std::string>>{"a", std::nullopt}, "ARRAY<STRING> NOT NULL");
  check(std::map<std::string, std::int64_t>{{"a", 1}, {"b", 2}},
        "MAP<STRING NOT NULL, BIGINT NOT NULL> NOT NULL");
  check(point{3, "here"}, "ROW<`x` INT NOT NULL, `label` STRING> NOT NULL");
  check(std::optional<point>(), "ROW<`x` INT NOT NULL, `label` STRING>");
  check(std::vector<point>{{1, "a"}, {2, std::nullopt}},
        "ARRAY<ROW<`x` INT NOT NULL, `label` STRING> NOT NULL> NOT NULL");
}

BOOST_AUTO_TEST_CASE(refuses_null_where_a_field_takes_none) {
  table::column c(data_type::integer());
  c.append_null();
  BOOST_CHECK_THROW(read_value<std::int32_t>(c, 0), format_error);
}

BOOST_AUTO_TEST_CASE(names_the_columns_of_records) {
  auto names = [](const std::vector<relation_column>& columns) {
    std::string text;
    for (auto& c : columns) text += c.name + " ";
    return text;
  };
  BOOST_TEST(names(record_mapping<point>::columns()) == "x label ");
  BOOST_TEST(names(record_mapping<std::pair<std::int32_t, std::string>>::columns()) == "f0 f1 ");
  BOOST_TEST(names(record_mapping<double>::columns()) == "f0 ");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
