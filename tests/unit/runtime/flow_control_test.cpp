/// Slices and windows follow what records cost.
#include "sluice/runtime/flow_control.hpp"

#include <boost/test/unit_test.hpp>

namespace sluice::runtime {

BOOST_AUTO_TEST_SUITE(flow_control)

using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(fast_records_are_soon_handled_by_the_batch) {
  work_slicer slicer;
  BOOST_TEST(slicer.limit() == 1u); // nobody knows yet what one costs
  for (int i = 0; i < 6; ++i) slicer.handled(slicer.limit(), 10us);
  BOOST_TEST(slicer.limit() >= 2048u);
  auto limit = slicer.limit();
  slicer.handled(10, 10us); // a small batch says nothing about large ones
  BOOST_TEST(slicer.limit() == limit);
}

BOOST_AUTO_TEST_CASE(slow_records_are_handled_in_slices_of_a_few_milliseconds) {
  work_slicer slicer;
  for (int i = 0; i < 6; ++i) slicer.handled(slicer.limit(), 10us);
  slicer.handled(1000, 1s);
  BOOST_TEST(slicer.limit() == 5u);
  slicer.handled(5, 100ms);
  BOOST_TEST(slicer.limit() == 1u);
  slicer.handled(1, 20ms);
  BOOST_TEST(slicer.limit() == 1u); // one has to be
  slicer.handled(1, 1us);
  BOOST_TEST(slicer.limit() > 1u);
}

namespace {

struct task_of_two {
  explicit task_of_two(duration target) : debloater(target) {
    debloater.add_channel({max_window_batches, 1024}, true);
    debloater.add_channel({max_window_batches, 1024}, true);
  }

  void work(std::size_t records, std::chrono::nanoseconds took) {
    active += static_cast<std::uint64_t>(took.count());
    now += took;
    debloater.handled(records);
    if (debloater.due(now)) debloater.update(now, active);
  }

  buffer_debloater debloater;
  std::chrono::steady_clock::time_point now{1h};
  std::uint64_t active = 0;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_fast_task_gets_the_whole_window_with_its_first_batch) {
  task_of_two task(1s);
  BOOST_TEST((task.debloater.wanted(0) == window{2, 32}));
  task.work(32, 100us);
  BOOST_TEST((task.debloater.wanted(0) == window{max_window_batches, 1024}));
}

BOOST_AUTO_TEST_CASE(what_is_under_way_is_worth_the_target_time) {
  task_of_two task(1s);
  for (int i = 0; i < 100; ++i) task.work(10, 10ms); // 1,000 a second: 500 per channel
  auto w = task.debloater.wanted(0);
  BOOST_TEST(w.batches == 2u);
  BOOST_TEST(w.batches * w.records >= 450u);
  BOOST_TEST(w.batches * w.records <= 550u);
  for (int i = 0; i < 100; ++i) task.work(1, 20ms); // 50 a second
  w = task.debloater.wanted(1);
  BOOST_TEST(w.batches * w.records <= 26u);
  for (int i = 0; i < 1000; ++i) task.work(100, 100us);
  BOOST_TEST((task.debloater.wanted(0) == window{max_window_batches, 1024}));
}

BOOST_AUTO_TEST_CASE(idle_time_does_not_count) {
  task_of_two task(1s);
  for (int i = 0; i < 10; ++i) {
    task.work(1, 1us);
    task.now += 10s;
  }
  BOOST_TEST((task.debloater.wanted(0) == window{max_window_batches, 1024}));
}

BOOST_AUTO_TEST_CASE(a_target_of_zero_turns_it_off) {
  task_of_two task(0s);
  BOOST_TEST((task.debloater.wanted(0) == window{max_window_batches, 1024}));
  for (int i = 0; i < 100; ++i) task.work(1, 20ms);
  BOOST_TEST((task.debloater.wanted(0) == window{max_window_batches, 1024}));
}

BOOST_AUTO_TEST_CASE(feedback_channels_keep_their_window) {
  buffer_debloater debloater(1s);
  debloater.add_channel({max_window_batches, 1024}, false);
  debloater.add_channel({max_window_batches, 1}, true);
  BOOST_TEST((debloater.wanted(0) == window{max_window_batches, 1024}));
  debloater.handled(1);
  debloater.update(std::chrono::steady_clock::time_point(1h), 20'000'000);
  BOOST_TEST((debloater.wanted(0) == window{max_window_batches, 1024}));
  BOOST_TEST((debloater.wanted(1) == window{max_window_batches, 1})); // 50 single records
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::runtime
