/// The two ends of a channel when a barrier overtakes.
#include "sluice/runtime/input_gate.hpp"
#include "sluice/runtime/output_channel.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace sluice::runtime {

BOOST_AUTO_TEST_SUITE(overtaking)

namespace {

using type = channel_element::type;

channel_element records(std::int64_t value) {
  auto b = std::make_unique<typed_batch<std::int64_t>>();
  b->push_back(value);
  channel_element e;
  e.records = batch_box(std::move(b));
  return e;
}

std::int64_t value_of(const channel_element& e) {
  return static_cast<typed_batch<std::int64_t>&>(*e.records)[0];
}

channel_element watermark(timestamp t) {
  channel_element e;
  e.kind = type::watermark;
  e.time = t;
  return e;
}

channel_element end_of_input() {
  channel_element e;
  e.kind = type::end_of_input;
  return e;
}

barrier mark(checkpoint_id id) { return {id, barrier_kind::checkpoint, 0, min_timestamp}; }

channel_element marked(checkpoint_id id) {
  channel_element e;
  e.kind = type::barrier;
  e.mark = mark(id);
  return e;
}

input_gate gate_of(std::size_t channels) {
  input_gate gate;
  for (std::size_t i = 0; i < channels; ++i) gate.add_channel({});
  return gate;
}

using logged = std::vector<std::pair<std::uint32_t, std::int64_t>>; // channel, record or time

logged overtake(input_gate& gate, checkpoint_id id) {
  logged result;
  gate.overtake(mark(id), [&](std::uint32_t channel, const channel_element& e) {
    result.emplace_back(channel, e.records ? value_of(e) : e.time);
  });
  return result;
}

logged take_all(input_gate& gate) {
  logged result;
  while (gate.has_next()) {
    auto n = gate.take();
    result.emplace_back(n.channel, n.element.records ? value_of(n.element) : n.element.time);
  }
  return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_a_barrier_overtakes_is_logged_in_order_and_stays_queued) {
  auto gate = gate_of(2);
  gate.enqueue(0, records(1));
  gate.enqueue(1, records(10));
  gate.enqueue(0, watermark(5));
  gate.enqueue(0, marked(7));
  gate.enqueue(0, records(2));
  BOOST_TEST((overtake(gate, 7) == logged{{0, 1}, {0, 5}, {1, 10}}));
  BOOST_TEST(!gate.overtaken(0)); // its barrier had arrived
  BOOST_TEST(gate.overtaken(1));
  BOOST_TEST((take_all(gate) == logged{{0, 1}, {1, 10}, {0, 5}, {0, 2}})); // and no barrier
  gate.caught_up(1);
  BOOST_TEST(!gate.any_overtaken());
  gate.caught_up(1); // an end of input behind the barrier
  BOOST_TEST(!gate.any_overtaken());
}

BOOST_AUTO_TEST_CASE(an_input_that_is_held_already_has_nothing_to_log_and_goes_on) {
  auto gate = gate_of(3);
  gate.enqueue(0, marked(7));
  gate.enqueue(0, records(1));
  gate.enqueue(1, records(10));
  gate.enqueue(2, records(20));
  gate.enqueue(2, end_of_input());
  auto n = gate.take();
  BOOST_TEST(!gate.align(n.channel, n.element.mark, true).has_value());
  BOOST_TEST((overtake(gate, 7) == logged{{1, 10}, {2, 20}}));
  BOOST_TEST(!gate.overtaken(0));
  BOOST_TEST(gate.overtaken(1));
  BOOST_TEST(!gate.overtaken(2)); // an end stands for the barrier
  BOOST_TEST(!gate.aligning());
  auto rest = take_all(gate);
  BOOST_TEST((rest.back() == std::pair<std::uint32_t, std::int64_t>{0, 1})); // no longer held
}

BOOST_AUTO_TEST_CASE(a_barrier_of_a_settled_checkpoint_says_nothing) {
  auto gate = gate_of(2);
  overtake(gate, 7);
  BOOST_TEST(gate.any_overtaken());
  gate.abort(6); // late news of an earlier one
  BOOST_TEST(gate.any_overtaken());
  gate.abort(7);
  BOOST_TEST(!gate.any_overtaken());
  BOOST_TEST(!gate.align(0, mark(7), true).has_value());
  BOOST_TEST(!gate.at(0).held);
  BOOST_TEST(!gate.align(0, mark(8), true).has_value());
  BOOST_TEST(gate.at(0).held);
}

BOOST_AUTO_TEST_CASE(restored_elements_come_first_and_cost_no_credit) {
  auto gate = gate_of(1);
  for (std::int64_t i = 0; i < 20; ++i) gate.restore(0, records(i));
  for (std::int64_t i = 0; i < max_window_batches; ++i) gate.enqueue(0, records(100 + i));
  BOOST_CHECK_THROW(gate.enqueue(0, records(200)), broken_invariant);
  for (std::int64_t i = 0; i < 20; ++i) {
    auto n = gate.take();
    BOOST_TEST(n.restored);
    BOOST_TEST(value_of(n.element) == i);
  }
  BOOST_TEST(!gate.take().restored);
}

namespace {

/// The receiving end, as far as a channel sees it.
class wire final : public element_sender {
public:
  void send(std::uint32_t, channel_element e) override { sent.push_back(std::move(e)); }
  std::deque<channel_element> sent;

