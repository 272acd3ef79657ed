/// Networks that break: every channel is told, once, and nothing wrong is delivered.
#include "sluice/net/frame.hpp"
#include "support/net_fixture.hpp"
#include "support/tcp_relay.hpp"

#include <unistd.h>

#include <chrono>

namespace {

using namespace sluice;
using namespace sluice::testing;
using namespace std::chrono_literals;

/// Bytes of the handshake that the dialler says: hello and proof.
constexpr std::size_t handshake_bytes = 48 + 32;

/// Two planes with a relay between.
struct relayed {
  explicit relayed(tcp_relay::filter forward = {}, net::data_plane_config config = {})
    : b(config), relay(b.port(), std::move(forward)), a(config) {}

  net::endpoint address() const { return {"127.0.0.1", relay.port()}; }

  net::data_plane b;
  tcp_relay relay;
  net::data_plane a;
};

/// Changes the byte at `at` of what the dialler sends.
tcp_relay::filter flip(std::size_t at) {
  return [at](std::string& part, std::size_t offset) {
    if (offset <= at && at < offset + part.size())
      part[at - offset] = static_cast<char>(part[at - offset] ^ 0x10);
    return true;
  };
}

net::data_plane_config impatient() {
  net::data_plane_config config;
  config.connect_timeout = config.handshake_timeout = config.dead_peer_timeout = 400ms;
  return config;
}

} // namespace

BOOST_AUTO_TEST_SUITE(lost_peer)

