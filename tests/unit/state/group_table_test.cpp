#include "sluice/state/group_table.hpp"

#include "sluice/state/keyed_table.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

using namespace sluice;
using namespace std::string_view_literals;

template <class K>
K key_from(std::uint64_t n) {
  if constexpr (std::is_same_v<K, std::string>)
    return "key number " + std::to_string(n);
  else
    return static_cast<K>(n);
}

template <class K, class V>
using entries = std::map<K, V>;

template <class K, class V>
entries<K, V> entries_of(const group_table<K, V>& table) {
  entries<K, V> all;
  table.for_each([&](const K& key, const V& value) { all.emplace(key, value); });
  return all;
}

/// What the view of a table gives to the writer of a snapshot.
template <class View>
auto written_by(View& view) {
  using slot = typename View::slot;
  entries<decltype(slot::key), decltype(slot::value)> all;
  view.for_each(
    [&](const auto& key, const auto& value) {
      BOOST_CHECK_MESSAGE(all.emplace(key, value).second, "an entry was written twice");
    },
    [] {});
  return all;
}

/// The same from the slots that it copies.
template <class View>
auto copied_by(View& view) {
  using slot = typename View::slot;
  entries<decltype(slot::key), decltype(slot::value)> all;
  std::vector<slot> room;
  view.copy_entries(
    [&](std::size_t bytes) {
      room.resize(bytes / sizeof(slot));
      return reinterpret_cast<char*>(room.data());
    },
    [&](std::size_t bytes) {
      BOOST_REQUIRE_EQUAL(bytes % sizeof(slot), 0u);
      for (std::size_t i = 0; i < bytes / sizeof(slot); ++i)
        BOOST_CHECK_MESSAGE(all.emplace(room[i].key, room[i].value).second,
                            "an entry was copied twice");
    });
  return all;
}

/// Random operations on a table and on a standard map; now and then a snapshot, written later.
template <class K, class V, class Hash>
void compare_with_standard_map(Hash hash, std::uint64_t num_keys, unsigned seed) {
  std::mt19937_64 random(seed);
  group_table<K, V> table;
  table.set_rehash(hash);
  std::map<K, V> expected;
  std::shared_ptr<cow_view<K, V>> view;
  entries<K, V> at_barrier;
  for (int step = 0; step < 20'000; ++step) {
    auto key = key_from<K>(random() % num_keys);
    auto h = hash(key);
    const auto dice = random() % 100;
    if (dice < 30) {
      BOOST_REQUIRE_EQUAL(table.erase(h, key), expected.erase(key) == 1);
    } else if (dice < 50) {
      auto* value = table.find(h, key);
      BOOST_REQUIRE_EQUAL(value != nullptr, expected.contains(key));
      if (value) BOOST_REQUIRE_EQUAL(*value, expected[key]);
    } else if (dice < 60) {
      if (auto* value = table.find_for_update(h, key)) expected[key] = *value = key_from<V>(dice);
    } else if (dice == 60 && random() % 40 == 0) {
      table.clear();
      expected.clear();
    } else if (dice == 61 && view) {
      BOOST_REQUIRE(written_by(*view) == at_barrier);
      view.reset();
    } else if (dice == 61) {
      at_barrier = entries_of(table);
      view = table.snapshot();
      BOOST_REQUIRE_EQUAL(view == nullptr, at_barrier.empty());
    } else if (dice == 62) {
      table.for_each([&](const K& k, V& value) { expected[k] = value = key_from<V>(dice); });
    } else {
      auto [value, fresh] = table.find_or_insert(h, key, [] { return V{}; });
      BOOST_REQUIRE_EQUAL(fresh, !expected.contains(key));
      *value = key_from<V>(random() % 1000);
      expected[key] = *value;
    }
    BOOST_REQUIRE_EQUAL(table.size(), expected.size());
  }
  BOOST_REQUIRE(entries_of(table) == expected);
}

BOOST_AUTO_TEST_SUITE(group_table_of_a_key_group)

