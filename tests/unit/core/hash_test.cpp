#include "sluice/core/hash.hpp"

#include "sluice/core/key_group.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <set>

namespace {

using namespace sluice;

enum class colour : std::uint8_t { red = 3 };

struct order_key {
  std::string region;
  int id = 0;
};

BOOST_AUTO_TEST_SUITE(stable_hash_of_keys)

// These values are in checkpoints: whoever changes them makes old ones unreadable.
BOOST_AUTO_TEST_CASE(never_changes) {
  BOOST_CHECK_EQUAL(stable_hash(0), 0x0850f9794d5108b4ull);
  BOOST_CHECK_EQUAL(stable_hash(1), 0x1155780eeda5205eull);
  BOOST_CHECK_EQUAL(stable_hash(-1), 0xca58f47a8d49aab8ull);
  BOOST_CHECK_EQUAL(stable_hash(std::uint64_t{1} << 63), 0x1dd2b6d03deb3d21ull);
  BOOST_CHECK_EQUAL(stable_hash(true), 0x1155780eeda5205eull);
  BOOST_CHECK_EQUAL(stable_hash('a'), 0xce24e9b22234f2a5ull);
  BOOST_CHECK_EQUAL(stable_hash(colour::red), 0xe35c7aab2c1df396ull);
  BOOST_CHECK_EQUAL(stable_hash(1.5), 0xcb9aa2c98a388141ull);
  BOOST_CHECK_EQUAL(stable_hash(std::string()), 0x2e67dc8520785ee5ull);
  BOOST_CHECK_EQUAL(stable_hash(std::string("a")), 0xc437c69bd418f9fdull);
  BOOST_CHECK_EQUAL(stable_hash(std::string("word")), 0x789186a1f55e7219ull);
  BOOST_CHECK_EQUAL(stable_hash(std::string("a key of 16 byte")), 0x36d8cb779a887463ull);
  BOOST_CHECK_EQUAL(stable_hash(std::string("a key of more than 16 bytes")), 0x0447cb83cbe0e748ull);
  BOOST_CHECK_EQUAL(stable_hash(std::string(500, 'x')), 0x89a8ac9fa1e5c540ull);
  BOOST_CHECK_EQUAL(stable_hash(std::pair<int, std::string>(1, "x")), 0x2d830aea710bc2beull);
  BOOST_CHECK_EQUAL(stable_hash(std::tuple<int, int, int>(1, 2, 3)), 0x2d171bcfa6aa3d97ull);
  BOOST_CHECK_EQUAL(stable_hash(std::optional<int>()), 0x0850f9794d5108b4ull);
  BOOST_CHECK_EQUAL(stable_hash(std::optional<int>(5)), 0xc7a24365ad07750bull);
  BOOST_CHECK_EQUAL(stable_hash(std::variant<int, std::string>("x")), 0x9239d8388f6bf900ull);
  BOOST_CHECK_EQUAL(stable_hash(std::vector<int>{1, 2}), 0x419034e16d28f896ull);
  BOOST_CHECK_EQUAL(stable_hash(std::chrono::seconds(5)), 0x8d43635168d4c48full);
  BOOST_CHECK_EQUAL(stable_hash(order_key{"eu", 7}), 0x17682f640096c65full);
}

BOOST_AUTO_TEST_CASE(is_equal_for_equal_keys_however_they_are_spelled) {
  BOOST_CHECK_EQUAL(stable_hash(0.0), stable_hash(-0.0));
  BOOST_CHECK_EQUAL(stable_hash(1.5f), stable_hash(1.5));
  BOOST_CHECK_EQUAL(stable_hash(std::string("word")), stable_hash(std::string_view("word")));
  BOOST_CHECK_EQUAL(stable_hash(std::int32_t{-5}), stable_hash(std::int64_t{-5}));
}

BOOST_AUTO_TEST_CASE(differs_for_strings_that_share_their_ends) {
  std::set<std::uint64_t> hashes;
  for (std::size_t size = 0; size < 64; ++size) hashes.insert(stable_hash(std::string(size, 'a')));
  BOOST_CHECK_EQUAL(hashes.size(), 64u);
  BOOST_CHECK_NE(stable_hash(std::string("ab", 2)), stable_hash(std::string("ab\0", 3)));
}

BOOST_AUTO_TEST_CASE(spreads_small_numbers_evenly_over_key_groups) {
  std::vector<int> counts(128);
  for (int i = 0; i < 128'000; ++i) ++counts[key_group_of(stable_hash(i), 128)];
  for (auto n : counts) {
    BOOST_CHECK_GT(n, 800);
    BOOST_CHECK_LT(n, 1200);
  }
}

BOOST_AUTO_TEST_CASE(keys_without_an_operator_are_compared_field_by_field) {
  BOOST_CHECK(keys_equal(order_key{"eu", 7}, order_key{"eu", 7}));
  BOOST_CHECK(!keys_equal(order_key{"eu", 7}, order_key{"eu", 8}));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(key_groups)

BOOST_AUTO_TEST_CASE(ranges_of_subtasks_cover_all_groups_once_and_agree_with_subtask_of) {
  for (std::uint32_t max : {1u, 7u, 128u, 1000u, max_parallelism_limit})
    for (std::uint32_t parallelism : {1u, 2u, 3u, 7u, 100u, 128u}) {
      if (parallelism > max) continue;
      key_group next = 0;
      for (std::uint32_t subtask = 0; subtask < parallelism; ++subtask) {
        auto range = groups_of(subtask, max, parallelism);
        BOOST_REQUIRE_EQUAL(range.first, next);
        BOOST_REQUIRE_GE(range.size(), max / parallelism);
        BOOST_REQUIRE_LE(range.size(), (max + parallelism - 1) / parallelism);
        for (auto g = range.first; g < range.last; ++g)
          BOOST_REQUIRE_EQUAL(subtask_of(g, max, parallelism), subtask);
        next = range.last;
      }
      BOOST_REQUIRE_EQUAL(next, max);
    }
}

BOOST_AUTO_TEST_CASE(every_hash_has_a_group_below_the_maximum) {
  for (std::uint64_t hash : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 32})
    for (std::uint32_t max : {1u, 3u, 128u, max_parallelism_limit})
      BOOST_CHECK_LT(key_group_of(hash, max), max);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
