#include "sluice/api/windowed_stream.hpp"

#include "support/operator_harness.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::testing;
using namespace std::chrono_literals;

using event = std::pair<std::string, int>;

auto key_of = [](const event& e) -> const std::string& { return e.first; };
auto sum_values
  = [](const event& a, const event& b) { return event(a.first, a.second + b.second); };

operator_factory sums(const window_assigner auto& windows) {
  return window_reduce<event>(key_of, windows, sum_values);
}

operator_factory elements(const window_assigner auto& windows) {
  return window_process<event, std::string>(key_of, windows,
                                            [](const std::string&, const window_context&,
                                               const std::vector<event>& all,
                                               collector<std::string>& out) {
                                              std::string text;
                                              for (auto& e : all) text += to_text(e.second);
                                              out.collect(text);
                                            });
}

BOOST_AUTO_TEST_SUITE(count_windows_of_records)

BOOST_AUTO_TEST_CASE(a_window_fires_after_so_many_records_of_its_key) {
  operator_harness<event> h(sums(count_window(3)));
  h.feed<event>({{"a", 1}, {"b", 1}, {"a", 2}, {"a", 4}, {"a", 8}});
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 7)");
  h.feed<event>({{"a", 16}, {"a", 32}, {"b", 1}, {"b", 1}});
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 56) (b, 3)");
}

BOOST_AUTO_TEST_CASE(windows_of_one_record_fire_for_each) {
  operator_harness<event> h(sums(count_window(1)));
  h.feed<event>({{"a", 1}, {"a", 2}});
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1) (a, 2)");
}

BOOST_AUTO_TEST_CASE(results_have_the_time_of_the_record_that_completes_the_window) {
  operator_harness<event> h(sums(count_window(2)));
  h.feed_timed<event>({{{"a", 1}, 7}, {{"b", 1}, 9}, {{"a", 2}, 3}});
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 3)@3");
}

BOOST_AUTO_TEST_CASE(incomplete_windows_do_not_fire_at_the_end) {
  operator_harness<event> h(sums(count_window(3)));
  h.feed<event>({{"a", 1}, {"a", 2}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "");
}

BOOST_AUTO_TEST_CASE(a_complete_window_leaves_no_state) {
  operator_harness<event> h(sums(count_window(2)));
  h.feed<event>({{"a", 1}, {"a", 2}});
  BOOST_CHECK(h.snapshot().states()[0].groups.empty());
}

BOOST_AUTO_TEST_CASE(sliding_windows_fire_every_slide_over_the_last_records) {
  operator_harness<std::string> h(elements(count_window(5, 2)));
  std::vector<event> records;
  for (int i = 1; i <= 9; ++i) records.push_back({"a", i});
  h.feed<event>(records);
  BOOST_CHECK_EQUAL(h.out.take(), "12 1234 23456 45678");
}

BOOST_AUTO_TEST_CASE(sliding_windows_share_accumulators_between_slides) {
  operator_harness<event> h(sums(count_window(4, 2)));
  h.feed<event>({{"a", 1}, {"b", 5}, {"a", 2}, {"a", 4}, {"a", 8}, {"a", 16}, {"a", 32}});
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 3) (a, 15) (a, 60)");
}

BOOST_AUTO_TEST_CASE(a_slide_longer_than_the_size_skips_records) {
  operator_harness<std::string> h(elements(count_window(2, 3)));
  std::vector<event> records;
  for (int i = 1; i <= 7; ++i) records.push_back({"a", i});
  h.feed<event>(records);
  BOOST_CHECK_EQUAL(h.out.take(), "23 56");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(global_window_of_records)

BOOST_AUTO_TEST_CASE(fires_once_at_the_end_of_input_before_the_last_watermark) {
  operator_harness<event> h(sums(global_windows()));
  h.feed<event>({{"a", 1}, {"b", 1}, {"a", 2}});
  h.watermark(1'000'000);
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.watermark(max_timestamp);
  BOOST_CHECK_EQUAL(h.out.take_sorted(), "(a, 3)@end (b, 1)@end");
  h.op().finish();
  BOOST_CHECK_EQUAL(h.out.take(), "");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(assigners)

BOOST_AUTO_TEST_CASE(sizes_that_are_not_positive_are_refused) {
  BOOST_CHECK_THROW(tumbling_event_time_windows(0us), plan_error);
  BOOST_CHECK_THROW(tumbling_event_time_windows(-1s), plan_error);
  BOOST_CHECK_THROW(tumbling_processing_time_windows(0us), plan_error);
  BOOST_CHECK_THROW(sliding_event_time_windows(0us, 1us), plan_error);
  BOOST_CHECK_THROW(sliding_event_time_windows(1us, 0us), plan_error);
  BOOST_CHECK_THROW(sliding_processing_time_windows(1us, -1us), plan_error);
  BOOST_CHECK_THROW(event_time_session_windows(0us), plan_error);
  BOOST_CHECK_THROW(processing_time_session_windows(-5us), plan_error);
  BOOST_CHECK_THROW(count_window(0), plan_error);
  BOOST_CHECK_THROW(count_window(0, 1), plan_error);
  BOOST_CHECK_THROW(count_window(1, 0), plan_error);
}

BOOST_AUTO_TEST_CASE(offsets_of_a_slide_or_more_are_refused) {
  BOOST_CHECK_THROW(tumbling_event_time_windows(10us, 10us), plan_error);
  BOOST_CHECK_THROW(sliding_event_time_windows(10us, 5us, -5us), plan_error);
  BOOST_CHECK_NO_THROW(sliding_event_time_windows(10us, 5us, -4us));
}

BOOST_AUTO_TEST_CASE(names_tell_kind_and_sizes) {
  BOOST_CHECK_EQUAL(tumbling_event_time_windows(1s).name(), "TumblingEventTimeWindows(1s)");
  BOOST_CHECK_EQUAL(sliding_processing_time_windows(1min, 1500ms).name(),
                    "SlidingProcessingTimeWindows(60s, 1500ms)");
  BOOST_CHECK_EQUAL(event_time_session_windows(7us).name(), "EventTimeSessionWindows(7us)");
  BOOST_CHECK_EQUAL(count_window(5).name(), "CountWindow(5)");
  BOOST_CHECK_EQUAL(count_window(5, 2).name(), "CountWindow(5, 2)");
}

BOOST_AUTO_TEST_CASE(a_window_is_printed_and_encoded) {
  time_window w{5, 10};
  BOOST_CHECK_EQUAL(to_text(w), "[5, 10)");
  BOOST_CHECK_EQUAL(w.max_timestamp(), 9);
  byte_writer out;
  encode_value(out, w);
  byte_reader in(out.view());
  BOOST_CHECK(decode_value<time_window>(in) == w);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
