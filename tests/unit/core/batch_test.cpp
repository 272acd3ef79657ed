#include "sluice/core/batch.hpp"

#include <boost/test/unit_test.hpp>

#include <numeric>

namespace {

using namespace sluice;

template <class T>
std::vector<T> rows_of(const typed_batch<T>& b) {
  return {b.begin(), b.end()};
}

std::unique_ptr<typed_batch<int>> numbers(int n, bool timed_rows, bool hashed = false) {
  auto made = std::make_unique<typed_batch<int>>();
  auto& b = *made;
  for (int i = 0; i < n; ++i) timed_rows ? b.push_back(i, 10 * i) : b.push_back(i);
  if (hashed) {
    auto* hashes = b.make_hashes();
    for (int i = 0; i < n; ++i) hashes[i] = 100 + static_cast<std::uint64_t>(i);
  }
  return made;
}

BOOST_AUTO_TEST_SUITE(a_batch)

BOOST_AUTO_TEST_CASE(keeps_records_and_timestamps_while_it_grows) {
  auto b_owner = numbers(10'000, true);
  auto& b = *b_owner;
  BOOST_CHECK_EQUAL(b.size(), 10'000u);
  BOOST_CHECK_EQUAL(b.bytes(), 40'000u);
  for (int i = 0; i < 10'000; ++i) {
    BOOST_REQUIRE_EQUAL(b[static_cast<std::size_t>(i)], i);
    BOOST_REQUIRE_EQUAL(b.time_of(static_cast<std::size_t>(i)), 10 * i);
  }
}

BOOST_AUTO_TEST_CASE(swaps_contents_with_all_columns) {
  auto a_owner = numbers(3, true, true);
  auto& a = *a_owner;
  auto b_owner = numbers(1, false);
  auto& b = *b_owner;
  a.swap_contents(b);
  BOOST_CHECK_EQUAL(a.size(), 1u);
  BOOST_CHECK(!a.has_timestamps());
  BOOST_CHECK(!a.has_hashes());
  BOOST_CHECK_EQUAL(b.size(), 3u);
  BOOST_CHECK_EQUAL(b.time_of(2), 20);
  BOOST_CHECK_EQUAL(b.hashes()[2], 102u);
}

BOOST_AUTO_TEST_CASE(appended_records_keep_their_timestamps_and_hashes) {
  // More than a fresh batch has room for, so that appending makes it grow.
  const int n = 3 * static_cast<int>(default_batch_records<int>());
  auto from_owner = numbers(n, true, true);
  auto& from = *from_owner;
  for (auto move : {false, true}) {
    typed_batch<int> to;
    auto append = [&](std::size_t begin, std::size_t end) {
      move ? to.append_move(from, begin, end) : to.append_copy(from, begin, end);
    };
    append(0, 5);
    append(5, static_cast<std::size_t>(n));
    BOOST_REQUIRE_EQUAL(to.size(), static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < to.size(); ++i) {
      BOOST_REQUIRE_EQUAL(to[i], static_cast<int>(i));
      BOOST_REQUIRE_EQUAL(to.time_of(i), static_cast<timestamp>(10 * i));
      BOOST_REQUIRE_EQUAL(to.hashes()[i], 100 + i);
    }
  }
}

BOOST_AUTO_TEST_CASE(refuses_to_mix_records_with_and_without_timestamps) {
  auto a_owner = numbers(1, true);
  auto& a = *a_owner;
  auto b_owner = numbers(1, false);
  auto& b = *b_owner;
  BOOST_CHECK_THROW(a.append_copy(b, 0, 1), broken_invariant);
}

BOOST_AUTO_TEST_CASE(loses_hashes_when_records_without_them_are_appended) {
  auto a_owner = numbers(2, false, true);
  auto& a = *a_owner;
  auto b_owner = numbers(2, false);
  auto& b = *b_owner;
  a.append_copy(b, 0, 2);
  BOOST_CHECK(!a.has_hashes());
  BOOST_CHECK_EQUAL(a.size(), 4u);
}

BOOST_AUTO_TEST_CASE(reuses_the_memory_of_strings_when_it_is_refilled) {
  typed_batch<std::string> b;
  const std::string text(100, 'x');
  b.push_back(text);
  auto* heap = b[0].data();
  b.clear();
  BOOST_CHECK(b.empty());
  BOOST_CHECK_EQUAL(b.bytes(), 0u);
  b.push_back(text);
  BOOST_CHECK(b[0].data() == heap);
  BOOST_CHECK_GT(b.bytes(), text.size());
}

BOOST_AUTO_TEST_CASE(moves_strings_instead_of_copying_them) {
  typed_batch<std::string> from;
  from.push_back(std::string(100, 'x'));
  auto* heap = from[0].data();
  typed_batch<std::string> to;
  to.append_move(from, 0, 1);
  BOOST_CHECK(to[0].data() == heap);
}

BOOST_AUTO_TEST_CASE(makes_the_objects_that_resizing_adds) {
  typed_batch<std::string> b;
  b.push_back("a");
  b.resize(3);
  BOOST_CHECK((rows_of(b) == std::vector<std::string>{"a", "", ""}));
  b.truncate(1);
  b.push_back("b");
  BOOST_CHECK((rows_of(b) == std::vector<std::string>{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(carries_records_that_can_only_be_moved) {
  typed_batch<std::unique_ptr<int>> b;
  for (int i = 0; i < 5000; ++i) b.push_back(std::make_unique<int>(i));
  BOOST_CHECK_EQUAL(*b[4999], 4999);
  typed_batch<std::unique_ptr<int>> to;
  to.append_move(b, 4998, 5000);
  BOOST_CHECK_EQUAL(*to[1], 4999);
  BOOST_CHECK_THROW(to.append_copy(b, 0, 1), plan_error);
}

BOOST_AUTO_TEST_CASE(gives_back_memory_beyond_a_budget) {
  auto b_owner = numbers(100'000, true);
  auto& b = *b_owner;
  b.trim(1 << 20);
  BOOST_CHECK_EQUAL(b.size(), 100'000u);
  b.trim(1 << 10);
  BOOST_CHECK_EQUAL(b.row_capacity(), 0u);
  b.push_back(1, 5);
  BOOST_CHECK_EQUAL(b.time_of(0), 5);
}

BOOST_AUTO_TEST_CASE(is_encoded_with_all_columns) {
  auto check = [](auto& b) {
    byte_writer out;
    b.encode(out);
    auto copy = b.make_empty();
    byte_reader in(out.view());
    copy->decode(in);
    BOOST_CHECK(in.at_end());
    auto& same = batch_as<typename std::remove_reference_t<decltype(b)>::value_type>(*copy);
    BOOST_CHECK(rows_of(same) == rows_of(b));
    BOOST_CHECK_EQUAL(same.bytes(), b.bytes());
    BOOST_REQUIRE_EQUAL(same.has_timestamps(), b.has_timestamps());
    BOOST_REQUIRE_EQUAL(same.has_hashes(), b.has_hashes());
    for (std::size_t i = 0; i < b.size(); ++i) {
      BOOST_CHECK_EQUAL(same.time_of(i), b.time_of(i));
      if (b.has_hashes()) BOOST_CHECK_EQUAL(same.hashes()[i], b.hashes()[i]);
    }
    for (std::size_t size = 0; size < std::min<std::size_t>(out.size(), 300); ++size) {
      byte_reader cut(out.view().substr(0, size));
      auto broken = b.make_empty();
      BOOST_CHECK_THROW(broken->decode(cut), format_error);
    }
  };
  for (auto timed_rows : {false, true})
    for (auto hashed : {false, true}) {
      auto b_owner = numbers(20, timed_rows, hashed);
      auto& b = *b_owner;
      check(b);
    }
  typed_batch<std::string> texts;
  for (int i = 0; i < 3000; ++i) texts.push_back("text " + std::to_string(i), i);
  check(texts);
}

BOOST_AUTO_TEST_CASE(knows_its_type) {
  typed_batch<int> b;
  BOOST_CHECK(b.type() == element_type_of<int>());
  BOOST_CHECK(!(b.type() == element_type_of<long>()));
  BOOST_CHECK_EQUAL(element_type_of<std::string>().name(), "std::string");
  BOOST_CHECK_EQUAL(element_type_of<int>().schema(), "i32");
  BOOST_CHECK_EQUAL(element_type_of<int>().make_batch()->size(), 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
