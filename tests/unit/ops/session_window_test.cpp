#include "sluice/api/windowed_stream.hpp"

#include "support/operator_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace {

using namespace sluice;
using namespace sluice::testing;
using namespace std::chrono_literals;

using event = std::pair<std::string, int>;
using description = std::tuple<time_window, std::string, int>;

auto key_of = [](const event& e) -> const std::string& { return e.first; };
auto sum_values
  = [](const event& a, const event& b) { return event(a.first, a.second + b.second); };

/// Window, key and sum.
operator_factory sessions(session_windows windows, window_options options = {}) {
  return window_reduce<event, description>(
    key_of, windows, sum_values,
    [](const std::string& key, const window_context& context, const event& sum,
       collector<description>& out) {
      out.collect({context.window, key, sum.second});
    },
    options);
}

BOOST_AUTO_TEST_SUITE(session_window)

BOOST_AUTO_TEST_CASE(records_within_the_gap_are_one_session) {
  operator_harness<description> h(sessions(event_time_session_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, 0}, {{"a", 2}, 8}, {{"b", 1}, 5}, {{"a", 4}, 30}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([5, 15), b, 1)@14 ([0, 18), a, 3)@17 ([30, 40), a, 4)@39");
}

BOOST_AUTO_TEST_CASE(a_session_fires_when_the_watermark_reaches_its_last_instant) {
  operator_harness<description> h(sessions(event_time_session_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, 0}});
  h.feed_timed<event>({{{"a", 2}, 8}});
  h.watermark(16);
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.watermark(17);
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 18), a, 3)@17");
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "");
}

BOOST_AUTO_TEST_CASE(a_session_at_the_end_of_time_fires_with_it) {
  operator_harness<description> h(sessions(event_time_session_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, max_timestamp - 5}, {{"a", 2}, max_timestamp - 3}});
  h.end_of_input();
  auto text = h.out.take();
  BOOST_TEST(text.find("), a, 3)@") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(sessions_that_touch_are_one) {
  operator_harness<description> h(sessions(event_time_session_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, 0}, {{"a", 2}, 10}, {{"a", 4}, 21}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 20), a, 3)@19 ([21, 31), a, 4)@30");
}

BOOST_AUTO_TEST_CASE(a_record_between_two_sessions_joins_them) {
  operator_harness<description> h(sessions(event_time_session_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, 0}, {{"a", 2}, 18}, {{"a", 8}, 50}});
  h.feed_timed<event>({{{"a", 4}, 9}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 28), a, 7)@27 ([50, 60), a, 8)@59");
}

BOOST_AUTO_TEST_CASE(an_earlier_session_of_a_key_fires_first_though_it_came_later) {
  operator_harness<description> h(sessions(event_time_session_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, 100}, {{"a", 2}, 20}});
  h.watermark(29);
  BOOST_CHECK_EQUAL(h.out.take(), "([20, 30), a, 2)@29");
  h.watermark(109);
  BOOST_CHECK_EQUAL(h.out.take(), "([100, 110), a, 1)@109");
}

BOOST_AUTO_TEST_CASE(a_record_is_late_only_if_the_session_it_would_join_is_over) {
  operator_harness<description> h(sessions(event_time_session_windows(10us), {.late_port = 1}));
  auto late = h.collect<event>(1);
  h.feed_timed<event>({{{"a", 1}, 20}});
  h.watermark(25);
  h.feed_timed<event>({{{"a", 2}, 12}, {{"a", 4}, 1}, {{"b", 8}, 15}});
  BOOST_CHECK_EQUAL(late->take(), "(a, 4)@1 (b, 8)@15");
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([12, 30), a, 3)@29");
  BOOST_CHECK_EQUAL(h.late_records(), 0u);
}

BOOST_AUTO_TEST_CASE(late_records_are_counted_without_a_late_output) {
  operator_harness<description> h(sessions(event_time_session_windows(10us)));
  h.watermark(100);
  h.feed_timed<event>({{{"a", 1}, 20}, {{"b", 1}, 92}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.late_records(), 1u);
  BOOST_CHECK_EQUAL(h.out.take(), "([92, 102), b, 1)@101");
}

BOOST_AUTO_TEST_CASE(a_late_but_allowed_record_fires_its_session_again_or_revives_it) {
  operator_harness<description> h(
    sessions(event_time_session_windows(10us), {.allowed_lateness = 20us}));
  h.feed_timed<event>({{{"a", 1}, 0}});
  h.watermark(12);
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 10), a, 1)@9");
  h.feed_timed<event>({{{"a", 2}, 1}}); // still over: fires at once
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 11), a, 3)@10");
  h.feed_timed<event>({{{"a", 4}, 5}}); // grows beyond the watermark: open again
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.watermark(14);
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 15), a, 7)@14");
  h.watermark(34); // end - 1 + lateness
  h.feed_timed<event>({{{"a", 8}, 3}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "");
  BOOST_CHECK_EQUAL(h.late_records(), 1u);
}

BOOST_AUTO_TEST_CASE(processing_time_sessions_fire_when_the_clock_has_passed_the_gap) {
  operator_harness<description> h(sessions(processing_time_session_windows(10us)));
  h.processing_time(100);
  h.feed<event>({{"a", 1}});
  h.processing_time(105);
  h.feed<event>({{"a", 2}});
  h.processing_time(114);
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.processing_time(115);
  BOOST_CHECK_EQUAL(h.out.take(), "([100, 115), a, 3)@114");
  h.feed<event>({{"a", 4}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([115, 125), a, 4)@124");
}

BOOST_AUTO_TEST_CASE(sessions_need_timestamps) {
  operator_harness<description> h(sessions(event_time_session_windows(10us)));
  BOOST_CHECK_THROW(h.feed<event>({{"a", 1}}), plan_error);
}

BOOST_AUTO_TEST_CASE(any_disorder_gives_the_sessions_that_sorting_gives) {
  std::mt19937 random(99);
  for (int round = 0; round < 200; ++round) {
    operator_harness<description> h(sessions(event_time_session_windows(10us)));
    std::vector<std::pair<event, timestamp>> all;
    timestamp now = 0;
    for (int b = 0; b < 10; ++b) {
      std::vector<std::pair<event, timestamp>> batch;
      for (auto i = random() % 12; i > 0; --i)
        batch.push_back(
          {{std::string(1, static_cast<char>('a' + random() % 3)), static_cast<int>(random() % 50)},
           now + static_cast<int>(random() % 60)});
      all.insert(all.end(), batch.begin(), batch.end());
      h.feed_timed<event>(batch);
      now += static_cast<int>(random() % 30);
      h.watermark(now - 2); // so that a record at `now` still finds a session that it touches
    }
    h.end_of_input();
    std::sort(all.begin(), all.end(), [](auto& x, auto& y) {
      return std::tie(x.first.first, x.second) < std::tie(y.first.first, y.second);
    });
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < all.size();) {
      auto& key = all[i].first.first;
      auto start = all[i].second;
      auto end = start + 10;
      int sum = 0;
      for (; i < all.size() && all[i].first.first == key && all[i].second <= end; ++i) {
        sum += all[i].first.second;
        end = all[i].second + 10;
      }
      expected.push_back(to_text(timed<description>{{{start, end}, key, sum}, end - 1}));
    }
    std::sort(expected.begin(), expected.end());
    std::string text;
    for (auto& t : expected) text += (text.empty() ? "" : " ") + t;
    BOOST_CHECK_EQUAL(h.out.take_sorted(), text);
    BOOST_CHECK_EQUAL(h.late_records(), 0u);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
