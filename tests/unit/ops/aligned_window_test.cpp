#include "sluice/api/windowed_stream.hpp"

#include "support/operator_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace {

using namespace sluice;
using namespace sluice::testing;
using namespace std::chrono_literals;

/// Key and value.
using event = std::pair<std::string, int>;

auto key_of = [](const event& e) -> const std::string& { return e.first; };
auto sum_values
  = [](const event& a, const event& b) { return event(a.first, a.second + b.second); };

operator_factory sums(const window_assigner auto& windows, window_options options = {}) {
  return window_reduce<event>(key_of, windows, sum_values, options);
}

/// The window, the key, how many records, and the watermark at firing.
using description = std::tuple<time_window, std::string, std::size_t>;

operator_factory descriptions(const window_assigner auto& windows, window_options options = {}) {
  return window_process<event, description>(
    key_of, windows,
    [](const std::string& key, const window_context& context, const std::vector<event>& elements,
       collector<description>& out) {
      out.collect({context.window, key, elements.size()});
    },
    options);
}

BOOST_AUTO_TEST_SUITE(tumbling_event_time)

BOOST_AUTO_TEST_CASE(a_window_fires_when_the_watermark_reaches_its_last_instant) {
  operator_harness<event> h(sums(tumbling_event_time_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, 0}, {{"a", 2}, 9}, {{"b", 5}, 3}, {{"a", 4}, 10}});
  h.watermark(8);
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.watermark(9);
  BOOST_CHECK_EQUAL(h.out.take_sorted(), "(a, 3)@9 (b, 5)@9");
  h.watermark(19);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 4)@19");
}

BOOST_AUTO_TEST_CASE(a_window_forgets_its_records_when_it_has_fired) {
  operator_harness<event> h(sums(tumbling_event_time_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, 0}});
  h.watermark(9);
  h.out.take();
  h.watermark(30);
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "");
  BOOST_CHECK_EQUAL(h.op().states().memory_bytes(), 0u);
}

