/// JSON under random input: never a crash, the same records however the input is cut into chunks,
/// and what is written reads back.
#include "sluice/connect/format/json.hpp"

#include "fuzz/decode_chunks.hpp"
#include "fuzz/fuzz_driver.hpp"

#include <boost/describe.hpp>

#include <map>

namespace {

using namespace sluice;
using namespace sluice::testing;

struct inner {
  double x = 1;
  std::vector<std::optional<std::int8_t>> list;
  friend bool operator==(const inner&, const inner&) = default;
};
BOOST_DESCRIBE_STRUCT(inner, (), (x, list))

struct outer {
  std::string name;
  std::uint64_t big = 0;
  bool flag = false;
  inner one;
  std::map<std::string, inner> many;
  std::tuple<std::string, char> pair;
  friend bool operator==(const outer&, const outer&) = default;
};
BOOST_DESCRIBE_STRUCT(outer, (), (name, big, flag, one, many, pair))

void expect(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

template <class T>
void check_type(const json_options& options, const std::string& input, std::mt19937_64& random) {
  auto format = make_json_format<T>(options);
  auto whole = decode_all<T>(*format, input, nullptr);
  expect(whole == decode_all<T>(*format, input, &random), "chunks change the records");
  typed_batch<T> batch;
  for (auto& r : whole.records) batch.push_back(r);
  std::string written;
  make_json_encoder<T>(options)->encode(batch, 0, batch.size(), written);
  auto again = decode_all<T>(*format, written, nullptr);
  expect(again.refused.empty(), "what is written is refused");
  expect(again.records == whole.records, "what is written does not read back");
}

void check(const std::string& input, std::mt19937_64& random) {
  json_options options;
  options.errors = random() % 2 == 0 ? on_error::skip : on_error::null_field;
  options.utf8 = random() % 2 == 0 ? invalid_utf8::by_policy : invalid_utf8::replace;
  options.omit_null_fields = random() % 2 == 0;
  options.row_schema = {{"name", column_type::string},
                        {"big", column_type::int64},
                        {"x", column_type::float64},
                        {"flag", column_type::boolean}};
  check_type<outer>(options, input, random);
  check_type<row>(options, input, random);
  check_type<std::tuple<std::string, double>>(options, input, random);
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> good{
    "{\"name\":\"a\\u0041\\n\",\"big\":18446744073709551615,\"flag\":true}\n",
    "{\"one\":{\"x\":-1.5e3,\"list\":[1,null,-128]},\"many\":{\"k\":{},\"l\":{\"list\":[]}}}\r\n{}"
    "\n",
    "{\"pair\":[\"한\",\"x\"],\"extra\":[[[{\"a\":[]}]]],\"x\":0.1}\n\n[\"a\",1]\n",
    "{\"name\":\"\\ud83d\\ude00 \xf0\x9f\x98\x80\",\"big\":\"12\",\"x\":1e308}\n[\"\\\\\",\"2\"]",
  };
  return run_fuzzer(argc, argv, good, "{}[]\",:0-.eE\\\n ntu", check);
}
