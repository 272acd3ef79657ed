#include "sluice/ops/reduce.hpp"

#include "support/operator_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

namespace {

using namespace sluice;
using namespace sluice::testing;

/// Key, value, and something that tells records apart.
struct record {
  std::string key;
  int value = 0;
  int id = 0;
};

/// A record of numbers only, which operators treat in a faster way.
struct plain {
  std::uint64_t key = 0;
  std::int64_t value = 0;
};

auto key_of = [](const record& r) -> const std::string& { return r.key; };

template <class T, class KeyF, class Fold>
operator_factory rolling(KeyF key, Fold fold) {
  return [=] { return std::make_unique<ops::rolling_operator<T, KeyF, Fold>>(key, fold); };
}

template <class Fold>
operator_factory rolling(Fold fold) {
  return rolling<record>(key_of, fold);
}

using value_field = int record::*;

operator_factory sums() { return rolling(ops::sum_fold<record, value_field>{&record::value}); }

template <bool Max, bool Whole>
operator_factory extremes() {
  return rolling(ops::extreme_fold<record, value_field, Max, Whole>{&record::value});
}

const std::vector<record> some = {{"a", 5, 1}, {"b", 1, 2}, {"a", 3, 3}, {"a", 9, 4}, {"b", 1, 5}};

BOOST_AUTO_TEST_SUITE(rolling_aggregation)

BOOST_AUTO_TEST_CASE(reduce_emits_the_result_so_far_for_each_record) {
  auto f = [](const record& x, const record& y) {
    return record{x.key, x.value * 10 + y.value, x.id + y.id};
  };
  operator_harness<record> h(rolling(ops::reduce_fold<record, decltype(f)>{f}));
  h.feed(some);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 5, 1) (b, 1, 2) (a, 53, 4) (a, 539, 8) (b, 11, 7)");
}

BOOST_AUTO_TEST_CASE(sum_keeps_the_other_fields_of_the_first_record) {
  operator_harness<record> h(sums());
  h.feed(some);
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 5, 1) (b, 1, 2) (a, 8, 1) (a, 17, 1) (b, 2, 2)");
}

BOOST_AUTO_TEST_CASE(min_and_max_change_the_field_only) {
  operator_harness<record> least(extremes<false, false>());
  least.feed(some);
  BOOST_CHECK_EQUAL(least.out.take(), "(a, 5, 1) (b, 1, 2) (a, 3, 1) (a, 3, 1) (b, 1, 2)");
  operator_harness<record> most(extremes<true, false>());
  most.feed(some);
  BOOST_CHECK_EQUAL(most.out.take(), "(a, 5, 1) (b, 1, 2) (a, 5, 1) (a, 9, 1) (b, 1, 2)");
}

BOOST_AUTO_TEST_CASE(min_by_and_max_by_give_the_first_record_with_the_extreme) {
  operator_harness<record> least(extremes<false, true>());
  least.feed(some);
  BOOST_CHECK_EQUAL(least.out.take(), "(a, 5, 1) (b, 1, 2) (a, 3, 3) (a, 3, 3) (b, 1, 2)");
  operator_harness<record> most(extremes<true, true>());
  most.feed(some);
  BOOST_CHECK_EQUAL(most.out.take(), "(a, 5, 1) (b, 1, 2) (a, 5, 1) (a, 9, 4) (b, 1, 2)");
}

BOOST_AUTO_TEST_CASE(results_have_the_timestamps_of_the_records) {
  operator_harness<record> h(sums());
  h.feed_timed<record>({{{"a", 1, 1}, 10}, {{"a", 2, 2}, 5}});
  h.feed<record>({{"a", 3, 3}});
  BOOST_CHECK_EQUAL(h.out.take(), "(a, 1, 1)@10 (a, 3, 1)@5 (a, 6, 1)");
}

