#include "support/table_operator_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>

namespace {

using namespace sluice;
using namespace sluice::table;
using namespace sluice::testing;

constexpr std::int64_t second = 1'000'000;

/// SUM(number), COUNT(*) by name and window; times are microseconds of a BIGINT that stands for the
/// time, so that tests read easily.
window_aggregate_spec sums(window_kind kind, std::int64_t size, std::int64_t slide,
                           bool retracts = false) {
  window_aggregate_spec spec;
  spec.input = types_of({"STRING", "BIGINT", "BIGINT"});
  spec.window.kind = kind;
  spec.window.time_column = 2;
  spec.window.size = size * second;
  spec.window.slide = slide * second;
  spec.keys = {0};
  spec.calls = {call_of("SUM", spec.input, {1}, retracts), call_of("COUNT", spec.input, {})};
  spec.properties = {0, 1};
  spec.input_retracts = retracts;
  return spec;
}

std::string row(const std::string& key, int value, std::int64_t at_second) {
  return key + "|" + std::to_string(value) + "|" + std::to_string(at_second * second);
}

/// As `row_text` shows results, windows in seconds of the first minute.
std::string result(const std::string& key, int sum, int count, int start, int end) {
  auto time = [](int s) {
    return "1970-01-01T00:0" + std::to_string(s / 60)
           + (s % 60 == 0 ? ""
                          : ":" + std::string(s % 60 < 10 ? "0" : "") + std::to_string(s % 60));
  };
  return "+I[" + key + ", " + std::to_string(sum) + ", " + std::to_string(count) + ", "
         + time(start) + ", " + time(end) + "]";
}

std::string all_of(std::vector<std::string> rows) {
  std::sort(rows.begin(), rows.end());
  std::string text;
  for (auto& r : rows) text += (text.empty() ? "" : " ") + r;
  return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(window_aggregate_suite)

BOOST_AUTO_TEST_CASE(tumble_fires_when_the_watermark_reaches_its_last_microsecond) {
  auto spec = sums(window_kind::tumble, 10, 10);
  table_harness h(make_window_aggregate(spec, {}), spec.input);
  h.feed({row("a", 1, 1), row("b", 2, 9), row("a", 3, 5), row("a", 4, 10)});
  h.watermark(10 * second - 2);
  BOOST_TEST(h.out.take() == "");
  h.watermark(10 * second - 1);
  BOOST_TEST(h.out.take_sorted() == all_of({result("a", 4, 2, 0, 10), result("b", 2, 1, 0, 10)}));
  h.watermark(max_timestamp);
  BOOST_TEST(h.out.take() == result("a", 4, 1, 10, 20));
  BOOST_TEST(h.out.watermarks.size() == 3u);
}

BOOST_AUTO_TEST_CASE(late_rows_are_dropped_and_counted) {
  auto spec = sums(window_kind::tumble, 10, 10);
  table_harness h(make_window_aggregate(spec, {}), spec.input);
  h.feed({row("a", 1, 1)});
  h.watermark(10 * second - 1);
  h.out.take();
  h.feed({row("a", 1, 9), row("a", 1, 10), row("a", 1, 3)});
  BOOST_TEST(h.context().late == 2u);
  h.watermark(max_timestamp);
  BOOST_TEST(h.out.take() == result("a", 1, 1, 10, 20));
}

BOOST_AUTO_TEST_CASE(hop_adds_up_what_windows_share) {
  auto spec = sums(window_kind::hop, 10, 5);
  table_harness h(make_window_aggregate(spec, {}), spec.input);
  h.feed({row("a", 1, 1), row("a", 2, 6), row("b", 5, 7), row("a", 4, 12)});
  h.watermark(max_timestamp);
  BOOST_TEST(
    h.out.take_sorted()
    == all_of({"+I[a, 1, 1, 1969-12-31T23:59:55, 1970-01-01T00:00:05]", result("a", 3, 2, 0, 10),
               result("b", 5, 1, 0, 10), result("a", 6, 2, 5, 15), result("b", 5, 1, 5, 15),
               result("a", 4, 1, 10, 20)}));
}

BOOST_AUTO_TEST_CASE(hop_a_row_is_late_for_some_of_its_windows_only) {
  auto spec = sums(window_kind::hop, 10, 5);
  table_harness h(make_window_aggregate(spec, {}), spec.input);
  h.feed({row("a", 1, 6)});
  h.watermark(10 * second - 1);
  BOOST_TEST(h.out.take() == result("a", 1, 1, 0, 10));
  h.feed({row("a", 2, 6), row("a", 4, 1)});
  BOOST_TEST(h.context().late == 1u);
  h.watermark(max_timestamp);
  BOOST_TEST(h.out.take() == result("a", 3, 2, 5, 15));
}

BOOST_AUTO_TEST_CASE(cumulate_grows_and_takes_late_rows_into_windows_to_come) {
  auto spec = sums(window_kind::cumulate, 30, 10);
  table_harness h(make_window_aggregate(spec, {}), spec.input);
  h.feed({row("a", 1, 1), row("b", 2, 11), row("a", 4, 21), row("a", 8, 31)});
  h.watermark(10 * second - 1);
  BOOST_TEST(h.out.take() == result("a", 1, 1, 0, 10));
  h.watermark(20 * second - 1);
  BOOST_TEST(h.out.take_sorted() == all_of({result("a", 1, 1, 0, 20), result("b", 2, 1, 0, 20)}));
  h.feed({row("c", 16, 5)});
  h.watermark(30 * second - 1);
  BOOST_TEST(
    h.out.take_sorted()
    == all_of({result("a", 5, 2, 0, 30), result("b", 2, 1, 0, 30), result("c", 16, 1, 0, 30)}));
  h.watermark(40 * second - 1);
  BOOST_TEST(h.out.take() == result("a", 8, 1, 30, 40));
  BOOST_TEST(h.context().late == 0u);
}

BOOST_AUTO_TEST_CASE(groups_that_are_taken_back_have_no_result) {
  auto spec = sums(window_kind::hop, 10, 5, true);
  table_harness h(make_window_aggregate(spec, {}), spec.input);
  h.feed({row("a", 1, 6), row("b", 1, 6)});
  h.feed({"-D " + row("a", 1, 6), "-U " + row("b", 1, 6), "+U " + row("b", 9, 6)});
  h.watermark(max_timestamp);
  BOOST_TEST(h.out.take_sorted() == all_of({result("b", 9, 1, 0, 10), result("b", 9, 1, 5, 15)}));
}

BOOST_AUTO_TEST_CASE(distinct_values_count_once_in_each_window) {
  for (auto kind : {window_kind::tumble, window_kind::hop, window_kind::cumulate}) {
    auto spec = sums(kind, 10, kind == window_kind::tumble ? 10 : 5);
    for (auto& c : spec.calls) c = call_of("COUNT", spec.input, {1});
    spec.calls[0].distinct = true;
    table_harness h(make_window_aggregate(spec, {}), spec.input);
    h.feed({row("a", 7, 1), row("a", 7, 6), row("a", 8, 6), row("b", 7, 6), row("a", 7, 12)});
    h.watermark(10 * second - 1);
    auto got = h.out.take_sorted();
    auto whole = all_of({result("a", 2, 3, 0, 10), result("b", 1, 1, 0, 10)});
    if (kind == window_kind::tumble)
      BOOST_TEST(got == whole);
    else if (kind == window_kind::hop)
      BOOST_TEST(got == "+I[a, 1, 1, 1969-12-31T23:59:55, 1970-01-01T00:00:05] " + whole);
    else
      BOOST_TEST(
        got
        == all_of({result("a", 1, 1, 0, 5), result("a", 2, 3, 0, 10), result("b", 1, 1, 0, 10)}));
    h.watermark(15 * second - 1);
    if (kind == window_kind::hop)
      BOOST_TEST(h.out.take_sorted()
                 == all_of({result("a", 2, 3, 5, 15), result("b", 1, 1, 5, 15)}));
    h.watermark(max_timestamp);
    auto snapshot = h.snapshot();
    for (const auto& s : snapshot.states())
      if (s.name != "progress") BOOST_TEST(s.groups.empty(), s.name);
  }
}

BOOST_AUTO_TEST_CASE(without_keys_a_window_without_rows_has_no_result) {
  auto spec = sums(window_kind::tumble, 10, 10);
  spec.keys = {};
  spec.properties = {1, 2};
  table_harness h(make_window_aggregate(spec, {}), spec.input);
  h.feed({row("a", 1, 1), row("b", 2, 35)});
  h.watermark(max_timestamp);
  BOOST_TEST(h.out.take()
             == "+I[1, 1, 1970-01-01T00:00:10, 1970-01-01T00:00:09.999] "
                "+I[2, 1, 1970-01-01T00:00:40, 1970-01-01T00:00:39.999]");
}

BOOST_AUTO_TEST_CASE(processing_time_windows_fire_by_the_clock) {
  auto spec = sums(window_kind::tumble, 10, 10);
  spec.window.processing_time = true;
  table_harness h(make_window_aggregate(spec, {}), spec.input);
  h.processing_time(3 * second);
  h.feed({row("a", 1, 999)});
  h.watermark(500 * second); // says nothing of the clock
  h.processing_time(9 * second);
  BOOST_TEST(h.out.take() == "");
  h.processing_time(10 * second);
  BOOST_TEST(h.out.take() == result("a", 1, 1, 0, 10));
  h.feed({row("a", 2, 0)});
  h.end_of_input();
  BOOST_TEST(h.out.take() == result("a", 2, 1, 10, 20));
  BOOST_TEST(h.context().late == 0u);
}

BOOST_AUTO_TEST_CASE(batch_all_windows_fire_at_the_end) {
  auto spec = sums(window_kind::tumble, 10, 10);
  spec.window.processing_time = true;
  table_harness clock(make_window_aggregate(spec, {}), spec.input,
                      harness_options{execution_mode::batch});
  clock.feed({row("a", 1, 0)});
  BOOST_TEST(clock.context().requested.empty());
  clock.end_of_input();
  BOOST_TEST(clock.out.take() == result("a", 1, 1, 0, 10));
  auto event = sums(window_kind::tumble, 10, 10);
  table_harness h(make_window_aggregate(event, {}), event.input,
                  harness_options{execution_mode::batch});
  h.feed({row("a", 1, 15), row("a", 1, 5)});
  h.op().finish_keys();
  BOOST_TEST(h.out.take() == result("a", 1, 1, 0, 10) + " " + result("a", 1, 1, 10, 20));
  h.feed({row("b", 1, 5)}); // time has begun anew
  h.op().finish_keys();
  BOOST_TEST(h.out.take() == result("b", 1, 1, 0, 10));
  BOOST_TEST(h.context().late == 0u);
}

BOOST_AUTO_TEST_CASE(
  instants_are_cut_in_the_zone_of_the_session_and_clocks_that_go_back_are_waited_for) {
  auto spec = sums(window_kind::tumble, 1800, 1800);
  spec.window.local_time = true;
  spec.properties = {0, 1, 2};
  operator_settings settings;
  settings.zone = *time_zone::find("Europe/Berlin");
  table_harness h(make_window_aggregate(spec, settings), spec.input);
  // 2021-10-31 00:10 UTC is 02:10 in summer time, 01:10 UTC is 02:10 in winter time.
  constexpr std::int64_t night = 1'635'638'400; // 2021-10-31 00:00 UTC
  h.feed({row("a", 1, night + 600)});
  h.watermark((night + 1800) * second);
  BOOST_TEST(h.out.take() == "");
  h.feed({row("a", 2, night + 4200)});
  h.watermark((night + 3600 + 1800) * second - 1);
  BOOST_TEST(h.out.take()
             == "+I[a, 3, 2, 2021-10-31T02:00, 2021-10-31T02:30, 2021-10-31T00:29:59.999Z]");
}

BOOST_AUTO_TEST_CASE(windows_survive_a_restore_at_another_parallelism) {
  for (auto kind : {window_kind::tumble, window_kind::hop, window_kind::cumulate}) {
    for (bool distinct : {false, true}) {
      auto spec = sums(kind, 20, kind == window_kind::tumble ? 20 : 5);
      spec.calls[0].distinct = distinct;
      auto make = make_window_aggregate(spec, {});
      std::vector<std::string> first;
      std::vector<std::string> second_part;
      std::mt19937 random(7);
      for (int i = 0; i < 400; ++i)
        (i < 200 ? first : second_part)
          .push_back(row("k" + std::to_string(random() % 40), static_cast<int>(random() % 9),
                         static_cast<std::int64_t>(random() % 20) + (i < 200 ? 0 : 12)));
      table_harness whole(make, spec.input);
      whole.feed(first);
      whole.watermark(11 * second);
      auto snapshot = whole.snapshot();
      whole.out.take();
      whole.feed(second_part);
      whole.watermark(max_timestamp);
      auto expected = whole.out.take_sorted();
      BOOST_TEST(!expected.empty());
      std::vector<std::string> got;
      for (std::uint32_t p = 0; p < 3; ++p) {
        table_harness part(make, spec.input, snapshot,
                           harness_options{execution_mode::streaming, p, 3});
        part.feed_own(second_part, {0});
        part.watermark(max_timestamp);
        got.insert(got.end(), part.out.rows.begin(), part.out.rows.end());
      }
      BOOST_TEST(all_of(got) == expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(key_groups_that_are_ahead_do_not_fire_again) {
  auto spec = sums(window_kind::hop, 10, 5);
  auto make = make_window_aggregate(spec, {});
  std::vector<std::string> rows;
  for (int i = 0; i < 40; ++i) rows.push_back(row("k" + std::to_string(i), 1, 6));
  // Two subtasks that have come differently far at the barrier.
  memory_snapshot both;
  for (std::uint32_t p = 0; p < 2; ++p) {
    table_harness part(make, spec.input, harness_options{execution_mode::streaming, p, 2});
    part.feed_own(rows, {0});
    part.watermark((p == 0 ? 10 : 5) * second - 1);
    both.write(part.op().snapshot());
    BOOST_TEST(part.out.rows.empty() == (p == 1));
  }
  table_harness one(make, spec.input, both);
  one.watermark(10 * second - 1);
  auto fired = one.out.rows.size();
  BOOST_TEST(fired > 0u);
  BOOST_TEST(fired < 40u);
  one.out.take();
  one.watermark(max_timestamp);
  BOOST_TEST(one.out.rows.size() == 40u);
}

BOOST_AUTO_TEST_CASE(random_rows_add_up_in_every_kind_of_window) {
  std::mt19937 random(11);
  for (int round = 0; round < 9; ++round) {
    auto kind = static_cast<window_kind>(round % 3);
    auto slide = std::int64_t{1} + random() % 5;
    auto size = kind == window_kind::tumble ? slide : slide * (1 + random() % 4);
    if (kind == window_kind::hop && round > 5) size = 1 + random() % 9; // no multiple of the slide
    auto spec = sums(kind, size, slide);
    table_harness aggregated(make_window_aggregate(spec, {}), spec.input);
    table_harness expanded(make_window_table(spec.input, spec.window, {}), spec.input);
    for (int b = 0; b < 10; ++b) {
      std::vector<std::string> rows;
      for (int i = 0; i < 50; ++i)
        rows.push_back(row(std::string(1, static_cast<char>('a' + random() % 3)), 1,
                           b * 5 + static_cast<std::int64_t>(random() % 10)));
      aggregated.feed(rows);
      aggregated.watermark(b * 5 * second - 1);
      expanded.feed(rows);
    }
    aggregated.watermark(max_timestamp);
    // "+I[a, 1, t, start, end, time]": counts by key and window.
    std::map<std::string, int> counts;
    for (const auto& text : expanded.out.rows) {
      auto key = text.substr(3, 1);
      auto end = text.rfind(',');
      auto start = text.rfind(',', text.rfind(',', end - 1) - 1);
      ++counts[key + text.substr(start, end - start)];
    }
    std::vector<std::string> expected;
    for (const auto& [text, n] : counts)
      expected.push_back("+I[" + text.substr(0, 1) + ", " + std::to_string(n) + ", "
                         + std::to_string(n) + text.substr(1) + "]");
    BOOST_TEST(aggregated.out.take_sorted() == all_of(expected));
    BOOST_TEST(aggregated.context().late == 0u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
