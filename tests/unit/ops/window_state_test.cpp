#include "sluice/api/windowed_stream.hpp"

#include "support/operator_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace {

using namespace sluice;
using namespace sluice::testing;
using namespace std::chrono_literals;

using event = std::pair<std::string, int>;
using harness = operator_harness<event>;
using timed_events = std::vector<std::pair<event, timestamp>>;

auto key_of = [](const event& e) -> const std::string& { return e.first; };
auto sum_values
  = [](const event& a, const event& b) { return event(a.first, a.second + b.second); };

operator_factory sums(const window_assigner auto& windows, window_options options = {}) {
  return window_reduce<event>(key_of, windows, sum_values, options);
}

/// The records whose keys the subtask owns, as the exchange before it would send them.
timed_events owned_by(const timed_events& all, harness_options o) {
  timed_events mine;
  for (auto& r : all) {
    auto group = key_group_of(stable_hash(r.first.first), o.max_parallelism);
    if (subtask_of(group, o.max_parallelism, o.parallelism) == o.subtask) mine.push_back(r);
  }
  return mine;
}

BOOST_AUTO_TEST_SUITE(window_state)

BOOST_AUTO_TEST_CASE(a_restored_window_goes_on_where_it_was) {
  auto make = sums(tumbling_event_time_windows(10us));
  harness before(make);
  before.feed_timed<event>({{{"a", 1}, 5}, {{"b", 1}, 12}});
  before.watermark(7);
  harness after(make, before.snapshot());
  after.feed_timed<event>({{{"a", 2}, 6}});
  after.end_of_input();
  BOOST_CHECK_EQUAL(after.out.take(), "(a, 3)@9 (b, 1)@19");
}

BOOST_AUTO_TEST_CASE(a_window_that_had_fired_does_not_fire_again_after_a_restore) {
  for (auto lateness : {0us, 5us}) {
    auto make = sums(sliding_event_time_windows(10us, 5us), {.allowed_lateness = lateness});
    harness before(make);
    before.feed_timed<event>({{{"a", 1}, 7}});
    before.watermark(9);
    BOOST_CHECK_EQUAL(before.out.take(), "(a, 1)@9");
    harness after(make, before.snapshot());
    after.watermark(9);
    BOOST_CHECK_EQUAL(after.out.take(), "");
    after.watermark(14);
    BOOST_CHECK_EQUAL(after.out.take(), "(a, 1)@14");
  }
}

BOOST_AUTO_TEST_CASE(a_late_record_behind_a_restored_firing_fires_again_before_any_watermark) {
  auto make = sums(tumbling_event_time_windows(10us), {.allowed_lateness = 5us});
  harness before(make);
  before.feed_timed<event>({{{"a", 1}, 7}});
  before.watermark(9);
  harness after(make, before.snapshot());
  after.feed_timed<event>({{{"a", 2}, 7}});
  BOOST_CHECK_EQUAL(after.out.take(), "(a, 3)@9");
  after.watermark(14);
  BOOST_CHECK_EQUAL(after.out.take(), "");
}

BOOST_AUTO_TEST_CASE(records_behind_the_time_of_the_snapshot_are_late_after_the_restore) {
  auto make = sums(tumbling_event_time_windows(10us));
  harness before(make);
  before.feed_timed<event>({{{"a", 1}, 17}});
  before.watermark(12);
  harness after(make, before.snapshot());
  after.feed_timed<event>({{{"a", 2}, 7}, {{"a", 2}, 18}});
  BOOST_CHECK_EQUAL(after.late_records(), 1u);
  after.end_of_input();
  BOOST_CHECK_EQUAL(after.out.take(), "(a, 3)@19");
}

BOOST_AUTO_TEST_CASE(windows_of_another_size_are_not_restored) {
  harness before(sums(tumbling_event_time_windows(10us)));
  before.feed_timed<event>({{{"a", 1}, 7}});
  auto written = before.snapshot();
  BOOST_CHECK_EXCEPTION(harness(sums(tumbling_event_time_windows(20us)), written), state_error,
                        [](const state_error& e) {
                          std::string text = e.what();
                          return text.find("windows 10/10+0") != text.npos
                                 && text.find("windows 20/20+0") != text.npos;
                        });
}

BOOST_AUTO_TEST_CASE(corrupt_window_state_is_an_error_and_no_crash) {
  auto make = sums(sliding_event_time_windows(10us, 5us));
  harness before(make);
  before.feed_timed<event>({{{"a", 1}, 7}, {{"b", 1}, 17}});
  auto whole = before.snapshot();
  for (auto& [group, bytes] : whole.states()[0].groups) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      auto cut = whole;
      cut.states()[0].groups[group].resize(size);
      try {
        harness after(make, cut);
      } catch (const state_error&) {}
    }
  }
}

