#include "sluice/core/codec.hpp"

#include "sluice/core/row.hpp"
#include "sluice/core/text.hpp"

#include <boost/describe.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <random>
#include <set>
#include <unordered_map>

namespace {

using namespace sluice;

enum class colour : std::int16_t { red = -1, green = 7 };

struct point {
  int x = 0;
  double y = 0;
  friend bool operator==(const point&, const point&) = default;
};

struct nested {
  std::string name;
  std::vector<point> points;
  std::optional<colour> paint;
  friend bool operator==(const nested&, const nested&) = default;
};

struct described_v1 {
  std::string name;
  int count = 0;
};
BOOST_DESCRIBE_STRUCT(described_v1, (), (name, count))

struct described_v2 {
  double price = 1.5; // new, in front
  std::string name;
  int count = 0;
  std::vector<int> tags{1, 2};
};
BOOST_DESCRIBE_STRUCT(described_v2, (), (price, name, count, tags))

struct described_other {
  std::string name;
  std::int64_t count = 0; // was an int
};
BOOST_DESCRIBE_STRUCT(described_other, (), (name, count))

struct tree {
  int value = 0;
  std::vector<tree> children;
  friend bool operator==(const tree&, const tree&) = default;
};

struct hollow {
  std::monostate nothing;
  friend bool operator==(const hollow&, const hollow&) = default;
};

class money {
public:
  explicit money(std::int64_t cents) : cents_(cents) {}
  std::int64_t cents() const { return cents_; }
  friend bool operator==(const money&, const money&) = default;

private:
  std::int64_t cents_;
};

template <class T>
std::string bytes_of(const T& value) {
  byte_writer out;
  encode_value(out, value);
  return out.take();
}

template <class T>
void check_round_trip(const T& value) {
  auto bytes = bytes_of(value);
  byte_reader in(bytes);
  BOOST_CHECK(decode_value<T>(in) == value);
  BOOST_CHECK(in.at_end());
  // However the bytes are cut, decoding ends with an error or a value, never beyond the buffer.
  for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 200); ++size) {
    auto cut = bytes.substr(0, size);
    byte_reader reader(cut);
    BOOST_CHECK_THROW(decode_value<T>(reader), format_error);
  }
}

/// Decodes damaged copies of an encoded value: nothing but `format_error` may come of it.
template <class T>
void check_damage(const T& value, std::mt19937& random) {
  auto bytes = bytes_of(value);
  for (int i = 0; i < 300; ++i) {
    auto damaged = bytes;
    for (int n = 0; n < 1 + i % 3; ++n)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    byte_reader in(damaged);
    try {
      (void)decode_value<T>(in);
    } catch (const format_error&) {}
  }
}

} // namespace

template <>
struct sluice::codec<money> {
  static void encode(byte_writer& out, const money& m) { out.raw(m.cents()); }
  static money decode(byte_reader& in) { return money(in.raw<std::int64_t>()); }
  static std::string schema() { return "money"; }
};