BOOST_AUTO_TEST_CASE(does_what_a_standard_map_does) {
  auto good = [](const std::uint64_t& k) { return stable_hash(k); };
  for (unsigned seed = 0; seed < 4; ++seed)
    for (std::uint64_t keys : {5u, 60u, 5000u})
      compare_with_standard_map<std::uint64_t, std::uint64_t>(good, keys, seed);
}

BOOST_AUTO_TEST_CASE(does_so_with_strings) {
  auto good = [](const std::string& k) { return stable_hash(k); };
  for (unsigned seed = 0; seed < 3; ++seed)
    for (std::uint64_t keys : {5u, 500u})
      compare_with_standard_map<std::string, std::string>(good, keys, seed);
}

BOOST_AUTO_TEST_CASE(does_so_when_most_keys_collide) {
  auto one_slot = [](const std::uint64_t&) { return std::uint64_t{0}; };
  auto few_slots = [](const std::uint64_t& k) { return k % 3; };
  auto one_tag = [](const std::uint64_t& k) { return stable_hash(k) & 0xfff; };
  compare_with_standard_map<std::uint64_t, std::uint64_t>(one_slot, 100, 1);
  compare_with_standard_map<std::uint64_t, std::uint64_t>(few_slots, 300, 2);
  compare_with_standard_map<std::uint64_t, std::uint64_t>(one_tag, 500, 3);
}

BOOST_AUTO_TEST_CASE(does_not_grow_when_keys_come_and_go) {
  group_table<std::uint64_t, int> table;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    table.find_or_insert(stable_hash(i), i, [] { return 1; });
    if (i >= 100) table.erase(stable_hash(i - 100), i - 100);
  }
  BOOST_CHECK_EQUAL(table.size(), 100u);
  BOOST_CHECK_LE(table.capacity(), 512u);
}

BOOST_AUTO_TEST_CASE(keeps_its_memory_when_it_is_cleared_after_full_use) {
  group_table<std::string, std::string> table;
  auto fill = [&] {
    for (std::uint64_t i = 0; i < 1000; ++i) {
      auto key = key_from<std::string>(i);
      table.find_or_insert(stable_hash(key), key, [] { return std::string(50, 'x'); });
    }
  };
  fill();
  auto capacity = table.capacity();
  table.clear();
  BOOST_CHECK_EQUAL(table.size(), 0u);
  BOOST_CHECK_EQUAL(table.capacity(), capacity);
  fill();
  BOOST_CHECK_EQUAL(entries_of(table).size(), 1000u);
}

