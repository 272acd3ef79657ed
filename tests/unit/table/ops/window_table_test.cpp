#include "support/table_operator_harness.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::table;
using namespace sluice::testing;

const std::vector<data_type> types = types_of({"INT", "TIMESTAMP(3)"});
constexpr std::int64_t minute = 60'000'000;

window_spec windows(window_kind kind, std::int64_t size, std::int64_t slide) {
  window_spec w;
  w.kind = kind;
  w.time_column = 1;
  w.size = size;
  w.slide = slide;
  return w;
}

} // namespace

BOOST_AUTO_TEST_SUITE(window_table_suite)

BOOST_AUTO_TEST_CASE(tumble_adds_the_window_of_each_row_and_keeps_its_kind) {
  table_harness h(
    make_window_table(types, windows(window_kind::tumble, 10 * minute, 10 * minute), {}), types);
  h.feed({"1|2020-04-15 08:05:00", "-D 2|2020-04-15 08:10:00"});
  BOOST_TEST(h.out.take()
             == "+I[1, 2020-04-15T08:05, 2020-04-15T08:00, 2020-04-15T08:10, "
                "2020-04-15T08:09:59.999] "
                "-D[2, 2020-04-15T08:10, 2020-04-15T08:10, 2020-04-15T08:20, "
                "2020-04-15T08:19:59.999]");
}

BOOST_AUTO_TEST_CASE(tumble_with_an_offset_and_before_1970) {
  auto w = windows(window_kind::tumble, 10 * minute, 10 * minute);
  w.offset = minute;
  table_harness h(make_window_table(types, w, {}), types);
  h.feed({"1|1969-12-31 23:50:30"});
  BOOST_TEST(h.out.take()
             == "+I[1, 1969-12-31T23:50:30, 1969-12-31T23:41, 1969-12-31T23:51, "
                "1969-12-31T23:50:59.999]");
}

BOOST_AUTO_TEST_CASE(hop_has_a_row_for_each_window) {
  table_harness h(make_window_table(types, windows(window_kind::hop, 10 * minute, 5 * minute), {}),
                  types);
  h.feed({"1|2020-04-15 08:05:00"});
  BOOST_TEST(h.out.take()
             == "+I[1, 2020-04-15T08:05, 2020-04-15T08:00, 2020-04-15T08:10, "
                "2020-04-15T08:09:59.999] "
                "+I[1, 2020-04-15T08:05, 2020-04-15T08:05, 2020-04-15T08:15, "
                "2020-04-15T08:14:59.999]");
}

BOOST_AUTO_TEST_CASE(hop_with_gaps_leaves_out_rows_between_windows) {
  table_harness h(make_window_table(types, windows(window_kind::hop, 2 * minute, 5 * minute), {}),
                  types);
  h.feed({"1|2020-04-15 08:01:59", "2|2020-04-15 08:02:00", "3|2020-04-15 08:05:00"});
  auto text = h.out.take();
  BOOST_TEST(text.find("+I[1, ") != std::string::npos);
  BOOST_TEST(text.find("+I[2, ") == std::string::npos);
  BOOST_TEST(text.find("+I[3, ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(cumulate_has_windows_that_grow) {
  table_harness h(
    make_window_table(types, windows(window_kind::cumulate, 6 * minute, 2 * minute), {}), types);
  h.feed({"1|2020-04-15 08:03:00"});
  BOOST_TEST(h.out.take()
             == "+I[1, 2020-04-15T08:03, 2020-04-15T08:00, 2020-04-15T08:04, "
                "2020-04-15T08:03:59.999] "
                "+I[1, 2020-04-15T08:03, 2020-04-15T08:00, 2020-04-15T08:06, "
                "2020-04-15T08:05:59.999]");
}

BOOST_AUTO_TEST_CASE(instants_are_cut_in_the_zone_of_the_session) {
  auto input = types_of({"INT", "TIMESTAMP_LTZ(3)"});
  auto w = windows(window_kind::tumble, 24 * 60 * minute, 24 * 60 * minute);
  w.local_time = true;
  operator_settings settings;
  settings.zone = *time_zone::find("Asia/Shanghai");
  table_harness h(make_window_table(input, w, settings), input);
  h.feed({"1|2021-03-27 17:00:00"}); // UTC; 2021-03-28 01:00 there
  BOOST_TEST(h.out.take()
             == "+I[1, 2021-03-27T17:00:00Z, 2021-03-28T00:00, 2021-03-29T00:00, "
                "2021-03-28T15:59:59.999Z]");
}

BOOST_AUTO_TEST_CASE(a_row_without_a_time_is_an_error) {
  table_harness h(make_window_table(types, windows(window_kind::tumble, minute, minute), {}),
                  types);
  BOOST_CHECK_THROW(h.feed({"1|null"}), error);
}

BOOST_AUTO_TEST_SUITE_END()