namespace {

BOOST_AUTO_TEST_SUITE(codec_of_values)

BOOST_AUTO_TEST_CASE(numbers_round_trip) {
  check_round_trip<std::int8_t>(-128);
  check_round_trip<std::uint16_t>(65535);
  check_round_trip<std::int32_t>(std::numeric_limits<int>::min());
  check_round_trip<std::uint64_t>(~0ull);
  check_round_trip('x');
  check_round_trip(true);
  check_round_trip(false);
  check_round_trip(0.1f);
  check_round_trip(-0.0);
  check_round_trip(std::numeric_limits<double>::infinity());
  check_round_trip(1.5l);
  check_round_trip(colour::green);
  auto nan = bytes_of(std::nan(""));
  byte_reader in(nan);
  BOOST_CHECK(std::isnan(decode_value<double>(in)));
}

BOOST_AUTO_TEST_CASE(texts_and_times_round_trip) {
  check_round_trip(std::string());
  check_round_trip(std::string("with \0 inside", 13));
  check_round_trip(std::string(1000, 'x'));
  check_round_trip(std::chrono::milliseconds(-5));
  check_round_trip(std::chrono::system_clock::time_point(std::chrono::nanoseconds(77)));
}

BOOST_AUTO_TEST_CASE(sums_and_products_round_trip) {
  check_round_trip(std::optional<int>());
  check_round_trip(std::optional<std::string>("yes"));
  check_round_trip(std::variant<int, std::string>("text"));
  check_round_trip(std::variant<std::monostate, int>());
  check_round_trip(std::pair<int, std::string>(1, "one"));
  check_round_trip(std::tuple<int, double, std::string>(1, 2.0, "three"));
  check_round_trip(std::tuple<>());
  check_round_trip(std::array<int, 3>{1, 2, 3});
  check_round_trip(std::array<std::string, 2>{"a", "b"});
}

BOOST_AUTO_TEST_CASE(containers_round_trip) {
  check_round_trip(std::vector<int>{});
  check_round_trip(std::vector<int>{1, -2, 3});
  check_round_trip(std::vector<bool>{true, false, true});
  check_round_trip(std::vector<std::string>{"a", "", "ccc"});
  check_round_trip(std::vector<std::vector<double>>{{1.0}, {}, {2.0, 3.0}});
  check_round_trip(std::deque<int>{1, 2});
  check_round_trip(std::list<std::string>{"a", "b"});
  check_round_trip(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  check_round_trip(std::unordered_map<int, std::string>{{1, "a"}, {2, "b"}});
  check_round_trip(std::set<int>{3, 1, 2});
}

BOOST_AUTO_TEST_CASE(containers_of_values_without_bytes_round_trip) {
  check_round_trip(std::vector<std::monostate>(5));
  check_round_trip(std::vector<hollow>(3));
  check_round_trip(std::vector<std::tuple<>>(2));
}

BOOST_AUTO_TEST_CASE(a_hostile_count_of_values_without_bytes_is_refused) {
  byte_writer out;
  out.varint(~0ull >> 1);
  byte_reader first(out.view());
  BOOST_CHECK_THROW(decode_value<std::vector<std::monostate>>(first), format_error);
  byte_reader second(out.view());
  BOOST_CHECK_THROW(decode_value<std::vector<hollow>>(second), format_error);
}

BOOST_AUTO_TEST_CASE(pointers_round_trip_with_what_they_own) {
  auto bytes = bytes_of(std::make_unique<int>(5));
  byte_reader in(bytes);
  BOOST_CHECK_EQUAL(*decode_value<std::unique_ptr<int>>(in), 5);
  bytes = bytes_of(std::shared_ptr<int>());
  byte_reader none(bytes);
  BOOST_CHECK(decode_value<std::shared_ptr<int>>(none) == nullptr);
}

BOOST_AUTO_TEST_CASE(plain_structs_need_no_macro) {
  check_round_trip(point{1, 2.5});
  check_round_trip(nested{"n", {{1, 1.0}, {2, 2.0}}, colour::red});
  check_round_trip(tree{1, {{2, {}}, {3, {{4, {}}}}}});
}

BOOST_AUTO_TEST_CASE(a_type_may_bring_its_own_codec) {
  check_round_trip(money(99));
  check_round_trip(std::vector<money>{money(1), money(2)});
  check_round_trip(std::pair<money, int>(money(1), 2));
  check_round_trip(std::optional<money>(money(7)));
}

BOOST_AUTO_TEST_CASE(generic_rows_round_trip) {
  row r{{cell(), cell(true), cell(std::int64_t{5}), cell(2.5), cell("text")}};
  check_round_trip(r);
}

BOOST_AUTO_TEST_CASE(damaged_bytes_never_do_more_than_throw) {
  std::mt19937 random(5);
  check_damage(nested{"name", {{1, 1.0}, {2, 2.0}}, colour::red}, random);
  check_damage(std::map<std::string, std::vector<std::string>>{{"a", {"b", "c"}}}, random);
  check_damage(std::vector<std::variant<int, std::string, bool>>{1, "x", true}, random);
  check_damage(std::unordered_map<std::string, std::optional<double>>{{"k", 1.0}}, random);
  check_damage(tree{1, {{2, {}}, {3, {}}}}, random);
  check_damage(std::vector<std::uint64_t>{1, 2, 3}, random);
  check_damage(row{{cell("a"), cell(1.0)}}, random);
}

BOOST_AUTO_TEST_CASE(lengths_beyond_the_data_are_refused_before_memory_is_taken) {
  byte_writer out;
  out.varint(std::uint64_t{1} << 60);
  for (auto* decode : {+[](byte_reader& in) { (void)decode_value<std::string>(in); },
                       +[](byte_reader& in) { (void)decode_value<std::vector<double>>(in); },
                       +[](byte_reader& in) { (void)decode_value<std::vector<point>>(in); },
                       +[](byte_reader& in) { (void)decode_value<std::map<int, int>>(in); }}) {
    byte_reader in(out.view());
    BOOST_CHECK_THROW(decode(in), format_error);
  }
}

BOOST_AUTO_TEST_CASE(a_varint_of_more_than_64_bits_is_refused) {
  std::string bytes(9, '\xff');
  for (auto last : {'\x02', '\x7f', '\xff'}) {
    auto text = bytes + last;
    byte_reader in(text);
    BOOST_CHECK_THROW(in.varint(), format_error);
  }
  bytes += '\x01';
  byte_reader in(bytes);
  BOOST_CHECK_EQUAL(in.varint(), ~0ull);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(schema_texts)

BOOST_AUTO_TEST_CASE(tell_how_values_are_encoded_and_never_change) {
  BOOST_CHECK_EQUAL(schema_of<int>(), "i32");
  BOOST_CHECK_EQUAL(schema_of<std::uint8_t>(), "u8");
  BOOST_CHECK_EQUAL(schema_of<bool>(), "bool");
  BOOST_CHECK_EQUAL(schema_of<float>(), "f32");
  BOOST_CHECK_EQUAL(schema_of<colour>(), "enum i16");
  BOOST_CHECK_EQUAL(schema_of<std::string>(), "string");
  BOOST_CHECK_EQUAL(schema_of<std::chrono::milliseconds>(), "duration<1/1000,i64>");
  BOOST_CHECK_EQUAL(schema_of<std::optional<int>>(), "optional<i32>");
  BOOST_CHECK_EQUAL((schema_of<std::variant<std::monostate, int>>()), "variant<nothing,i32>");
  BOOST_CHECK_EQUAL((schema_of<std::pair<int, std::string>>()), "(i32,string)");
  BOOST_CHECK_EQUAL((schema_of<std::map<int, std::vector<double>>>()), "map<i32,list<f64>>");
  BOOST_CHECK_EQUAL((schema_of<std::array<int, 4>>()), "array<i32,4>");
  BOOST_CHECK_EQUAL(schema_of<point>(), "struct{i32,f64}");
  BOOST_CHECK_EQUAL(schema_of<nested>(), "struct{string,list<struct{i32,f64}>,optional<enum i16>}");
  BOOST_CHECK_EQUAL(schema_of<described_v1>(), "struct{name:string,count:i32}");
  BOOST_CHECK_EQUAL(schema_of<money>(), "money");
}

BOOST_AUTO_TEST_CASE(containers_of_one_kind_are_exchangeable) {
  BOOST_CHECK_EQUAL(schema_of<std::vector<int>>(), schema_of<std::deque<int>>());
  BOOST_CHECK_EQUAL((schema_of<std::map<int, int>>()), (schema_of<std::unordered_map<int, int>>()));
}

BOOST_AUTO_TEST_CASE(a_described_struct_reads_what_was_written_before_it_had_more_fields) {
  described_v1 old{"bolt", 3};
  auto bytes = bytes_of(old);
  BOOST_REQUIRE(can_decode_from<described_v2>(schema_of<described_v1>()));
  evolving_decoder<described_v2> decode(schema_of<described_v1>());
  byte_reader in(bytes);
  auto now = decode(in);
  BOOST_CHECK(in.at_end());
  BOOST_CHECK_EQUAL(now.name, "bolt");
  BOOST_CHECK_EQUAL(now.count, 3);
  BOOST_CHECK_EQUAL(now.price, 1.5);
  BOOST_CHECK((now.tags == std::vector<int>{1, 2}));
}

BOOST_AUTO_TEST_CASE(a_lost_or_retyped_field_is_not_readable) {
  BOOST_CHECK(!can_decode_from<described_v1>(schema_of<described_v2>()));
  BOOST_CHECK(!can_decode_from<described_other>(schema_of<described_v1>()));
  BOOST_CHECK(!can_decode_from<point>(schema_of<described_v1>()));
  BOOST_CHECK(!can_decode_from<int>("i64"));
  BOOST_CHECK(!can_decode_from<described_v1>("struct{"));
  BOOST_CHECK(!can_decode_from<described_v1>("struct{name:string,count:i32"));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(text_of_values)

BOOST_AUTO_TEST_CASE(is_what_a_reader_expects) {
  BOOST_CHECK_EQUAL(to_text(5), "5");
  BOOST_CHECK_EQUAL(to_text(2.0), "2.0");
  BOOST_CHECK_EQUAL(to_text(0.1), "0.1");
  BOOST_CHECK_EQUAL(to_text(-1e100), "-1e+100");
  BOOST_CHECK_EQUAL(to_text(true), "true");
  BOOST_CHECK_EQUAL(to_text(std::string("as is")), "as is");
  BOOST_CHECK_EQUAL(to_text(point{1, 2}), "(1, 2.0)");
  BOOST_CHECK_EQUAL(to_text(described_v1{"a", 1}), "(a, 1)");
  BOOST_CHECK_EQUAL(to_text(std::vector<int>{1, 2}), "[1, 2]");
  BOOST_CHECK_EQUAL(to_text(std::map<std::string, int>{{"a", 1}, {"b", 2}}), "{a=1, b=2}");
  BOOST_CHECK_EQUAL(to_text(std::optional<int>()), "null");
  BOOST_CHECK_EQUAL(to_text(std::tuple<int, std::string>(1, "x")), "(1, x)");
  BOOST_CHECK_EQUAL(to_text(row{{cell(), cell(true), cell(1.0), cell("x")}}),
                    "(null, true, 1.0, x)");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