BOOST_AUTO_TEST_CASE(gives_memory_back_when_it_is_cleared_after_little_use) {
  group_table<std::uint64_t, int> table;
  for (std::uint64_t i = 0; i < 10'000; ++i)
    table.find_or_insert(stable_hash(i), i, [] { return 1; });
  table.clear();
  auto large = table.capacity();
  for (std::uint64_t i = 0; i < 10; ++i) table.find_or_insert(stable_hash(i), i, [] { return 1; });
  table.clear();
  BOOST_CHECK_LT(table.capacity(), large / 16);
}

BOOST_AUTO_TEST_CASE(an_empty_table_answers_without_memory) {
  group_table<std::uint64_t, int> table;
  BOOST_CHECK(table.find(stable_hash(1), 1) == nullptr);
  BOOST_CHECK(!table.erase(stable_hash(1), 1));
  BOOST_CHECK(table.snapshot() == nullptr);
  table.prefetch(stable_hash(1));
  table.clear();
  BOOST_CHECK_EQUAL(table.memory_bytes(), 0u);
}

BOOST_AUTO_TEST_CASE(a_throwing_constructor_leaves_the_table_as_it_was) {
  group_table<std::uint64_t, std::string> table;
  BOOST_CHECK_THROW(table.find_or_insert(stable_hash(1), 1,
                                         []() -> std::string { throw std::runtime_error("no"); }),
                    std::runtime_error);
  BOOST_CHECK_EQUAL(table.size(), 0u);
  BOOST_CHECK(table.find(stable_hash(1), 1) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(snapshot_of_a_table)

template <class K, class V>
void fill(group_table<K, V>& table, std::uint64_t n) {
  for (std::uint64_t i = 0; i < n; ++i) {
    auto key = key_from<K>(i);
    table.find_or_insert(stable_hash(key), key, [&] { return key_from<V>(i); });
  }
}

BOOST_AUTO_TEST_CASE(holds_the_entries_of_the_barrier_whatever_happens_before_it_is_written) {
  group_table<std::string, std::string> table;
  fill(table, 500);
  auto expected = entries_of(table);
  auto view = table.snapshot();
  for (std::uint64_t i = 0; i < 500; ++i) {
    auto key = key_from<std::string>(i);
    if (i % 3 == 0) table.erase(stable_hash(key), key);
    if (i % 3 == 1) *table.find_for_update(stable_hash(key), key) = "changed";
  }
  fill(table, 5000); // grows
  table.clear();
  BOOST_CHECK(written_by(*view) == expected);
}

BOOST_AUTO_TEST_CASE(is_consistent_while_another_thread_writes_it) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 40; ++round) {
    group_table<std::uint64_t, std::uint64_t> table;
    fill(table, 3000);
    auto expected = entries_of(table);
    auto view = table.snapshot();
    entries<std::uint64_t, std::uint64_t> written;
    std::thread writer([&] { written = written_by(*view); });
    const auto limit = round % 2 == 0 ? 3000u : 20'000u; // with and without growth
    for (int i = 0; i < 20'000; ++i) {
      auto key = random() % limit;
      if (random() % 4 == 0)
        table.erase(stable_hash(key), key);
      else
        *table.find_or_insert(stable_hash(key), key, [] { return std::uint64_t{0}; }).first
          = random();
    }
    writer.join();
    BOOST_REQUIRE(written == expected);
  }
}

BOOST_AUTO_TEST_CASE(copies_the_entries_of_the_barrier_whatever_has_happened_since) {
  for (const auto* what : {"nothing", "changed", "erased", "added", "all"}) {
    BOOST_TEST_CONTEXT(what) {
      auto happens = [&](std::string_view name) { return what == name || what == "all"sv; };
      group_table<std::uint64_t, std::uint64_t> table;
      fill(table, 6000);
      auto expected = entries_of(table);
      auto view = table.snapshot();
      for (std::uint64_t i = 0; i < 6000; ++i) {
        if (happens("changed")) *table.find_for_update(stable_hash(i), i) += 1;
        if (happens("erased") && i % 3 == 0) table.erase(stable_hash(i), i);
      }
      if (happens("added")) fill(table, 6900); // does not grow
      BOOST_CHECK(copied_by(*view) == expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(copies_are_consistent_while_another_thread_makes_them) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 60; ++round) {
    group_table<std::uint64_t, std::uint64_t> table;
    fill(table, 20'000);
    auto expected = entries_of(table);
    auto view = table.snapshot();
    entries<std::uint64_t, std::uint64_t> copied;
    std::thread writer([&] { copied = copied_by(*view); });
    const auto only_changes = round % 3 == 0;
    const auto limit = round % 3 == 1 ? 22'000u : 20'000u;
    for (int i = 0; i < 60'000; ++i) {
      const auto key = random() % limit;
      if (!only_changes && random() % 8 == 0)
        table.erase(stable_hash(key), key);
      else
        *table.find_or_insert(stable_hash(key), key, [] { return std::uint64_t{0}; }).first
          = random();
    }
    writer.join();
    BOOST_REQUIRE(copied == expected);
  }
}

BOOST_AUTO_TEST_CASE(is_consistent_with_strings_while_another_thread_writes_it) {
  for (int round = 0; round < 20; ++round) {
    group_table<std::string, std::string> table;
    fill(table, 2000);
    auto expected = entries_of(table);
    auto view = table.snapshot();
    entries<std::string, std::string> written;
    std::thread writer([&] { written = written_by(*view); });
    for (std::uint64_t i = 0; i < 6000; ++i) {
      auto key = key_from<std::string>((i * 7919) % 4000);
      *table.find_or_insert(stable_hash(key), key, [] { return std::string(); }).first
        += " and something that needs memory";
    }
    writer.join();
    BOOST_REQUIRE(written == expected);
  }
}

BOOST_AUTO_TEST_CASE(that_nobody_writes_does_not_burden_the_table_for_ever) {
  group_table<std::uint64_t, std::uint64_t> table;
  fill(table, 100);
  table.snapshot().reset(); // the checkpoint was aborted
  fill(table, 200);
  auto view = table.snapshot();
  BOOST_CHECK_EQUAL(written_by(*view).size(), 200u);
}

BOOST_AUTO_TEST_CASE(that_was_given_up_is_over_for_tables_that_are_not_written_again) {
  group_table<std::uint64_t, std::uint64_t> table;
  fill(table, 100);
  auto view = table.snapshot();
  BOOST_CHECK(table.snapshotting());
  view.reset(); // the checkpoint was aborted
  BOOST_CHECK(!table.snapshotting());
}

BOOST_AUTO_TEST_CASE(that_was_given_up_does_not_make_the_table_save_all_its_entries) {
  group_table<std::uint64_t, std::uint64_t> table;
  auto arena = std::make_shared<detail::save_arena>();
  fill(table, 50'000);
  table.snapshot(arena).reset();
  for (std::uint64_t i = 0; i < 50'000; ++i) ++*table.find_for_update(stable_hash(i), i);
  BOOST_CHECK_EQUAL(arena.use_count(), 1); // what was saved is gone
}

/// Small and of no power of two, so that slots lie across words, lines and pages.
struct odd {
  std::uint32_t a;
  std::uint16_t b;
  std::uint8_t c[5];
  auto operator<=>(const odd&) const = default;
};
static_assert(copied_by_bytes<std::pair<int, char>, odd>);
static_assert(!copied_by_bytes<std::string, int>);

BOOST_AUTO_TEST_CASE(is_consistent_in_every_byte_while_another_thread_writes_it) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 30; ++round) {
    group_table<std::pair<int, char>, odd> table;
    auto hash_of = [](int i) { return stable_hash(std::pair<int, char>(i, 'k')); };
    std::map<std::pair<int, char>, odd> expected;
    for (int i = 0; i < 20'000; ++i) {
      odd value{static_cast<std::uint32_t>(i), 7, {1, 2, 3, 4, static_cast<std::uint8_t>(i)}};
      *table.find_or_insert(hash_of(i), {i, 'k'}, [] { return odd{}; }).first = value;
      expected[{i, 'k'}] = value;
    }
    auto view = table.snapshot();
    std::map<std::pair<int, char>, odd> written;
    std::thread writer([&] {
      view->for_each([&](const std::pair<int, char>& k, const odd& v) { written.emplace(k, v); },
                     [] {});
    });
    for (int i = 0; i < 60'000; ++i) {
      const auto n = static_cast<int>(random() % (round % 2 == 0 ? 20'000 : 30'000));
      if (random() % 8 == 0) {
        table.erase(hash_of(n), {n, 'k'});
        continue;
      }
      auto& value = *table.find_or_insert(hash_of(n), {n, 'k'}, [] { return odd{}; }).first;
      value.a += 0x01010101;
      for (auto& byte : value.c) ++byte;
    }
    writer.join();
    BOOST_REQUIRE_EQUAL(written.size(), expected.size());
    BOOST_REQUIRE(written == expected);
  }
}

BOOST_AUTO_TEST_CASE(of_one_key_group_holds_that_group_only) {
  keyed_table<int, int> table({32, 64}, 128);
  std::map<key_group, std::size_t> expected;
  for (int i = 0; i < 1000; ++i) {
    auto group = key_group_of(stable_hash(i), 128);
    if (group < 32 || group >= 64) continue;
    table.find_or_insert(stable_hash(i), i, [&] { return i; });
    ++expected[group];
  }
  std::map<key_group, std::size_t> seen;
  for (auto& [group, view] : table.snapshot())
    view->for_each(
      [&, g = group](int key, int) {
        BOOST_CHECK_EQUAL(key_group_of(stable_hash(key), 128), g);
        ++seen[g];
      },
      [] {});
  BOOST_CHECK(seen == expected);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
