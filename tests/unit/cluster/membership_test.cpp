/// Who gets which slots, and who waits.
#include "sluice/cluster/membership.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(memberships)

namespace {

using cluster::membership;
using std::chrono::seconds;

const cluster::time_point start{};

std::uint64_t add(membership& m, const std::string& name, std::uint32_t slots) {
  runtime::job_host host;
  host.name = name;
  return m.add(std::move(host), slots, start);
}

runtime::slot_request_msg wish(std::uint64_t job, std::uint32_t slots, std::uint32_t attempt = 1) {
  runtime::slot_request_msg w;
  w.job = job;
  w.attempt = attempt;
  w.slots = slots;
  return w;
}

/// Slots per host of a grant, by name.
std::map<std::string, int> spread(const membership::grant& g) {
  std::map<std::string, int> result;
  for (auto h : g.slots.host_of_slot) ++result[g.slots.hosts.at(h).name];
  return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(slots_are_spread_and_those_of_a_worker_stand_together) {
  membership m;
  add(m, "a", 4);
  add(m, "b", 4);
  add(m, "c", 4);
  m.request(wish(1, 6));
  auto g = m.next_grant();
  BOOST_TEST_REQUIRE(g.has_value());
  BOOST_TEST((spread(*g) == std::map<std::string, int>{{"a", 2}, {"b", 2}, {"c", 2}}));
  BOOST_TEST(std::is_sorted(g->slots.host_of_slot.begin(), g->slots.host_of_slot.end()));
  BOOST_TEST(g->slots.attempt == 1u);
  BOOST_TEST(m.free_slots() == 6u);
  BOOST_TEST(!m.next_grant().has_value());
}

BOOST_AUTO_TEST_CASE(who_has_more_free_slots_takes_more) {
  membership m;
  add(m, "small", 1);
  add(m, "large", 5);
  m.request(wish(1, 4));
  auto g = m.next_grant();
  BOOST_TEST_REQUIRE(g.has_value());
  BOOST_TEST((spread(*g) == std::map<std::string, int>{{"large", 4}}));
  m.request(wish(2, 2));
  g = m.next_grant();
  BOOST_TEST_REQUIRE(g.has_value());
  BOOST_TEST((spread(*g) == std::map<std::string, int>{{"large", 1}, {"small", 1}}));
}

BOOST_AUTO_TEST_CASE(a_wide_job_waits_and_narrow_ones_do_not_wait_behind_it) {
  membership m;
  add(m, "a", 2);
  m.request(wish(1, 3));
  m.request(wish(2, 1));
  auto g = m.next_grant();
  BOOST_TEST_REQUIRE(g.has_value());
  BOOST_TEST((g->slots.host_of_slot.size() == 1u));
  BOOST_TEST(!m.next_grant().has_value());
  BOOST_TEST((m.waiting(1) == 3u));
  BOOST_TEST(!m.waiting(2).has_value());

  add(m, "b", 2);
  g = m.next_grant();
  BOOST_TEST_REQUIRE(g.has_value());
  BOOST_TEST((spread(*g) == std::map<std::string, int>{{"a", 1}, {"b", 2}}));
  BOOST_TEST(m.free_slots() == 0u);
}

BOOST_AUTO_TEST_CASE(what_a_job_releases_others_get) {
  membership m;
  add(m, "a", 2);
  m.request(wish(1, 2));
  BOOST_TEST(m.next_grant().has_value());
  m.request(wish(2, 1));
  BOOST_TEST(!m.next_grant().has_value());
  m.release(1);
  BOOST_TEST(m.next_grant().has_value());
  BOOST_TEST(m.free_slots() == 1u);
  m.request(wish(3, 2));
  m.release(3); // it does not wait any more, either
  BOOST_TEST(!m.waiting(3).has_value());
}

BOOST_AUTO_TEST_CASE(a_new_attempt_replaces_the_wish_and_the_slots_of_the_one_before) {
  membership m;
  add(m, "a", 2);
  m.request(wish(1, 2, 1));
  BOOST_TEST(m.next_grant().has_value());
  m.request(wish(1, 1, 2));
  auto g = m.next_grant();
  BOOST_TEST_REQUIRE(g.has_value());
  BOOST_TEST(g->slots.attempt == 2u);
  BOOST_TEST(m.free_slots() == 1u);
  m.request(wish(1, 5, 3));
  m.request(wish(1, 2, 4));
  g = m.next_grant();
  BOOST_TEST_REQUIRE(g.has_value());
  BOOST_TEST(g->slots.attempt == 4u);
  BOOST_TEST(!m.waiting(1).has_value());
}

BOOST_AUTO_TEST_CASE(slots_go_with_their_worker) {
  membership m;
  auto a = add(m, "a", 2);
  auto b = add(m, "b", 2);
  BOOST_TEST(a != b);
  m.request(wish(1, 3));
  BOOST_TEST(m.next_grant().has_value());
  m.remove(a);
  BOOST_TEST(m.all_slots() == 2u);
  m.release(1);
  BOOST_TEST(m.free_slots() == 2u);
  BOOST_TEST(add(m, "a", 2) > b); // a worker that comes back is a new one
}

BOOST_AUTO_TEST_CASE(who_is_silent_is_found) {
  membership m;
  auto a = add(m, "a", 1);
  auto b = add(m, "b", 1);
  BOOST_TEST(m.seen(a, start + seconds(5)));
  BOOST_TEST(!m.seen(99, start));
  BOOST_TEST((m.silent_since(start + seconds(3)) == std::vector<std::uint64_t>{b}));
  BOOST_TEST((m.silent_since(start + seconds(9)) == std::vector<std::uint64_t>{a, b}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