BOOST_AUTO_TEST_CASE(a_peer_that_nobody_listens_at_is_reported) {
  std::uint16_t port = net::data_plane({}).port(); // is free again
  net::data_plane a({});
  sender<int> one(a, {"127.0.0.1", port}, key_of(1));
  sender<int> two(a, {"127.0.0.1", port}, key_of(2));
  one.send({1}); // waits for the connection, and is dropped with it
  for (auto* s : {&one, &two}) {
    BOOST_REQUIRE(s->lost.wait());
    BOOST_TEST(s->lost.values()[0]
               == "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
  }
  one.send({2});
}

BOOST_AUTO_TEST_CASE(a_name_that_is_none_is_reported) {
  net::data_plane a({});
  sender<int> out(a, {"no-such-host.invalid", 7071}, key_of(1));
  BOOST_REQUIRE(out.lost.wait());
  BOOST_TEST(contains("cannot connect to no-such-host.invalid:7071")(out.lost.values()[0]));
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_shut_down_is_reported_to_each_channel_once) {
  auto b = std::make_unique<net::data_plane>(net::data_plane_config{});
  auto port = std::to_string(b->port());
  net::data_plane a({});
  receiver<int> in(*b, key_of(1));
  sender<int> one(a, address_of(*b), key_of(1));
  sender<int> two(a, address_of(*b), key_of(2));
  one.send({1});
  BOOST_REQUIRE(in.elements.wait(1));
  in.plane = nullptr;
  b.reset();
  for (auto* s : {&one, &two}) {
    BOOST_REQUIRE(s->lost.wait());
    BOOST_TEST(contains("connection to 127.0.0.1:" + port + " lost: ")(s->lost.values()[0]));
  }
  one.send({2});
  net::data_plane c({}); // time for a second call that must not come
  BOOST_TEST(one.lost.size() == 1u);
  BOOST_TEST(in.lost.size() == 0u); // its own plane went: that is no loss
}

BOOST_AUTO_TEST_CASE(receivers_are_told_where_the_lost_sender_listened) {
  net::data_plane b({});
  auto a = std::make_unique<net::data_plane>(net::data_plane_config{});
  auto port = std::to_string(a->port());
  receiver<int> in(b, key_of(1));
  receiver<int> silent(b, key_of(2));
  receiver<int> ended(b, key_of(3));
  sender<int> out(*a, address_of(b), key_of(1));
  sender<int> silent_out(*a, address_of(b), key_of(2));
  sender<int> ended_out(*a, address_of(b), key_of(3));
  ended_out.send(runtime::channel_element::type::end_of_input);
  out.send({1});
  BOOST_REQUIRE(in.elements.wait(1));
  out.plane = silent_out.plane = ended_out.plane = nullptr;
  a.reset();
  for (auto* r : {&in, &silent}) {
    BOOST_REQUIRE(r->lost.wait());
    BOOST_TEST(contains("connection from 127.0.0.1:" + port + " lost: ")(r->lost.values()[0]));
  }
  BOOST_TEST(ended.elements.size() == 1u);
  BOOST_TEST(ended.lost.size() == 0u); // it had all
}

BOOST_AUTO_TEST_CASE(a_frozen_peer_is_found_within_the_timeout) {
  relayed p({}, impatient());
  receiver<int> in(p.b, key_of(1));
  receiver<int> idle(p.b, key_of(2));
  sender<int> out(p.a, p.address(), key_of(1));
  sender<int> idle_out(p.a, p.address(), key_of(2));
  out.send({1});
  BOOST_REQUIRE(in.elements.wait(1));
  p.relay.freeze();
  auto frozen = std::chrono::steady_clock::now();
  BOOST_REQUIRE(out.lost.wait());
  BOOST_REQUIRE(idle_out.lost.wait());
  BOOST_REQUIRE(in.lost.wait());
  BOOST_REQUIRE(idle.lost.wait());
  auto took = std::chrono::steady_clock::now() - frozen;
  BOOST_TEST(took.count() < std::chrono::nanoseconds(5s).count()); // a loaded machine's 0.4 s
  for (auto* l : {&out.lost, &idle_out.lost, &in.lost, &idle.lost}) {
    BOOST_TEST(contains("lost: no answer for 0.4 s")(l->values()[0]));
    BOOST_TEST(l->size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_frozen_peer_is_found_while_data_is_under_way) {
  relayed p({}, impatient());
  receiver<std::string> in(p.b, key_of(1));
  sender<std::string> out(p.a, p.address(), key_of(1));
  out.send({"x"});
  BOOST_REQUIRE(in.elements.wait(1));
  p.relay.freeze();
  for (int i = 0; i < 100; ++i) out.send({std::string(1'000'000, 'x')}); // more than TCP takes
  BOOST_REQUIRE(out.lost.wait());
  BOOST_TEST(contains("lost: no answer for 0.4 s")(out.lost.values()[0]));
}

BOOST_AUTO_TEST_CASE(an_idle_connection_lives) {
  auto config = impatient();
  config.dead_peer_timeout = 80ms;
  net::data_plane a(config);
  net::data_plane b(config);
  receiver<int> in(b, key_of(1));
  sender<int> out(a, address_of(b), key_of(1));
  out.send({1});
  BOOST_REQUIRE(in.elements.wait(1));
  // Another pair whose peer is frozen measures the time: five times as long.
  relayed slow({}, impatient());
  sender<int> clock(slow.a, slow.address(), key_of(2));
  receiver<int> clock_in(slow.b, key_of(2));
  clock.send({1});
  BOOST_REQUIRE(clock_in.elements.wait(1));
  slow.relay.freeze();
  BOOST_REQUIRE(clock.lost.wait());
  out.send({2});
  BOOST_REQUIRE(in.elements.wait(2));
  BOOST_TEST(out.lost.size() == 0u);
  BOOST_TEST(in.lost.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_lost_peer_is_dialled_anew_by_the_next_attempt) {
  auto old = std::make_unique<net::data_plane>(net::data_plane_config{});
  net::data_plane_config same;
  same.port = old->port();
  net::data_plane a({});
  sender<int> out(a, address_of(*old), key_of(1, 1));
  receiver<int> in(*old, key_of(1, 1));
  out.send({1});
  BOOST_REQUIRE(in.elements.wait(1));
  in.plane = nullptr;
  old.reset();
  BOOST_REQUIRE(out.lost.wait());
  net::data_plane fresh(same);
  receiver<int> again(fresh, key_of(1, 2));
  sender<int> retry(a, address_of(fresh), key_of(1, 2));
  retry.send({2});
  BOOST_REQUIRE(again.elements.wait(1));
}

// -- corruption -----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_flipped_bit_anywhere_loses_the_connection_and_delivers_nothing_wrong) {
  // The announcement, then an element with its records.
  auto open_size = net::frame_header::wire_size + 40;
  for (std::size_t at = 0; at < open_size + 150; at += 3) {
    relayed p(flip(handshake_bytes + at));
    receiver<std::int64_t> in(p.b, key_of(1));
    sender<std::int64_t> out(p.a, p.address(), key_of(1));
    std::vector<std::int64_t> records{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    out.send(records);
    BOOST_TEST_CONTEXT("byte " << at) {
      BOOST_REQUIRE(out.lost.wait());
      BOOST_TEST(contains("connection to 127.0.0.1:")(out.lost.values()[0]));
      BOOST_TEST(in.elements.size() == 0u);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_receiver_names_the_peer_that_sent_a_corrupted_frame) {
  // Of the element; so the channel is known.
  relayed p(flip(handshake_bytes + 2 * net::frame_header::wire_size + 40 + 20));
  receiver<std::int64_t> in(p.b, key_of(1));
  sender<std::int64_t> out(p.a, p.address(), key_of(1));
  out.send({1, 2, 3});
  BOOST_REQUIRE(in.lost.wait());
  BOOST_TEST(in.lost.values()[0]
             == "connection from 127.0.0.1:" + std::to_string(p.a.port())
                  + " lost: a frame is corrupted: its payload does not have its checksum");
}

BOOST_AUTO_TEST_CASE(a_truncated_stream_loses_the_connection) {
  constexpr std::size_t end = handshake_bytes + 3000;
  relayed p([](std::string& part, std::size_t offset) {
    if (offset + part.size() < end) return true;
    part.resize(end - offset);
    return false;
  });
  receiver<std::int64_t> in(p.b, key_of(1));
  sender<std::int64_t> out(p.a, p.address(), key_of(1));
  out.send(std::vector<std::int64_t>(1000, 5));
  BOOST_REQUIRE(in.lost.wait());
  BOOST_TEST(contains("lost: the peer closed it in the middle of a frame")(in.lost.values()[0]));
  BOOST_REQUIRE(out.lost.wait());
  BOOST_TEST(in.elements.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_peer_with_larger_frames_is_refused) {
  net::data_plane_config small;
  small.max_frame_bytes = 10'000;
  net::data_plane b(small);
  net::data_plane a({});
  receiver<std::string> in(b, key_of(1));
  sender<std::string> out(a, address_of(b), key_of(1));
  out.send({std::string(20'000, 'x')});
  BOOST_REQUIRE(in.lost.wait());
  BOOST_TEST(contains("larger than max_frame_bytes, 10000")(in.lost.values()[0]));
  BOOST_REQUIRE(out.lost.wait());
}

BOOST_AUTO_TEST_CASE(records_of_another_type_lose_the_connection_by_name) {
  net::data_plane a({});
  net::data_plane b({});
  receiver<std::string> in(b, key_of(1));
  sender<std::int64_t> out(a, address_of(b), key_of(1));
  out.send({-1, -1, -1});
  BOOST_REQUIRE(in.lost.wait());
  BOOST_TEST(contains(net::to_string(key_of(1)))(in.lost.values()[0]));
}

BOOST_AUTO_TEST_SUITE_END()
