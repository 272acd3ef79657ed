#include "support/changelog_tables.hpp"
#include "support/table_operator_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace {

using namespace sluice;
using namespace sluice::table;
using namespace sluice::testing;

const std::vector<data_type> name_and_number = types_of({"STRING", "BIGINT"});

/// SUM(number), COUNT(*) by name.
group_aggregate_spec sum_and_count(bool retracts = false) {
  group_aggregate_spec spec;
  spec.input = name_and_number;
  spec.keys = {0};
  spec.calls = {call_of("SUM", spec.input, {1}, retracts), call_of("COUNT", spec.input, {})};
  spec.input_retracts = retracts;
  return spec;
}

/// The rows that a changelog leaves, sorted: those of groups differ.
std::vector<std::string> materialized(const std::vector<std::string>& changes) {
  materialized_rows table;
  table.apply(changes);
  std::vector<std::string> rows;
  for (const auto& [row, count] : table.rows) rows.push_back(row);
  return rows;
}

/// SUM, COUNT(*), MAX and COUNT(DISTINCT) of each group, sorted.
std::vector<std::string> expected_of(const std::map<std::string, std::vector<int>>& model) {
  std::vector<std::string> rows;
  for (const auto& [key, values] : model) {
    if (values.empty()) continue;
    rows.push_back("[" + key + ", "
                   + std::to_string(std::accumulate(values.begin(), values.end(), 0)) + ", "
                   + std::to_string(values.size()) + ", "
                   + std::to_string(*std::max_element(values.begin(), values.end())) + ", "
                   + std::to_string(std::set<int>(values.begin(), values.end()).size()) + "]");
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

constexpr harness_options batch_mode{execution_mode::batch};

} // namespace

BOOST_AUTO_TEST_SUITE(group_aggregate_suite)

BOOST_AUTO_TEST_CASE(streaming_each_row_has_its_change_in_the_order_of_the_rows) {
  table_harness h(make_group_aggregate(sum_and_count(), {}), name_and_number);
  h.feed({"a|1", "b|2", "a|3", "a|4"});
  BOOST_TEST(h.out.take()
             == "+I[a, 1, 1] +I[b, 2, 1] -U[a, 1, 1] +U[a, 4, 2] -U[a, 4, 2] +U[a, 8, 3]");
  h.feed({"b|5"});
  BOOST_TEST(h.out.take() == "-U[b, 2, 1] +U[b, 7, 2]");
}

BOOST_AUTO_TEST_CASE(streaming_without_update_before_there_is_the_new_row_only) {
  auto spec = sum_and_count(true);
  spec.emits_update_before = false;
  table_harness h(make_group_aggregate(spec, {}), name_and_number);
  h.feed({"a|1", "a|3", "-D a|1", "-D a|3"});
  BOOST_TEST(h.out.take() == "+I[a, 1, 1] +U[a, 4, 2] +U[a, 3, 1] -D[a, 3, 1]");
}

BOOST_AUTO_TEST_CASE(streaming_updates_that_change_nothing_are_left_out) {
  auto spec = sum_and_count();
  spec.calls = {call_of("MAX", spec.input, {1})};
  table_harness h(make_group_aggregate(spec, {}), name_and_number);
  h.feed({"a|5", "a|3", "a|7", "a|null"});
  BOOST_TEST(h.out.take() == "+I[a, 5] -U[a, 5] +U[a, 7]");
}

BOOST_AUTO_TEST_CASE(streaming_with_a_ttl_they_are_sent_so_that_others_keep_the_row_as_well) {
  auto spec = sum_and_count();
  spec.calls = {call_of("MAX", spec.input, {1})};
  operator_settings settings;
  settings.state_ttl = std::chrono::seconds(10);
  table_harness h(make_group_aggregate(spec, settings), name_and_number);
  h.feed({"a|5", "a|3"});
  BOOST_TEST(h.out.take() == "+I[a, 5] -U[a, 5] +U[a, 5]");
}

BOOST_AUTO_TEST_CASE(streaming_groups_without_rows_end) {
  table_harness h(make_group_aggregate(sum_and_count(true), {}), name_and_number);
  h.feed({"a|1", "-D a|1"});
  BOOST_TEST(h.out.take() == "+I[a, 1, 1] -D[a, 1, 1]");
  h.feed({"-U a|9", "+U a|2"}); // what is not there cannot be taken back
  BOOST_TEST(h.out.take() == "+I[a, 2, 1]");
  h.feed({"-U a|2", "+U a|2", "+I a|3"}); // a group that ends and begins in one batch
  BOOST_TEST(h.out.take() == "-D[a, 2, 1] +I[a, 2, 1] -U[a, 2, 1] +U[a, 5, 2]");
}

BOOST_AUTO_TEST_CASE(streaming_min_and_max_find_the_next_value_when_the_best_goes) {
  auto spec = sum_and_count(true);
  spec.calls = {call_of("MIN", spec.input, {1}, true), call_of("MAX", spec.input, {1}, true)};
  table_harness h(make_group_aggregate(spec, {}), name_and_number);
  h.feed({"a|1", "a|2", "a|3"});
  h.out.take();
  h.feed({"-D a|3", "-D a|1"});
  BOOST_TEST(h.out.take() == "-U[a, 1, 3] +U[a, 1, 2] -U[a, 1, 2] +U[a, 2, 2]");
}

BOOST_AUTO_TEST_CASE(streaming_null_is_a_key_of_its_own) {
  table_harness h(make_group_aggregate(sum_and_count(), {}), name_and_number);
  h.feed({"null|1", "|2", "null|3"});
  BOOST_TEST(h.out.take() == "+I[null, 1, 1] +I[, 2, 1] -U[null, 1, 1] +U[null, 4, 2]");
}

BOOST_AUTO_TEST_CASE(streaming_without_keys_no_input_makes_no_row) {
  auto spec = sum_and_count();
  spec.keys = {};
  table_harness h(make_group_aggregate(spec, {}), name_and_number);
  h.end_of_input();
  BOOST_TEST(h.out.take() == "");
  h.feed({"a|1", "b|2"});
  BOOST_TEST(h.out.take() == "+I[1, 1] -U[1, 1] +U[3, 2]");
}

BOOST_AUTO_TEST_CASE(batch_results_come_once_at_the_end) {
  table_harness h(make_group_aggregate(sum_and_count(), {}), name_and_number, batch_mode);
  h.feed({"a|1", "b|2", "a|3"});
  h.feed({"a|4", "null|null"});
  BOOST_TEST(h.out.take() == "");
  h.end_of_input();
  BOOST_TEST(h.out.take_sorted() == "+I[a, 8, 3] +I[b, 2, 1] +I[null, null, 1]");
}

BOOST_AUTO_TEST_CASE(batch_without_keys_there_is_one_row_even_of_no_input) {
  auto spec = sum_and_count();
  spec.keys = {};
  table_harness none(make_group_aggregate(spec, {}), name_and_number, batch_mode);
  none.end_of_input();
  BOOST_TEST(none.out.take() == "+I[null, 0]");
  table_harness some(make_group_aggregate(spec, {}), name_and_number, batch_mode);
  some.feed({"a|1", "b|2"});
  some.end_of_input();
  BOOST_TEST(some.out.take() == "+I[3, 2]");
}

BOOST_AUTO_TEST_CASE(batch_takes_rows_back) {
  table_harness h(make_group_aggregate(sum_and_count(true), {}), name_and_number, batch_mode);
  h.feed({"a|1", "b|2", "-D a|1", "c|1", "-U c|1", "+U c|5"});
  h.end_of_input();
  BOOST_TEST(h.out.take_sorted() == "+I[b, 2, 1] +I[c, 5, 1]");
}

BOOST_AUTO_TEST_CASE(batch_keys_are_forgotten_restored_and_finished_in_parts) {
  auto make = make_group_aggregate(sum_and_count(), {});
  table_harness h(make, name_and_number, batch_mode);
  h.feed({"a|1", "b|2"});
  auto spilled = h.snapshot();
  h.op().forget_keys();
  h.op().finish_keys();
  BOOST_TEST(h.out.take() == ""); // they were forgotten
  h.restore(spilled, batch_mode);
  h.feed({"a|10"});
  h.op().finish_keys();
  BOOST_TEST(h.out.take_sorted() == "+I[a, 11, 2] +I[b, 2, 1]");
  h.feed({"z|1"});
  h.op().finish_keys();
  BOOST_TEST(h.out.take() == "+I[z, 1, 1]");
  h.op().finish();
  BOOST_TEST(h.out.take() == "");
}

BOOST_AUTO_TEST_CASE(filters_choose_the_rows_of_a_call) {
  auto input = types_of({"STRING", "BIGINT", "BOOLEAN"});
  group_aggregate_spec spec;
  spec.input = input;
  spec.keys = {0};
  spec.calls = {call_of("SUM", input, {1}, true), call_of("COUNT", input, {}, true)};
  spec.calls[0].filter = 2;
  spec.input_retracts = true;
  table_harness h(make_group_aggregate(spec, {}), input);
  h.feed({"a|1|true", "a|2|false", "a|4|null", "a|8|true", "-D a|8|true", "-D a|2|false"});
  BOOST_TEST(h.out.take()
             == "+I[a, 1, 1] -U[a, 1, 1] +U[a, 1, 2] -U[a, 1, 2] +U[a, 1, 3] -U[a, 1, 3] "
                "+U[a, 9, 4] -U[a, 9, 4] +U[a, 1, 3] -U[a, 1, 3] +U[a, 1, 2]");
}

BOOST_AUTO_TEST_CASE(distinct_values_count_once_with_each_filter_and_go_with_their_last_row) {
  auto input = types_of({"STRING", "BIGINT", "BOOLEAN"});
  for (bool streaming : {true, false}) {
    group_aggregate_spec spec;
    spec.input = input;
    spec.keys = {0};
    spec.calls = {call_of("COUNT", input, {1}, true), call_of("SUM", input, {1}, true),
                  call_of("COUNT", input, {1}, true)};
    for (auto& c : spec.calls) c.distinct = true;
    spec.calls[2].filter = 2;
    spec.input_retracts = true;
    table_harness h(make_group_aggregate(spec, {}), input,
                    streaming ? harness_options{} : batch_mode);
    h.feed({"a|5|false", "a|5|true", "a|5|true", "a|7|false", "b|5|false", "a|null|true"});
    h.feed({"-D a|5|true", "-D a|7|false"});
    if (!streaming) {
      h.end_of_input();
      BOOST_TEST(h.out.take_sorted() == "+I[a, 1, 5, 1] +I[b, 1, 5, 0]");
      continue;
    }
    BOOST_TEST(h.out.take()
               == "+I[a, 1, 5, 0] -U[a, 1, 5, 0] +U[a, 1, 5, 1] -U[a, 1, 5, 1] +U[a, 2, 12, 1] "
                  "+I[b, 1, 5, 0] -U[a, 2, 12, 1] +U[a, 1, 5, 1]");
    h.feed({"-D a|5|true", "-D a|5|false"});
    BOOST_TEST(h.out.take() == "-U[a, 1, 5, 1] +U[a, 1, 5, 0] -U[a, 1, 5, 0] +U[a, 0, null, 0]");
  }
}

BOOST_AUTO_TEST_CASE(groups_and_distinct_values_survive_a_restore_at_another_parallelism) {
  auto spec = sum_and_count(true);
  spec.calls.push_back(call_of("COUNT", spec.input, {1}, true));
  spec.calls.back().distinct = true;
  auto make = make_group_aggregate(spec, {});
  std::vector<std::string> first;
  std::vector<std::string> second;
  for (int i = 0; i < 300; ++i) {
    first.push_back("k" + std::to_string(i % 50) + "|" + std::to_string(i % 7));
    second.push_back("k" + std::to_string(i % 60) + "|" + std::to_string(i % 5));
  }
  table_harness whole(make, spec.input);
  whole.feed(first);
  auto snapshot = whole.snapshot();
  whole.out.take();
  whole.feed(second);
  auto expected = whole.out.rows;
  std::vector<std::string> got;
  for (std::uint32_t p = 0; p < 3; ++p) {
    harness_options options{execution_mode::streaming, p, 3};
    table_harness part(make, spec.input, snapshot, options);
    part.feed_own(second, {0});
    got.insert(got.end(), part.out.rows.begin(), part.out.rows.end());
  }
  std::sort(expected.begin(), expected.end());
  std::sort(got.begin(), got.end());
  BOOST_TEST(got == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_restore_into_other_aggregates_is_refused) {
  table_harness h(make_group_aggregate(sum_and_count(), {}), name_and_number);
  h.feed({"a|1"});
  auto snapshot = h.snapshot();
  auto other = sum_and_count();
  other.calls.pop_back();
  table_harness to(make_group_aggregate(other, {}), name_and_number);
  BOOST_CHECK_THROW(to.restore(snapshot), state_error);
}

BOOST_AUTO_TEST_CASE(mini_batch_collapses_the_changes_of_a_group) {
  auto spec = sum_and_count(true);
  spec.batching = {4, std::chrono::seconds(1)};
  table_harness h(make_group_aggregate(spec, {}), name_and_number);
  h.feed({"a|1", "a|2", "b|1"});
  BOOST_TEST(h.out.take() == "");
  h.feed({"a|3"});
  BOOST_TEST(h.out.take_sorted() == "+I[a, 6, 3] +I[b, 1, 1]");
  h.feed({"a|4", "-D b|1", "c|1", "-D c|1"});
  BOOST_TEST(h.out.take_sorted() == "+U[a, 10, 4] -D[b, 1, 1] -U[a, 6, 3]");
  h.feed({"a|5", "-D a|5"});
  h.watermark(0);
  BOOST_TEST(h.out.take() == ""); // the result is the same
}

BOOST_AUTO_TEST_CASE(mini_batch_waits_no_longer_than_its_latency_and_the_watermark) {
  auto spec = sum_and_count();
  spec.batching = {100, std::chrono::milliseconds(5)};
  table_harness h(make_group_aggregate(spec, {}), name_and_number);
  h.processing_time(1000);
  h.feed({"a|1"});
  h.processing_time(5999);
  BOOST_TEST(h.out.take() == "");
  h.processing_time(6000);
  BOOST_TEST(h.out.take() == "+I[a, 1, 1]");
  h.feed({"a|1"});
  h.watermark(5);
  BOOST_TEST(h.out.take() == "-U[a, 1, 1] +U[a, 2, 2]");
  h.feed({"b|1"});
  h.op().finish();
  BOOST_TEST(h.out.take() == "+I[b, 1, 1]");
}

BOOST_AUTO_TEST_CASE(mini_batch_what_is_due_at_a_barrier_is_due_after_the_restore) {
  auto spec = sum_and_count(true);
  spec.batching = {100, std::chrono::seconds(1)};
  auto make = make_group_aggregate(spec, {});
  table_harness h(make, name_and_number);
  h.feed({"a|1", "b|1", "d|1"});
  h.watermark(0);
  h.out.take();
  h.feed({"a|2", "-D b|1", "c|7"});
  auto snapshot = h.snapshot();
  std::string all;
  for (std::uint32_t p = 0; p < 2; ++p) {
    table_harness part(make, name_and_number, snapshot,
                       harness_options{execution_mode::streaming, p, 2});
    part.watermark(1);
    auto text = part.out.take_sorted();
    all += (all.empty() || text.empty() ? "" : " ") + text;
  }
  for (const auto* change : {"-U[a, 1, 1]", "+U[a, 3, 2]", "-D[b, 1, 1]", "+I[c, 7, 1]"})
    BOOST_TEST(all.find(change) != std::string::npos, change);
  BOOST_TEST(all.find("[d") == std::string::npos);
  // The first job goes on as if nothing had been.
  h.watermark(1);
  BOOST_TEST(h.out.take_sorted() == "+I[c, 7, 1] +U[a, 3, 2] -D[b, 1, 1] -U[a, 1, 1]");
}

BOOST_AUTO_TEST_CASE(state_of_groups_that_are_not_touched_is_forgotten) {
  operator_settings settings;
  settings.state_ttl = std::chrono::seconds(10);
  table_harness h(make_group_aggregate(sum_and_count(), settings), name_and_number);
  h.feed({"a|1", "b|1"});
  h.processing_time(6'000'000);
  h.feed({"b|1"});
  h.out.take();
  h.processing_time(12'000'000);
  h.feed({"a|1", "b|1"});
  BOOST_TEST(h.out.take() == "+I[a, 1, 1] -U[b, 2, 2] +U[b, 3, 3]");
  h.processing_time(60'000'000);
  BOOST_TEST(h.op().states().snapshot().size() == 1u);
  auto left = h.snapshot();
  BOOST_TEST(left.states()[0].groups.empty());
  BOOST_TEST(h.out.take() == "");
}

BOOST_AUTO_TEST_CASE(random_changelogs_add_up_to_what_a_map_says) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    std::mt19937 random(seed);
    auto spec = sum_and_count(true);
    spec.calls.push_back(call_of("MAX", spec.input, {1}, true));
    spec.calls.push_back(call_of("COUNT", spec.input, {1}, true));
    spec.calls.back().distinct = true;
    if (seed % 3 == 0) spec.batching = {500, duration{0}};
    table_harness h(make_group_aggregate(spec, {}), spec.input);
    std::map<std::string, std::vector<int>> model;
    for (int round = 0; round < 30; ++round) {
      std::vector<std::string> rows;
      for (auto n = random() % 300; n > 0; --n) {
        auto key = "k" + std::to_string(random() % 20);
        auto& values = model[key];
        if (!values.empty() && random() % 2 == 0) {
          auto at = values.begin() + static_cast<std::ptrdiff_t>(random() % values.size());
          rows.push_back("-D " + key + "|" + std::to_string(*at));
          values.erase(at);
        } else {
          values.push_back(static_cast<int>(random() % 10));
          rows.push_back(key + "|" + std::to_string(values.back()));
        }
      }
      h.feed(rows);
    }
    h.watermark(0);
    BOOST_TEST(materialized(h.out.rows) == expected_of(model), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()
