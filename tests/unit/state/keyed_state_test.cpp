#include "sluice/state/keyed_state.hpp"

#include "support/operator_harness.hpp"

#include <boost/describe.hpp>
#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::testing;
using namespace std::chrono_literals;

struct item_v1 {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(item_v1, (), (name))

struct item_v2 {
  std::string name;
  int stock = 42;
};
BOOST_DESCRIBE_STRUCT(item_v2, (), (name, stock))

struct mean {
  std::pair<int, int> create_accumulator() const { return {0, 0}; }
  void add(std::pair<int, int>& acc, int v) const {
    acc.first += v;
    ++acc.second;
  }
  double get_result(const std::pair<int, int>& acc) const {
    return static_cast<double>(acc.first) / acc.second;
  }
};

/// A registry with the states of string keys.
struct fixture {
  explicit fixture(key_group_range groups = {0, 128}) : store(registry, groups, 128, time) {}

  void at(const std::string& k) {
    key = k;
    store.set_current(key, stable_hash(key));
  }

  memory_snapshot snapshot() {
    memory_snapshot result;
    result.write(registry.snapshot());
    return result;
  }

  void restore(const memory_snapshot& written, bool allow_leftovers = false,
               key_group_range groups = {0, 128}) {
    registry.restore("counter", written.part_of(groups, 0, 1), allow_leftovers);
  }