  std::size_t batches() const {
    return static_cast<std::size_t>(
      std::count_if(sent.begin(), sent.end(), [](auto& e) { return bool(e.records); }));
  }
};

void write(output_channel& to, std::int64_t value) {
  typed_batch<std::int64_t> b;
  b.push_back(value);
  to.append(b);
  to.flush();
}

} // namespace

BOOST_AUTO_TEST_CASE(a_barrier_overtakes_what_waits_for_credit) {
  wire out;
  output_channel channel(0, element_type_of<std::int64_t>(), out, {2, 1 << 20}, 10);
  for (std::int64_t i = 0; i < 5; ++i) write(channel, i);
  channel.watermark(9, false);
  BOOST_TEST(out.sent.size() == 2u);
  logged log;
  channel.overtake(mark(7), [&](const channel_element& e) {
    log.emplace_back(0, e.records ? value_of(e) : e.time);
  });
  BOOST_TEST((log == logged{{0, 2}, {0, 3}, {0, 4}, {0, 9}}));
  BOOST_TEST(out.sent.size() == 3u);
  BOOST_TEST((out.sent.back().kind == type::barrier));
  BOOST_TEST(!channel.drained()); // they are still to be sent, behind the barrier
  credit_msg credit;
  credit.batches = 3;
  channel.add_credit(credit);
  BOOST_TEST(channel.drained());
  BOOST_TEST(value_of(out.sent[3]) == 2);
}

BOOST_AUTO_TEST_CASE(a_queued_barrier_overtakes_later_but_not_what_follows_it) {
  wire out;
  output_channel channel(0, element_type_of<std::int64_t>(), out, {1, 1 << 20}, 10);
  write(channel, 0);
  write(channel, 1);
  BOOST_TEST(!channel.control(mark(7)));
  write(channel, 2);
  logged log;
  auto note = [&](const channel_element& e) { log.emplace_back(0, value_of(e)); };
  channel.overtake_queued(6, note); // another checkpoint's
  BOOST_TEST(out.sent.size() == 1u);
  channel.overtake_queued(7, note);
  BOOST_TEST((log == logged{{0, 1}}));
  BOOST_TEST((out.sent.back().kind == type::barrier));
  channel.overtake_queued(7, note);
  BOOST_TEST(out.sent.size() == 2u);
}

BOOST_AUTO_TEST_CASE(no_more_is_under_way_than_the_window_while_it_shrinks_and_grows) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937 random(seed);
      wire out;
      std::uint32_t window = 2;
      output_channel channel(0, element_type_of<std::int64_t>(), out, {window, 1 << 20}, 4);
      std::int64_t next = 0;
      std::int64_t expected = 0;
      for (int step = 0; step < 500; ++step) {
        if (random() % 2 == 0) {
          auto before = out.batches();
          write(channel, next++);
          BOOST_TEST(out.batches() <= std::max<std::size_t>(before, window));
        } else if (!out.sent.empty()) {
          auto e = std::move(out.sent.front());
          out.sent.pop_front();
          BOOST_TEST(value_of(e) == expected++);
          credit_msg credit;
          credit.batches = 1;
          credit.bytes = static_cast<std::int64_t>(e.records->bytes());
          if (random() % 4 == 0) {
            auto wanted = 1 + static_cast<std::uint32_t>(random() % max_window_batches);
            credit.window_batches
              = static_cast<std::int32_t>(wanted) - static_cast<std::int32_t>(window);
            window = wanted;
          }
          auto before = out.batches();
          channel.add_credit(credit);
          BOOST_TEST(out.batches() <= std::max<std::size_t>(before, window));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::runtime