BOOST_AUTO_TEST_CASE(times_before_the_epoch_belong_to_the_window_below_them) {
  operator_harness<description> h(descriptions(tumbling_event_time_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, -1}, {{"a", 1}, -10}, {{"a", 1}, -11}, {{"a", 1}, 0}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([-20, -10), a, 1)@-11 ([-10, 0), a, 2)@-1 ([0, 10), a, 1)@9");
}

BOOST_AUTO_TEST_CASE(an_offset_shifts_the_windows) {
  operator_harness<description> h(descriptions(tumbling_event_time_windows(10us, 3us)));
  h.feed_timed<event>({{{"a", 1}, 2}, {{"a", 1}, 3}, {{"a", 1}, 12}, {{"a", 1}, 13}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([-7, 3), a, 1)@2 ([3, 13), a, 2)@12 ([13, 23), a, 1)@22");
}

BOOST_AUTO_TEST_CASE(a_negative_offset_is_the_same_as_its_complement) {
  operator_harness<description> h(descriptions(tumbling_event_time_windows(10us, -7us)));
  h.feed_timed<event>({{{"a", 1}, 2}, {{"a", 1}, 3}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([-7, 3), a, 1)@2 ([3, 13), a, 1)@12");
}

BOOST_AUTO_TEST_CASE(todays_timestamps_open_no_windows_since_the_epoch) {
  operator_harness<event> h(sums(tumbling_event_time_windows(1us)));
  const timestamp today = 1'700'000'000'000'000;
  h.feed_timed<event>({{{"a", 1}, today}});
  h.watermark(today + 1'000'000'000); // would not end if it walked from window to window
  h.feed_timed<event>({{{"a", 2}, today + 2'000'000'000'000}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1)@1700000000000000 (a, 2)@1702000000000000");
}

BOOST_AUTO_TEST_CASE(windows_of_silent_keys_fire_when_time_passes) {
  operator_harness<event> h(sums(tumbling_event_time_windows(10us)));
  h.feed_timed<event>({{{"silent", 1}, 1}});
  h.feed_timed<event>({{{"a", 1}, 50}});
  h.watermark(49);
  BOOST_CHECK_EQUAL(h.out.take(), "(silent, 1)@9");
}

BOOST_AUTO_TEST_CASE(windows_fire_in_order_of_time_and_before_the_watermark_goes_on) {
  operator_harness<event> h(sums(tumbling_event_time_windows(10us)));
  h.feed_timed<event>({{{"a", 3}, 25}, {{"a", 1}, 5}, {{"a", 2}, 15}});
  h.watermark(100);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1)@9 (a, 2)@19 (a, 3)@29");
  BOOST_CHECK(h.out.watermarks == std::vector<timestamp>{100});
}

BOOST_AUTO_TEST_CASE(all_windows_fire_at_the_end_of_input_in_both_modes) {
  for (auto mode : {execution_mode::streaming, execution_mode::batch}) {
    operator_harness<event> h(sums(tumbling_event_time_windows(10us)), {.mode = mode});
    h.feed_timed<event>({{{"a", 1}, 5}, {{"a", 2}, 15}});
    h.end_of_input();
    BOOST_CHECK_EQUAL(h.out.take(), "(a, 1)@9 (a, 2)@19");
  }
}

BOOST_AUTO_TEST_CASE(records_at_the_ends_of_time_are_not_lost) {
  for (auto size : {1us, 10us, 1'000'000us}) {
    operator_harness<event> h(sums(sliding_event_time_windows(size, size)));
    h.feed_timed<event>({{{"a", 1}, min_timestamp}, {{"b", 1}, max_timestamp - 1}});
    h.watermark(0);
    BOOST_CHECK_EQUAL(h.out.records.size(), 1u);
    h.end_of_input();
    BOOST_CHECK_EQUAL(h.out.records.size(), 2u);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_batch_changes_nothing) {
  operator_harness<event> h(sums(tumbling_event_time_windows(10us)));
  h.feed_timed<event>({});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "");
}

BOOST_AUTO_TEST_CASE(a_stream_without_timestamps_is_refused_with_advice) {
  operator_harness<event> h(sums(tumbling_event_time_windows(10us)));
  BOOST_CHECK_EXCEPTION(h.feed<event>({{"a", 1}}), plan_error, [](const plan_error& e) {
    return std::string(e.what()).find("assign timestamps and watermarks") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_throwing_function_is_reported_with_the_record_s_time) {
  auto f = window_reduce<event>(
    key_of, tumbling_event_time_windows(10us),
    [](const event&, const event&) -> event { throw std::runtime_error("bad pair"); });
  operator_harness<event> h(f);
  BOOST_CHECK_EXCEPTION(h.feed_timed<event>({{{"a", 1}, 3}, {{"a", 1}, 7}}), user_function_error,
                        [](const user_function_error& e) {
                          return e.record_time() == 7 && std::string(e.what()) == "bad pair";
                        });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(lateness)

BOOST_AUTO_TEST_CASE(records_behind_the_watermark_are_counted_and_dropped) {
  operator_harness<event> h(sums(tumbling_event_time_windows(10us)));
  h.feed_timed<event>({{{"a", 1}, 5}});
  h.watermark(9);
  h.feed_timed<event>({{{"a", 2}, 5}, {{"a", 3}, 10}, {{"b", 2}, 9}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1)@9 (a, 3)@19");
  BOOST_CHECK_EQUAL(h.late_records(), 2u);
}

BOOST_AUTO_TEST_CASE(a_record_behind_the_watermark_counts_while_its_window_is_open) {
  operator_harness<event> h(sums(tumbling_event_time_windows(10us)));
  h.watermark(8);
  h.feed_timed<event>({{{"a", 1}, 2}});
  h.watermark(9);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1)@9");
  BOOST_CHECK_EQUAL(h.late_records(), 0u);
}

BOOST_AUTO_TEST_CASE(late_records_go_to_the_late_output_when_there_is_one) {
  operator_harness<event> h(sums(tumbling_event_time_windows(10us), {.late_port = 1}));
  auto late = h.collect<event>(1);
  h.watermark(9);
  h.feed_timed<event>({{{"a", 2}, 5}, {{"a", 3}, 10}, {{"b", 2}, 9}});
  BOOST_CHECK_EQUAL(late->take(), "(a, 2)@5 (b, 2)@9");
  BOOST_CHECK_EQUAL(h.late_records(), 0u);
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 3)@19");
}

BOOST_AUTO_TEST_CASE(each_late_but_allowed_record_fires_its_window_again_for_its_key) {
  operator_harness<event> h(
    sums(tumbling_event_time_windows(10us), {.allowed_lateness = 5us, .late_port = 1}));
  auto late = h.collect<event>(1);
  h.feed_timed<event>({{{"a", 1}, 5}, {{"b", 1}, 5}});
  h.watermark(9);
  BOOST_CHECK_EQUAL(h.out.take_sorted(), "(a, 1)@9 (b, 1)@9");
  h.feed_timed<event>({{{"a", 2}, 6}, {{"a", 4}, 7}, {{"c", 9}, 0}});
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 3)@9 (a, 7)@9 (c, 9)@9");
  h.watermark(13);
  h.feed_timed<event>({{{"b", 1}, 5}});
  BOOST_CHECK_EQUAL(h.out.take(), "(b, 2)@9");
  h.watermark(14); // end - 1 + lateness: now it is gone
  h.feed_timed<event>({{{"b", 1}, 5}});
  BOOST_CHECK_EQUAL(h.out.take(), "");
  BOOST_CHECK_EQUAL(late->take(), "(b, 1)@5");
  BOOST_CHECK_EQUAL(h.op().states().memory_bytes(), 0u);
}

BOOST_AUTO_TEST_CASE(a_late_record_fires_only_those_sliding_windows_that_have_fired) {
  operator_harness<description> h(
    descriptions(sliding_event_time_windows(10us, 5us), {.allowed_lateness = 3us}));
  h.feed_timed<event>({{{"a", 1}, 7}});
  h.watermark(9); // [0, 10) fires, [5, 15) is open
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 10), a, 1)@9");
  h.feed_timed<event>({{{"a", 1}, 8}});
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 10), a, 2)@9");
  h.watermark(12); // [0, 10) is gone
  h.feed_timed<event>({{{"a", 1}, 8}});
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.watermark(14);
  BOOST_CHECK_EQUAL(h.out.take(), "([5, 15), a, 3)@14");
  h.feed_timed<event>({{{"a", 1}, 2}});
  BOOST_CHECK_EQUAL(h.late_records(), 1u);
}

BOOST_AUTO_TEST_CASE(a_negative_lateness_is_refused) {
  BOOST_CHECK_THROW(sums(tumbling_event_time_windows(10us), {.allowed_lateness = -1us}),
                    plan_error);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(sliding_event_time)

BOOST_AUTO_TEST_CASE(a_record_is_in_every_window_that_spans_it) {
  operator_harness<description> h(descriptions(sliding_event_time_windows(10us, 5us)));
  h.feed_timed<event>({{{"a", 1}, 7}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 10), a, 1)@9 ([5, 15), a, 1)@14");
}

BOOST_AUTO_TEST_CASE(windows_merge_the_panes_that_they_share) {
  operator_harness<event> h(sums(sliding_event_time_windows(15us, 5us)));
  h.feed_timed<event>(
    {{{"a", 1}, 0}, {{"a", 2}, 5}, {{"a", 4}, 10}, {{"a", 8}, 15}, {{"b", 1}, 7}});
  h.watermark(4);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1)@4");
  h.watermark(9);
  BOOST_CHECK_EQUAL(h.out.take_sorted(), "(a, 3)@9 (b, 1)@9");
  h.watermark(14);
  BOOST_CHECK_EQUAL(h.out.take_sorted(), "(a, 7)@14 (b, 1)@14");
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take_sorted(), "(a, 12)@24 (a, 14)@19 (a, 8)@29 (b, 1)@19");
}

BOOST_AUTO_TEST_CASE(records_in_the_gaps_of_windows_shorter_than_their_slide_are_in_none) {
  operator_harness<description> h(descriptions(sliding_event_time_windows(3us, 10us)));
  h.feed_timed<event>(
    {{{"a", 1}, 2}, {{"a", 1}, 3}, {{"a", 1}, 9}, {{"a", 1}, 10}, {{"a", 1}, -1}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "([0, 3), a, 1)@2 ([10, 13), a, 1)@12");
  BOOST_CHECK_EQUAL(h.late_records(), 0u);
}

/// What Flink's definition says, evaluated record by record: window start -> (key -> sum).
std::string expected_sums(const std::vector<std::pair<event, timestamp>>& records,
                          std::int64_t size, std::int64_t slide, std::int64_t offset) {
  std::map<timestamp, std::map<std::string, int>> windows;
  for (auto& [e, t] : records) {
    auto into = ((t - offset) % slide + slide) % slide;
    for (auto start = t - into; start > t - size; start -= slide)
      windows[start][e.first] += e.second;
  }
  std::vector<std::string> texts;
  for (auto& [start, keys] : windows)
    for (auto& [key, sum] : keys)
      texts.push_back(to_text(timed<event>{{key, sum}, start + size - 1}));
  std::sort(texts.begin(), texts.end());
  std::string text;
  for (auto& t : texts) text += (text.empty() ? "" : " ") + t;
  return text;
}

BOOST_AUTO_TEST_CASE(any_size_slide_offset_and_disorder_gives_what_the_definition_says) {
  std::mt19937 random(20240601);
  auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 300; ++round) {
    auto size = 1 + below(40);
    auto slide = round % 3 == 0 ? size : 1 + below(40);
    auto offset = below(2 * slide - 1) - (slide - 1);
    BOOST_TEST_CONTEXT("size " << size << " slide " << slide << " offset " << offset) {
      operator_harness<event> h(
        sums(sliding_event_time_windows(duration(size), duration(slide), duration(offset))));
      std::vector<std::pair<event, timestamp>> all;
      timestamp now = -100;
      const auto disorder = 1 + below(60);
      for (int b = 0; b < 8; ++b) {
        std::vector<std::pair<event, timestamp>> records;
        for (int i = below(30); i > 0; --i)
          records.push_back({{std::string(1, static_cast<char>('a' + below(5))), below(10)},
                             now + below(disorder)});
        all.insert(all.end(), records.begin(), records.end());
        h.feed_timed<event>(records);
        now += below(40);
        h.watermark(now - 1);
      }
      h.end_of_input();
      BOOST_CHECK_EQUAL(h.out.take_sorted(), expected_sums(all, size, slide, offset));
      BOOST_CHECK_EQUAL(h.late_records(), 0u);
      BOOST_CHECK_EQUAL(h.op().states().memory_bytes(), 0u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(processing_time)

BOOST_AUTO_TEST_CASE(a_window_fires_when_the_clock_reaches_its_end) {
  operator_harness<event> h(sums(tumbling_processing_time_windows(10us)));
  h.processing_time(12);
  h.feed<event>({{"a", 1}, {"b", 1}});
  h.processing_time(19);
  h.feed<event>({{"a", 2}});
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.processing_time(20);
  BOOST_CHECK_EQUAL(h.out.take_sorted(), "(a, 3)@19 (b, 1)@19");
  h.feed<event>({{"a", 4}});
  h.processing_time(100);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 4)@29");
}

BOOST_AUTO_TEST_CASE(sliding_windows_fire_every_slide) {
  operator_harness<event> h(sums(sliding_processing_time_windows(10us, 5us)));
  h.processing_time(7);
  h.feed<event>({{"a", 1}});
  h.processing_time(12);
  h.feed<event>({{"a", 2}});
  h.processing_time(50);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1)@9 (a, 3)@14 (a, 2)@19");
}

BOOST_AUTO_TEST_CASE(what_is_open_fires_at_the_end_of_input) {
  operator_harness<event> h(sums(tumbling_processing_time_windows(10us)));
  h.processing_time(12);
  h.feed<event>({{"a", 1}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1)@19");
}

BOOST_AUTO_TEST_CASE(event_time_means_nothing_to_it) {
  operator_harness<event> h(sums(tumbling_processing_time_windows(10us)));
  h.processing_time(5);
  h.watermark(1'000'000);
  h.feed_timed<event>({{{"a", 1}, 1}});
  h.processing_time(10);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1)@9");
  BOOST_CHECK_EQUAL(h.late_records(), 0u);
}

BOOST_AUTO_TEST_CASE(a_clock_that_steps_back_makes_no_record_late) {
  operator_harness<event> h(sums(tumbling_processing_time_windows(10us)));
  h.processing_time(5);
  h.feed<event>({{"a", 1}});
  h.processing_time(10);
  h.out.take();
  h.context().time.set(3);
  h.feed<event>({{"a", 2}});
  h.processing_time(20);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 2)@19");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(functions)

BOOST_AUTO_TEST_CASE(aggregates_give_one_result_per_key_and_window) {
  auto run = [](auto aggregate) {
    auto make = window_aggregate<event>(key_of, tumbling_event_time_windows(10us), aggregate);
    operator_harness<aggregate_result_t<decltype(aggregate)>> h(make);
    h.template feed_timed<event>({{{"a", 4}, 0}, {{"a", 1}, 1}, {{"a", 7}, 2}});
    h.end_of_input();
    return h.out.take();
  };
  BOOST_CHECK_EQUAL(run(aggregates::count()), "3@9");
  BOOST_CHECK_EQUAL(run(aggregates::sum(&event::second)), "12@9");
  BOOST_CHECK_EQUAL(run(aggregates::min(&event::second)), "1@9");
  BOOST_CHECK_EQUAL(run(aggregates::max(&event::second)), "7@9");
  BOOST_CHECK_EQUAL(run(aggregates::average(&event::second)), "4.0@9");
  BOOST_CHECK_EQUAL(run(aggregates::sum<event>([](const event& e) { return 0.5 * e.second; })),
                    "6.0@9");
}

BOOST_AUTO_TEST_CASE(aggregates_merge_over_sliding_windows) {
  auto run = [](auto aggregate) {
    auto make = window_aggregate<event>(key_of, sliding_event_time_windows(10us, 5us), aggregate);
    operator_harness<aggregate_result_t<decltype(aggregate)>> h(make);
    h.template feed_timed<event>({{{"a", 4}, 0}, {{"a", 1}, 5}, {{"a", 7}, 6}});
    h.watermark(9);
    return h.out.take();
  };
  BOOST_CHECK_EQUAL(run(aggregates::count()), "1@4 3@9");
  BOOST_CHECK_EQUAL(run(aggregates::sum(&event::second)), "4@4 12@9");
  BOOST_CHECK_EQUAL(run(aggregates::min(&event::second)), "4@4 1@9");
  BOOST_CHECK_EQUAL(run(aggregates::max(&event::second)), "4@4 7@9");
  BOOST_CHECK_EQUAL(run(aggregates::average(&event::second)), "4.0@4 4.0@9");
}

BOOST_AUTO_TEST_CASE(a_window_function_gets_key_window_and_the_aggregate_s_result) {
  auto make = window_aggregate<event, std::string>(
    key_of, tumbling_event_time_windows(10us), aggregates::sum(&event::second),
    [](const std::string& key, const window_context& c, std::int64_t sum,
       collector<std::string>& out) {
      out.collect(key + to_text(c.window) + to_text(sum) + "<" + to_text(c.watermark));
    });
  operator_harness<std::string> h(make);
  h.feed_timed<event>({{{"a", 4}, 0}, {{"a", 1}, 5}});
  h.watermark(12);
  BOOST_CHECK_EQUAL(h.out.take(), "a[0, 10)5<12@9");
}

struct element_printer {
  void process(const std::string& key, const window_context&, const std::vector<event>& elements,
               collector<std::string>& out) {
    std::string text = key;
    for (auto& e : elements) text += ' ' + to_text(e.second);
    out.collect(text);
    out.collect(text + '!');
  }
};

BOOST_AUTO_TEST_CASE(a_process_function_may_be_a_class_and_sees_the_elements_in_order) {
  auto make = window_process<event, std::string>(key_of, tumbling_event_time_windows(10us),
                                                 element_printer{});
  operator_harness<std::string> h(make);
  h.feed_timed<event>({{{"a", 4}, 7}, {{"b", 9}, 1}, {{"a", 1}, 5}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take_sorted(), "a 4 1!@9 a 4 1@9 b 9!@9 b 9@9");
}

BOOST_AUTO_TEST_CASE(windows_over_all_records_need_no_key) {
  auto make = window_process<event, std::size_t>(
    single_key{}, tumbling_event_time_windows(10us),
    [](const window_context&, const std::vector<event>& elements, collector<std::size_t>& out) {
      out.collect(elements.size());
    });
  operator_harness<std::size_t> h(make);
  h.feed_timed<event>({{{"a", 4}, 7}, {{"b", 9}, 1}, {{"a", 1}, 15}, {{"c", 1}, 3}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "3@9 1@19");
}

BOOST_AUTO_TEST_CASE(folds_of_rolling_aggregation_work_on_windows_too) {
  auto value = [](auto& e) -> auto& { return e.second; };
  ops::extreme_fold<event, decltype(value), true, true> max_by{value};
  auto make = window_fold<event>(single_key{}, sliding_event_time_windows(10us, 5us), max_by);
  operator_harness<event> h(make);
  h.feed_timed<event>({{{"a", 4}, 1}, {{"b", 9}, 2}, {{"c", 1}, 7}});
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "(b, 9)@4 (b, 9)@9 (c, 1)@14");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