  manual_clock time;
  state_registry registry;
  keyed_state_store<std::string> store;
  std::string key;
};

BOOST_FIXTURE_TEST_SUITE(keyed_states, fixture)

BOOST_AUTO_TEST_CASE(a_value_belongs_to_its_key) {
  auto count = store.state(value_state_descriptor<int>{"count"});
  at("a");
  BOOST_CHECK(count.get() == nullptr);
  BOOST_CHECK_EQUAL(count.value(7), 7);
  count.update(1);
  count.mutate() += 5;
  at("b");
  BOOST_CHECK(count.get() == nullptr);
  BOOST_CHECK_EQUAL(++count.mutate(), 1);
  at("a");
  BOOST_CHECK_EQUAL(*count.get(), 6);
  count.clear();
  BOOST_CHECK(count.get() == nullptr);
}

BOOST_AUTO_TEST_CASE(a_list_keeps_the_order_of_its_elements) {
  auto list = store.state(list_state_descriptor<std::string>{"list"});
  at("a");
  BOOST_CHECK(list.get().empty());
  list.add("x");
  list.add("y");
  BOOST_CHECK((list.get() == std::vector<std::string>{"x", "y"}));
  list.update({"z"});
  BOOST_CHECK((list.get() == std::vector<std::string>{"z"}));
  list.clear();
  BOOST_CHECK(list.get().empty());
}

BOOST_AUTO_TEST_CASE(a_map_takes_no_room_once_it_is_empty) {
  auto map = store.state(map_state_descriptor<int, std::string>{"map"});
  at("a");
  BOOST_CHECK(map.empty());
  map.put(1, "one");
  map.mutate(2) += "two";
  BOOST_CHECK(map.contains(1));
  BOOST_CHECK_EQUAL(*map.get(2), "two");
  map.remove(1);
  map.remove(1);
  map.remove(2);
  BOOST_CHECK(map.empty());
  BOOST_CHECK(snapshot().states()[0].groups.empty());
}

BOOST_AUTO_TEST_CASE(reducing_and_aggregating_states_merge_what_is_added) {
  auto most = store.state(reducing_state_descriptor<int>{
    "most", [](const int& a, const int& b) { return std::max(a, b); }});
  auto average = store.state(aggregating_state_descriptor<mean>{"average", {}});
  at("a");
  BOOST_CHECK(most.get() == nullptr);
  BOOST_CHECK(!average.get());
  for (int i : {3, 9, 6}) {
    most.add(i);
    average.add(i);
  }
  BOOST_CHECK_EQUAL(*most.get(), 9);
  BOOST_CHECK_EQUAL(*average.get(), 6.0);
  most.clear();
  average.clear();
  BOOST_CHECK(most.get() == nullptr);
  BOOST_CHECK(!average.get());
}

BOOST_AUTO_TEST_CASE(a_value_with_a_time_to_live_is_gone_after_it) {
  auto count = store.state(value_state_descriptor<int>{"count", state_ttl{10us}});
  at("a");
  time.set(100);
  count.update(1);
  time.set(109);
  BOOST_CHECK_EQUAL(count.value(), 1);
  time.set(110);
  BOOST_CHECK(count.get() == nullptr);
  BOOST_CHECK_EQUAL(count.mutate(), 0);
}

BOOST_AUTO_TEST_CASE(writing_starts_the_time_to_live_again) {
  auto count = store.state(value_state_descriptor<int>{"count", state_ttl{10us}});
  at("a");
  count.update(1);
  time.set(8);
  count.mutate() = 2;
  time.set(17);
  BOOST_CHECK_EQUAL(count.value(), 2);
  time.set(18);
  BOOST_CHECK(count.get() == nullptr);
}

BOOST_AUTO_TEST_CASE(reading_does_so_only_when_asked_to) {
  auto kept = store.state(value_state_descriptor<int>{"kept", state_ttl{10us, true}});
  auto lost = store.state(value_state_descriptor<int>{"lost", state_ttl{10us, false}});
  at("a");
  kept.update(1);
  lost.update(1);
  for (timestamp t = 5; t <= 50; t += 5) {
    time.set(t);
    BOOST_CHECK(kept.get() != nullptr);
    BOOST_CHECK_EQUAL(lost.get() != nullptr, t < 10);
  }
}

BOOST_AUTO_TEST_CASE(expired_collections_start_empty) {
  auto list = store.state(list_state_descriptor<int>{"list", state_ttl{10us}});
  auto map = store.state(map_state_descriptor<int, int>{"map", state_ttl{10us}});
  at("a");
  list.add(1);
  map.put(1, 1);
  time.set(10);
  BOOST_CHECK(map.empty());
  list.add(2);
  BOOST_CHECK((list.get() == std::vector<int>{2}));
}

BOOST_AUTO_TEST_CASE(every_kind_of_state_is_restored) {
  auto declare = [](fixture& f) {
    return std::tuple(f.store.state(value_state_descriptor<std::string>{"value"}),
                      f.store.state(list_state_descriptor<int>{"list"}),
                      f.store.state(map_state_descriptor<std::string, int>{"map"}),
                      f.store.state(reducing_state_descriptor<int>{"sum", std::plus<>()}),
                      f.store.state(aggregating_state_descriptor<mean>{"mean", {}}),
                      f.store.state(value_state_descriptor<int>{"aging", state_ttl{10us}}));
  };
  auto [value, list, map, sum, average, aging] = declare(*this);
  time.set(100);
  for (auto* k : {"a", "b", "c"}) {
    at(k);
    value.update(key);
    list.add(1);
    list.add(2);
    map.put(key, 3);
    sum.add(4);
    sum.add(5);
    average.add(6);
    average.add(7);
    aging.update(8);
  }
  auto written = snapshot();
  fixture other;
  auto [value2, list2, map2, sum2, average2, aging2] = declare(other);
  other.restore(written);
  for (auto* k : {"a", "b", "c"}) {
    other.at(k);
    other.time.set(109);
    BOOST_CHECK_EQUAL(value2.value(), k);
    BOOST_CHECK((list2.get() == std::vector<int>{1, 2}));
    BOOST_CHECK_EQUAL(*map2.get(k), 3);
    BOOST_CHECK_EQUAL(*sum2.get(), 9);
    BOOST_CHECK_EQUAL(*average2.get(), 6.5);
    BOOST_CHECK_EQUAL(aging2.value(), 8);
    other.time.set(110);
    BOOST_CHECK(aging2.get() == nullptr);
  }
}

BOOST_AUTO_TEST_CASE(a_restore_into_fewer_key_groups_takes_only_those) {
  auto count = store.state(value_state_descriptor<int>{"count"});
  for (int i = 0; i < 100; ++i) {
    at("k" + std::to_string(i));
    count.update(i);
  }
  auto written = snapshot();
  key_group_range half{64, 128};
  fixture other(half);
  auto count2 = other.store.state(value_state_descriptor<int>{"count"});
  other.restore(written, false, half);
  int found = 0;
  for (int i = 0; i < 100; ++i) {
    other.at("k" + std::to_string(i));
    if (!half.contains(key_group_of(stable_hash(other.key), 128))) continue;
    BOOST_CHECK_EQUAL(count2.value(-1), i);
    ++found;
  }
  BOOST_CHECK_GT(found, 20);
}

BOOST_AUTO_TEST_CASE(a_described_struct_may_have_gained_a_field) {
  store.state(value_state_descriptor<item_v1>{"item"});
  auto item = store.state(value_state_descriptor<item_v1>{"another"});
  at("a");
  item.update({"bolt"});
  auto written = snapshot();
  fixture other;
  other.store.state(value_state_descriptor<item_v1>{"item"});
  auto item2 = other.store.state(value_state_descriptor<item_v2>{"another"});
  other.restore(written);
  other.at("a");
  BOOST_CHECK_EQUAL(item2.get()->name, "bolt");
  BOOST_CHECK_EQUAL(item2.get()->stock, 42);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_FIXTURE_TEST_SUITE(state_registry_errors, fixture)

bool mentions(const std::exception& e, std::initializer_list<std::string_view> words) {
  std::string_view text = e.what();
  BOOST_TEST_INFO(text);
  for (auto w : words)
    if (text.find(w) == text.npos) return false;
  return true;
}

BOOST_AUTO_TEST_CASE(two_states_of_one_name_are_refused) {
  store.state(value_state_descriptor<int>{"count"});
  BOOST_CHECK_EXCEPTION(store.state(value_state_descriptor<int>{"count"}), state_error,
                        [](auto& e) { return mentions(e, {"\"count\""}); });
}

BOOST_AUTO_TEST_CASE(another_type_is_refused_with_operator_state_and_both_types) {
  auto count = store.state(value_state_descriptor<int>{"count"});
  at("a");
  count.update(1);
  auto written = snapshot();
  fixture other;
  other.store.state(value_state_descriptor<std::string>{"count"});
  BOOST_CHECK_EXCEPTION(other.restore(written), state_error, [](auto& e) {
    return mentions(e, {"\"counter\"", "\"count\"", "string -> i32", "string -> string"});
  });
}

BOOST_AUTO_TEST_CASE(another_key_type_is_refused) {
  keyed_table_entry<int, int> written({0, 128}, 128);
  written.table().find_or_insert(stable_hash(1), 1, [] { return 1; });
  memory_snapshot m;
  std::vector<std::unique_ptr<state_snapshot>> views;
  views.push_back(written.snapshot("count"));
  m.write(std::move(views));
  store.state(value_state_descriptor<int>{"count"});
  BOOST_CHECK_THROW(restore(m), state_error);
}

BOOST_AUTO_TEST_CASE(leftover_state_is_an_error_unless_it_is_allowed) {
  auto count = store.state(value_state_descriptor<int>{"count"});
  at("a");
  count.update(1);
  auto written = snapshot();
  fixture other;
  BOOST_CHECK_EXCEPTION(other.restore(written), state_error, [](auto& e) {
    return mentions(e, {"\"counter\"", "\"count\"", "allow"});
  });
  BOOST_CHECK_NO_THROW(other.restore(written, true));
}

BOOST_AUTO_TEST_CASE(new_states_start_empty) {
  auto written = snapshot();
  fixture other;
  auto count = other.store.state(value_state_descriptor<int>{"count"});
  other.restore(written);
  other.at("a");
  BOOST_CHECK(count.get() == nullptr);
}

BOOST_AUTO_TEST_CASE(truncated_state_is_an_error_that_names_it) {
  auto count = store.state(value_state_descriptor<int>{"count"});
  at("a");
  count.update(1);
  auto written = snapshot();
  for (auto& [group, bytes] : written.states()[0].groups) bytes.pop_back();
  fixture other;
  other.store.state(value_state_descriptor<int>{"count"});
  BOOST_CHECK_EXCEPTION(other.restore(written), state_error, [](auto& e) {
    return mentions(e, {"\"count\"", "corrupt"});
  });
}

BOOST_AUTO_TEST_CASE(operator_lists_are_dealt_out_and_unions_given_to_all) {
  for (auto kind : {state_kind::operator_list, state_kind::operator_union}) {
    list_entry saved(
      kind, "string",
      [] {
        return std::vector<std::string>{"a", "b", "c"};
      },
      [](std::string_view) {});
    state_registry from;
    from.add("splits", &saved);
    memory_snapshot written;
    written.write(from.snapshot());
    std::vector<std::string> got[2];
    for (std::uint32_t i = 0; i < 2; ++i) {
      list_entry loaded(
        kind, "string", [] { return std::vector<std::string>{}; },
        [&](std::string_view item) { got[i].emplace_back(item); });
      state_registry to;
      to.add("splits", &loaded);
      to.restore("source", written.part_of({0, 64}, i, 2), false);
    }
    auto all = kind == state_kind::operator_union;
    BOOST_CHECK_EQUAL(got[0].size(), all ? 3u : 2u);
    BOOST_CHECK_EQUAL(got[1].size(), all ? 3u : 1u);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
