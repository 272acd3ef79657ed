/// How a task lines up the barriers, the time and the end of its input channels.
#include "sluice/runtime/input_gate.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace sluice::testing {

namespace {

using runtime::barrier;
using runtime::barrier_kind;
using runtime::channel_element;
using runtime::input_gate;

/// A gate whose elements are watermarks, told apart by their times.
struct gate_fixture {
  void add_channels(int count) {
    for (int i = 0; i < count; ++i) gate.add_channel({});
  }

  void arrive(std::uint32_t channel, timestamp element) {
    channel_element e;
    e.kind = channel_element::type::watermark;
    e.time = element;
    gate.enqueue(channel, std::move(e));
  }

  /// All that can be taken now: "channel:element ...".
  std::string take_all() {
    std::string result;
    while (gate.has_next()) {
      auto n = gate.take();
      result += (result.empty() ? "" : " ") + std::to_string(n.channel) + ":"
                + std::to_string(n.element.time);
    }
    return result;
  }

  bool align(std::uint32_t channel, runtime::checkpoint_id id, bool hold = true) {
    auto mark = gate.align(channel, barrier{id, barrier_kind::checkpoint, 0}, hold);
    if (mark) BOOST_TEST(mark->id == id);
    return mark.has_value();
  }

  input_gate gate;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(barrier_alignment, gate_fixture)

BOOST_AUTO_TEST_CASE(of_a_single_input_is_immediate) {
  add_channels(1);
  BOOST_TEST(align(0, 1));
  arrive(0, 10);
  BOOST_TEST(take_all() == "0:10");
}

BOOST_AUTO_TEST_CASE(holds_the_input_whose_barrier_came_until_all_have_come) {
  add_channels(3);
  BOOST_TEST(!align(1, 1));
  arrive(0, 10);
  arrive(1, 11); // behind the barrier
  arrive(2, 12);
  BOOST_TEST(take_all() == "0:10 2:12");
  BOOST_TEST(!align(0, 1));
  arrive(0, 20);
  arrive(1, 21);
  arrive(2, 22);
  BOOST_TEST(take_all() == "2:22");
  BOOST_TEST(align(2, 1));
  BOOST_TEST(take_all() == "0:20 1:11 1:21");
}

BOOST_AUTO_TEST_CASE(holds_what_was_queued_behind_the_barrier_already) {
  add_channels(2);
  arrive(0, 10);
  arrive(1, 11);
  arrive(0, 20);
  BOOST_TEST(!align(0, 1));
  BOOST_TEST(take_all() == "1:11");
  BOOST_TEST(align(1, 1));
  BOOST_TEST(take_all() == "0:10 0:20");
}

BOOST_AUTO_TEST_CASE(holds_nothing_at_least_once) {
  add_channels(2);
  BOOST_TEST(!align(0, 1, false));
  arrive(0, 10);
  arrive(1, 11);
  BOOST_TEST(take_all() == "0:10 1:11");
  BOOST_TEST(align(1, 1, false));
}

BOOST_AUTO_TEST_CASE(does_not_wait_for_an_input_that_has_ended) {
  add_channels(3);
  gate.end(2);
  BOOST_TEST(!align(0, 1));
  BOOST_TEST(align(1, 1));
  // Nor for one that ends meanwhile.
  BOOST_TEST(!align(0, 2));
  arrive(0, 10);
  gate.end(1);
  auto mark = gate.realign();
  BOOST_REQUIRE(mark.has_value());
  BOOST_TEST(mark->id == 2u);
  BOOST_TEST(take_all() == "0:10");
}

BOOST_AUTO_TEST_CASE(ends_when_the_checkpoint_is_given_up) {
  add_channels(2);
  BOOST_TEST(!align(0, 1));
  arrive(0, 10);
  gate.abort(1);
  BOOST_TEST(!gate.aligning());
  BOOST_TEST(take_all() == "0:10");
  // Its barrier still comes on the other input, and means nothing.
  BOOST_TEST(!align(1, 1));
  BOOST_TEST(!gate.aligning());
  BOOST_TEST(!align(0, 2));
  BOOST_TEST(align(1, 2));
}

BOOST_AUTO_TEST_CASE(of_a_newer_checkpoint_takes_over_from_an_older_one) {
  add_channels(2);
  BOOST_TEST(!align(0, 1));
  arrive(0, 10);
  BOOST_TEST(!align(1, 2));
  arrive(1, 11);
  BOOST_TEST(take_all() == "0:10"); // 0 is released, 1 is held
  BOOST_TEST(!align(1, 1));         // an old barrier
  BOOST_TEST(align(0, 2));
  BOOST_TEST(take_all() == "1:11");
}

BOOST_AUTO_TEST_CASE(does_not_wait_for_feedback) {
  add_channels(1);
  input_gate::channel feedback;
  feedback.feedback = true;
  gate.add_channel(std::move(feedback));
  BOOST_TEST(align(0, 1));
}

BOOST_AUTO_TEST_CASE(leaves_event_time_at_the_least_of_the_active_inputs) {
  add_channels(2);
  BOOST_TEST(!gate.advance(0, 50).has_value());
  BOOST_TEST(gate.advance(1, 30).value() == 30);
  BOOST_TEST(!gate.advance(1, 20).has_value()); // never back
  BOOST_TEST(gate.set_idle(1, true).value() == 50);
  BOOST_TEST(!gate.all_idle());
  BOOST_TEST(!gate.set_idle(0, true).has_value());
  BOOST_TEST(gate.all_idle());
  BOOST_TEST(!gate.set_idle(1, false).has_value()); // its 30 does not turn time back
  BOOST_TEST(gate.watermark() == 50);
  BOOST_TEST(gate.advance(1, 60).value() == 60);
  BOOST_TEST(!gate.end(1).has_value());
  BOOST_TEST(!gate.all_ended());
}

BOOST_AUTO_TEST_CASE(notices_a_batch_that_was_sent_without_credit) {
  add_channels(1);
  auto records = [] {
    channel_element e;
    e.kind = channel_element::type::records;
    return e;
  };
  for (std::uint32_t i = 0; i < runtime::max_window_batches; ++i) gate.enqueue(0, records());
  BOOST_CHECK_THROW(gate.enqueue(0, records()), std::exception);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
