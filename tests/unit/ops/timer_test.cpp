#include "sluice/ops/timer_service.hpp"

#include "sluice/ops/process.hpp"
#include "support/operator_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>
#include <set>

namespace {

using namespace sluice;
using namespace sluice::testing;

struct queue_fixture {
  void add(timestamp t, const std::string& key) { queue.add(t, key, stable_hash(key)); }
  void remove(timestamp t, const std::string& key) { queue.remove(t, key, stable_hash(key)); }
  std::string advance(timestamp t) {
    std::string fired;
    queue.advance(t, [&](timestamp at, const std::string& key, std::uint64_t hash) {
      BOOST_CHECK_EQUAL(hash, stable_hash(key));
      fired += (fired.empty() ? "" : " ") + key + "@" + std::to_string(at);
    });
    return fired;
  }

  timer_queue<std::string> queue{{0, 128}, 128};
};

BOOST_FIXTURE_TEST_SUITE(timers, queue_fixture)

BOOST_AUTO_TEST_CASE(fire_in_order_of_time_up_to_now) {
  add(30, "a");
  add(10, "b");
  add(20, "a");
  BOOST_CHECK_EQUAL(*queue.next(), 10);
  BOOST_CHECK_EQUAL(advance(9), "");
  BOOST_CHECK_EQUAL(advance(20), "b@10 a@20");
  BOOST_CHECK_EQUAL(advance(100), "a@30");
  BOOST_CHECK(!queue.next());
}

BOOST_AUTO_TEST_CASE(of_one_key_and_time_are_one) {
  add(10, "a");
  add(10, "a");
  add(10, "b");
  BOOST_CHECK_EQUAL(advance(10).size(), std::string("a@10 b@10").size());
  BOOST_CHECK_EQUAL(advance(10), "");
}

BOOST_AUTO_TEST_CASE(that_were_deleted_do_not_fire) {
  add(10, "a");
  add(11, "a");
  remove(10, "a");
  remove(99, "a");
  BOOST_CHECK_EQUAL(advance(20), "a@11");
  add(30, "a");
  remove(30, "a");
  add(30, "a");
  BOOST_CHECK_EQUAL(advance(30), "a@30");
}

BOOST_AUTO_TEST_CASE(may_be_set_while_others_fire) {
  add(10, "a");
  std::string fired;
  queue.advance(30, [&](timestamp t, const std::string& key, std::uint64_t hash) {
    fired += std::to_string(t) + " ";
    queue.add(t + 10, key, hash);
  });
  BOOST_CHECK_EQUAL(fired, "10 20 30 ");
  BOOST_CHECK_EQUAL(*queue.next(), 40);
}

BOOST_AUTO_TEST_CASE(do_what_a_sorted_set_does) {
  std::mt19937 random(11);
  std::set<std::pair<timestamp, std::string>> expected;
  timestamp now = 0;
  for (int step = 0; step < 5000; ++step) {
    auto key = "k" + std::to_string(random() % 20);
    auto t = now + static_cast<timestamp>(random() % 50);
    if (random() % 3 == 0) {
      remove(t, key);
      expected.erase({t, key});
    } else {
      add(t, key);
      expected.insert({t, key});
    }
    if (step % 10 != 0) continue;
    now += static_cast<timestamp>(random() % 20);
    std::set<std::pair<timestamp, std::string>> fired;
    timestamp last = min_timestamp;
    queue.advance(now, [&](timestamp at, const std::string& k, std::uint64_t) {
      BOOST_CHECK_LE(last, at);
      last = at;
      BOOST_CHECK(fired.insert({at, k}).second);
    });
    std::set<std::pair<timestamp, std::string>> due;
    while (!expected.empty() && expected.begin()->first <= now)
      due.insert(expected.extract(expected.begin()));
    BOOST_REQUIRE(fired == due);
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(timers_of_a_process_function)

using event = std::pair<std::string, int>;

/// Emits the sum of a key's values `delay` after its first one.
struct delayed_sum {
  timestamp delay;
  bool by_event_time;
  value_state<int> sum = {};

  void open(keyed_runtime_context<std::string>& context) {
    sum = context.state(value_state_descriptor<int>{"sum"});
  }

  void process_element(const event& e, keyed_process_context<std::string>& context,
                       collector<std::string>&) {
    if (!sum.get()) {
      if (by_event_time)
        context.timers().register_event_time_timer(*context.event_time() + delay);
      else
        context.timers().register_processing_time_timer(context.processing_time() + delay);
    }
    sum.mutate() += e.second;
  }

  void on_timer(timestamp, keyed_process_context<std::string>& context,
                collector<std::string>& out) {
    out.collect(context.current_key() + "=" + to_text(sum.value()));
    sum.clear();
  }
};

operator_factory delayed(timestamp delay, bool by_event_time) {
  return [=] {
    auto key = [](const event& e) -> const std::string& { return e.first; };
    return std::make_unique<
      ops::keyed_process_operator<event, std::string, decltype(key), delayed_sum>>(
      key, delayed_sum{delay, by_event_time}, std::vector<side_output>{});
  };
}

BOOST_AUTO_TEST_CASE(of_event_time_fire_with_the_watermark) {
  operator_harness<std::string> h(delayed(10, true));
  h.feed_timed<event>({{{"a", 1}, 5}, {{"b", 2}, 7}, {{"a", 3}, 9}});
  h.watermark(14);
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.watermark(15);
  BOOST_CHECK_EQUAL(h.out.take(), "a=4@15");
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take(), "b=2@17");
}

BOOST_AUTO_TEST_CASE(of_processing_time_fire_with_the_clock) {
  operator_harness<std::string> h(delayed(10, false));
  h.processing_time(100);
  h.feed<event>({{"a", 1}});
  h.processing_time(109);
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.processing_time(110);
  BOOST_CHECK_EQUAL(h.out.take(), "a=1");
}

BOOST_AUTO_TEST_CASE(survive_a_restore_with_another_parallelism) {
  for (auto by_event_time : {true, false}) {
    auto make = delayed(10, by_event_time);
    operator_harness<std::string> before(make);
    std::vector<std::pair<event, timestamp>> records;
    for (int i = 0; i < 30; ++i) records.push_back({{"k" + std::to_string(i), i}, i});
    before.feed_timed<event>(records);
    auto written = before.snapshot();
    std::set<std::string> fired;
    for (std::uint32_t subtask = 0; subtask < 2; ++subtask) {
      operator_harness<std::string> after(make, written, {.subtask = subtask, .parallelism = 2});
      if (by_event_time)
        after.watermark(1000);
      else
        after.processing_time(1000);
      for (auto& r : after.out.records) BOOST_CHECK(fired.insert(r.value).second);
    }
    BOOST_CHECK_EQUAL(fired.size(), 30u);
    BOOST_CHECK(fired.contains("k7=7"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