BOOST_AUTO_TEST_CASE(batch_mode_gives_each_key_once_at_the_end) {
  operator_harness<record> h(sums(), {.mode = execution_mode::batch});
  h.feed(some);
  BOOST_CHECK_EQUAL(h.out.take(), "");
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.take_sorted(), "(a, 17, 1) (b, 2, 2)");
}

// Entries move when tables grow, and what remembers where they were must not outlive that; past
// some size nothing is remembered any more.
BOOST_AUTO_TEST_CASE(sums_stay_right_while_tables_grow) {
  auto key = [](const plain& p) { return p.key; };
  auto field = &plain::value;
  operator_harness<plain> h(rolling<plain>(key, ops::sum_fold<plain, decltype(field)>{field}));
  std::map<std::uint64_t, std::int64_t> expected;
  std::uint64_t n = 0;
  for (std::uint64_t keys : {3, 100, 1'000, 1'001, 3'000, 20'000, 50}) {
    for (int round = 0; round < 12; ++round) {
      std::vector<plain> records;
      std::string sums;
      for (int i = 0; i < 500; ++i, ++n) {
        plain record{n * n % keys, static_cast<std::int64_t>(n)};
        records.push_back(record);
        auto sum = expected[record.key] += record.value;
        sums += (i == 0 ? "" : " ") + to_text(plain{record.key, sum});
      }
      h.feed(std::move(records));
      BOOST_REQUIRE_EQUAL(h.out.take(), sums);
    }
  }
}

BOOST_AUTO_TEST_CASE(plain_records_give_the_same_in_both_modes) {
  auto key = [](const plain& p) { return p.key; };
  auto field = &plain::value;
  auto make = rolling<plain>(key, ops::sum_fold<plain, decltype(field)>{field});
  operator_harness<plain> streaming(make);
  operator_harness<plain> batch(make, {.mode = execution_mode::batch});
  for (auto* h : {&streaming, &batch}) {
    h->feed<plain>({{1, 10}, {2, 5}, {1, 1}});
    h->feed<plain>({{2, 5}});
    h->end_of_input();
  }
  BOOST_CHECK_EQUAL(streaming.out.take(), "(1, 10) (2, 5) (1, 11) (2, 10)");
  BOOST_CHECK_EQUAL(batch.out.take_sorted(), "(1, 11) (2, 10)");
}

BOOST_AUTO_TEST_CASE(many_keys_are_kept_apart) {
  auto key = [](const plain& p) { return p.key; };
  auto field = &plain::value;
  auto make = rolling<plain>(key, ops::sum_fold<plain, decltype(field)>{field});
  operator_harness<plain> h(make, {.mode = execution_mode::batch});
  for (int round = 0; round < 3; ++round) {
    std::vector<plain> records;
    for (std::uint64_t k = 0; k < 50'000; ++k) records.push_back({k, static_cast<std::int64_t>(k)});
    h.feed(records);
  }
  h.end_of_input();
  BOOST_CHECK_EQUAL(h.out.records.size(), 50'000u);
  for (auto& r : h.out.records)
    BOOST_REQUIRE_EQUAL(r.value.value, 3 * static_cast<std::int64_t>(r.value.key));
}

BOOST_AUTO_TEST_CASE(state_is_restored_with_another_parallelism) {
  auto written = [&] {
    operator_harness<record> before(sums());
    before.feed(some);
    return before.snapshot();
  }();
  std::vector<std::string> all;
  for (std::uint32_t i = 0; i < 3; ++i) {
    harness_options o{.subtask = i, .parallelism = 3};
    operator_harness<record> after(sums(), written, o);
    for (auto& r : some) {
      auto group = key_group_of(stable_hash(r.key), o.max_parallelism);
      if (subtask_of(group, o.max_parallelism, 3) == i) after.feed<record>({r});
    }
    for (auto& r : after.out.records) all.push_back(to_text(r));
  }
  std::sort(all.begin(), all.end());
  BOOST_CHECK_EQUAL(to_text(all), "[(a, 22, 1), (a, 25, 1), (a, 34, 1), (b, 3, 2), (b, 4, 2)]");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