BOOST_AUTO_TEST_CASE(a_snapshot_holds_what_was_there_at_the_barrier_however_late_it_is_written) {
  auto make = sums(tumbling_event_time_windows(10us));
  harness before(make);
  timed_events records;
  for (int i = 0; i < 500; ++i) records.push_back({{"k" + std::to_string(i), 1}, i % 30});
  before.feed_timed<event>(records);
  auto views = before.barrier();
  before.feed_timed<event>(records);
  before.watermark(9); // fires and recycles a pane that the snapshot still reads
  before.feed_timed<event>({{{"new", 1}, 35}});
  memory_snapshot written;
  written.write(std::move(views));
  harness after(make, written);
  after.end_of_input();
  BOOST_CHECK_EQUAL(after.out.records.size(), 500u);
  for (auto& r : after.out.records) BOOST_CHECK_EQUAL(r.value.second, 1);
}

/// Runs a stream through `first` subtasks, then, from a snapshot, through `second` subtasks, and
/// gives all that comes out, sorted.
std::string rescaled(const operator_factory& make, const std::vector<timed_events>& batches,
                     std::size_t switch_at, std::uint32_t first, std::uint32_t second) {
  std::vector<std::string> texts;
  memory_snapshot written;
  auto run = [&](std::uint32_t subtask, std::uint32_t parallelism, bool restored) {
    harness_options o{.subtask = subtask, .parallelism = parallelism};
    auto h
      = restored ? std::make_unique<harness>(make, written, o) : std::make_unique<harness>(make, o);
    for (auto b = restored ? switch_at : 0; b < (restored ? batches.size() : switch_at); ++b) {
      h->feed_timed<event>(owned_by(batches[b], o));
      // Subtasks never see exactly the same time.
      h->watermark(static_cast<timestamp>(10 * b + 3 * (subtask % 2)));
    }
    if (restored)
      h->end_of_input();
    else
      written.write(h->barrier());
    BOOST_CHECK_EQUAL(h->late_records(), 0u);
    for (auto& r : h->out.records) texts.push_back(to_text(r));
  };
  for (std::uint32_t i = 0; i < first; ++i) run(i, first, false);
  for (std::uint32_t i = 0; i < second; ++i) run(i, second, true);
  std::sort(texts.begin(), texts.end());
  std::string text;
  for (auto& t : texts) text += t + " ";
  return text;
}

BOOST_AUTO_TEST_CASE(rescaling_at_any_moment_changes_no_result) {
  std::mt19937 random(7);
  std::vector<timed_events> batches;
  for (int b = 0; b < 12; ++b) {
    timed_events batch;
    for (int i = 0; i < 40; ++i)
      batch.push_back({{"k" + std::to_string(random() % 20), static_cast<int>(random() % 100)},
                       10 * b + 4 + static_cast<int>(random() % 25)});
    batches.push_back(batch);
  }
  auto check = [&](const operator_factory& make) {
    auto expected = rescaled(make, batches, batches.size(), 1, 1);
    for (std::size_t at : {1u, 5u, 11u})
      for (auto [first, second] : {std::pair{1u, 3u}, {3u, 1u}, {2u, 3u}, {4u, 2u}})
        BOOST_CHECK_EQUAL(rescaled(make, batches, at, first, second), expected);
  };
  check(sums(tumbling_event_time_windows(20us)));
  check(sums(sliding_event_time_windows(25us, 10us)));
  check(sums(sliding_event_time_windows(20us, 5us), {.allowed_lateness = 7us}));
  check(sums(event_time_session_windows(3us)));
  check(sums(event_time_session_windows(3us), {.allowed_lateness = 7us}));
}

BOOST_AUTO_TEST_CASE(count_and_global_windows_are_rescaled_with_their_keys) {
  timed_events records;
  for (int i = 0; i < 200; ++i) records.push_back({{"k" + std::to_string(i % 7), i}, i});
  std::vector<timed_events> batches;
  for (std::size_t i = 0; i < 20; ++i)
    batches.emplace_back(records.begin() + 10 * static_cast<std::ptrdiff_t>(i),
                         records.begin() + 10 * static_cast<std::ptrdiff_t>(i + 1));
  for (auto& make : {sums(count_window(4)), sums(count_window(6, 4)), sums(global_windows())}) {
    auto expected = rescaled(make, batches, batches.size(), 1, 1);
    BOOST_CHECK(!expected.empty());
    BOOST_CHECK_EQUAL(rescaled(make, batches, 9, 1, 3), expected);
    BOOST_CHECK_EQUAL(rescaled(make, batches, 11, 3, 2), expected);
  }
}

BOOST_AUTO_TEST_CASE(processing_time_windows_are_restored_and_fire_by_the_clock) {
  auto make = sums(tumbling_processing_time_windows(10us));
  harness before(make);
  before.processing_time(5);
  before.feed<event>({{"a", 1}});
  harness after(make, before.snapshot());
  after.processing_time(40);
  BOOST_CHECK_EQUAL(after.out.take(), "(a, 1)@9");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
