#include "sluice/ops/finish_in_parts.hpp"
#include "support/table_operator_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <tuple>

namespace {

using namespace sluice;
using namespace sluice::table;
using namespace sluice::testing;

constexpr harness_options batch_mode{execution_mode::batch};

group_aggregate_spec several_calls(const char* key) {
  group_aggregate_spec spec;
  spec.input = types_of({key, "BIGINT", "STRING", "BOOLEAN"});
  spec.keys = {0};
  spec.calls = {call_of("SUM", spec.input, {1}), call_of("COUNT", spec.input, {}),
                call_of("AVG", spec.input, {1}), call_of("MAX", spec.input, {2})};
  spec.calls[1].filter = 3;
  return spec;
}

/// Both phases of one subtask, connected, against the one-phase operator.
void compare(const group_aggregate_spec& spec, const std::vector<std::vector<std::string>>& batches,
             bool expect_partials) {
  for (auto mode : {execution_mode::batch, execution_mode::streaming}) {
    harness_options options{mode};
    table_harness one(make_group_aggregate(spec, {}), spec.input, options);
    table_harness global(make_global_aggregate(spec, {}), spec.input, options);
    table_harness local(make_local_aggregate(spec, {}), spec.input, options);
    local.out.forward = &global.op();
    local.side.forward = &global.op();
    local.side.forward_input = 1;
    for (const auto& rows : batches) {
      one.feed(rows);
      local.feed(rows);
    }
    one.end_of_input();
    local.end_of_input();
    global.end_of_input();
    BOOST_TEST(local.side.rows.empty() == !expect_partials);
    if (mode == execution_mode::batch) {
      BOOST_TEST(global.out.take_sorted() == one.out.take_sorted());
      continue;
    }
    // The last row of each key is the same.
    auto last = [](const std::vector<std::string>& rows) {
      std::map<std::string, std::string> result;
      for (const auto& r : rows)
        if (r[0] == '+') result[r.substr(3, r.find(',') - 3)] = r.substr(2);
      return result;
    };
    BOOST_TEST((last(global.out.rows) == last(one.out.rows)));
  }
}

std::vector<std::vector<std::string>> random_rows(std::size_t batches, unsigned keys, unsigned step,
                                                  const std::string& prefix) {
  std::mt19937 random(keys);
  std::vector<std::vector<std::string>> result(batches);
  for (auto& rows : result)
    for (int i = 0; i < 1000; ++i) {
      auto key = random() % keys;
      auto text = key == 0 ? std::string("null") : prefix + std::to_string(key * step);
      rows.push_back(text + "|" + std::to_string(random() % 100) + "|text "
                     + std::to_string(random() % 1000) + "|"
                     + (random() % 3 == 0 ? "null" : (random() % 2 == 0 ? "true" : "false")));
    }
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(two_phase_aggregate_suite)

BOOST_AUTO_TEST_CASE(small_integer_keys) {
  compare(several_calls("BIGINT"), random_rows(5, 50, 1, ""), true);
  compare(several_calls("INT"), random_rows(5, 50, 3, "-"), true);
  compare(several_calls("TINYINT"), random_rows(5, 100, 1, ""), true);
}

BOOST_AUTO_TEST_CASE(integer_keys_far_apart) {
  compare(several_calls("BIGINT"), random_rows(5, 50, 1'000'000, ""), true);
}

BOOST_AUTO_TEST_CASE(integer_keys_that_spread_while_they_come) {
  auto batches = random_rows(2, 50, 1, "");
  for (auto& more : random_rows(2, 500, 5, "-")) batches.push_back(more);
  for (auto& more : random_rows(2, 500, 5000, "")) batches.push_back(more);
  compare(several_calls("BIGINT"), batches, true);
}

BOOST_AUTO_TEST_CASE(integer_keys_over_a_range_larger_than_the_cache) {
  compare(several_calls("BIGINT"), random_rows(40, 60'000, 1, "-"), true);
  auto sums = several_calls("INT"); // whose states are handed over as they lie in memory
  sums.calls.pop_back();
  compare(sums, random_rows(40, 60'000, 1, ""), true);
}

BOOST_AUTO_TEST_CASE(keys_that_repeat_late_are_added_up_and_those_that_never_do_are_sent_on) {
  group_aggregate_spec spec;
  spec.input = types_of({"BIGINT", "BIGINT"});
  spec.keys = {0};
  spec.calls = {call_of("COUNT", spec.input, {})};
  auto run = [&](auto next_key) {
    table_harness local(make_local_aggregate(spec, {}), spec.input, batch_mode);
    for (int i = 0; i < 500; ++i) {
      columnar_batch b(spec.input);
      for (int k = 0; k < 2048; ++k) {
        b.writable(0).append<std::int64_t>(next_key());
        b.writable(1).append<std::int64_t>(1);
      }
      b.set_rows(2048);
      local.op().process(b, 0);
    }
    local.end_of_input();
    return std::pair(local.out.rows.size(), local.side.rows.size());
  };
  std::mt19937 random(3);
  auto [rows, partials] = run([&] { return static_cast<std::int64_t>(random() % 300'000); });
  BOOST_TEST(rows == 0u);
  BOOST_TEST(partials > 270'000u);
  BOOST_TEST(partials <= 300'000u);
  // Of these it has seen most, but not often, when it looks first.
  std::tie(rows, partials) = run([&] { return static_cast<std::int64_t>(random() % 100'000); });
  BOOST_TEST(rows == 0u);
  BOOST_TEST(partials > 99'900u);
  BOOST_TEST(partials <= 100'000u);
  std::int64_t next = 0;
  std::tie(rows, partials) = run([&] { return next++; });
  BOOST_TEST(rows > 600'000u);
}

BOOST_AUTO_TEST_CASE(many_groups_are_sent_in_parts) {
  constexpr std::int64_t keys = 20'000;
  auto spec = several_calls("BIGINT");
  spec.calls.pop_back();
  table_harness global(make_global_aggregate(spec, {}), spec.input, batch_mode);
  table_harness local(make_local_aggregate(spec, {}), spec.input, batch_mode);
  local.side.forward = &global.op();
  local.side.forward_input = 1;
  for (std::int64_t round = 0; round < 8; ++round) // so often that it does not give up
    for (std::int64_t key = 0; key < keys; key += 2000) {
      columnar_batch b(spec.input);
      for (std::int64_t i = 0; i < 2000; ++i) {
        b.writable(0).append(key + i);
        b.writable(1).append(round);
        b.writable(2).append_text("x");
        b.writable(3).append(std::uint8_t{1});
      }
      b.set_rows(2000);
      local.op().process(b, 0);
    }
  auto& parts = dynamic_cast<finishes_in_parts&>(local.op());
  std::size_t total = 0;
  for (bool last = false; !last;) {
    last = parts.finish_part();
    BOOST_TEST(local.side.rows.size() <= default_batch_rows);
    total += local.side.take_rows().size();
  }
  BOOST_TEST(total == static_cast<std::size_t>(keys));
  BOOST_TEST(local.out.rows.empty());
  global.end_of_input();
  auto groups = global.out.take_rows();
  BOOST_TEST(groups.size() == static_cast<std::size_t>(keys));
  for (const auto& g : groups) // each key came in each round
    if (!g.ends_with(", 28, 8, 3]")) BOOST_ERROR(g);
}

BOOST_AUTO_TEST_CASE(text_keys) {
  compare(several_calls("STRING"), random_rows(5, 50, 1, "a key that is long "), true);
}

BOOST_AUTO_TEST_CASE(no_keys) {
  auto spec = several_calls("BIGINT");
  spec.keys = {};
  harness_options options{execution_mode::batch};
  table_harness global(make_global_aggregate(spec, {}), spec.input, options);
  table_harness local(make_local_aggregate(spec, {}), spec.input, options);
  local.side.forward = &global.op();
  local.side.forward_input = 1;
  local.feed({"1|10|a|true", "2|20|c|false"});
  local.feed({"1|30|b|true"});
  local.end_of_input();
  BOOST_TEST(local.side.rows.size() == 1u);
  global.end_of_input();
  BOOST_TEST(global.out.take() == "+I[60, 2, 20, c]");
}

BOOST_AUTO_TEST_CASE(streaming_nothing_stays_behind) {
  auto spec = several_calls("BIGINT");
  table_harness local(make_local_aggregate(spec, {}), spec.input);
  local.feed({"1|10|a|true", "1|20|c|false"});
  BOOST_TEST(local.side.rows.size() == 1u);
  BOOST_TEST(local.out.rows.empty());
}

BOOST_AUTO_TEST_CASE(it_gives_up_while_keys_hardly_repeat_and_tries_again) {
  auto spec = several_calls("BIGINT");
  table_harness local(make_local_aggregate(spec, {}), spec.input, batch_mode);
  auto feed = [&](std::size_t rows, std::int64_t distance) {
    static std::int64_t next = 0;
    columnar_batch b(spec.input);
    for (std::size_t i = 0; i < rows; ++i) {
      b.writable(0).append(next);
      next += distance;
      b.writable(1).append(std::int64_t{1});
      b.writable(2).append_text("x");
      b.writable(3).append(std::uint8_t{1});
    }
    b.set_rows(rows);
    local.op().process(b, 0);
  };
  for (int i = 0; i < 100; ++i) feed(2048, 1'000'003);
  BOOST_TEST(local.out.rows.size() > 60'000u);
  local.out.take();
  local.side.take();
  // By now the keys are the same; it finds out after some millions of rows.
  for (int i = 0; i < 2100; ++i) {
    feed(2048, 0);
    local.out.rows.clear();
  }
  for (int i = 0; i < 100; ++i) feed(2048, 0);
  BOOST_TEST(local.out.rows.empty());
  local.end_of_input();
  BOOST_TEST(local.side.rows.size() == 1u);
}

BOOST_AUTO_TEST_CASE(rows_that_may_be_taken_back_go_one_way) {
  auto spec = several_calls("BIGINT");
  spec.input_retracts = true;
  table_harness local(make_local_aggregate(spec, {}), spec.input);
  local.feed({"1|10|a|true", "-D 1|10|a|true"});
  BOOST_TEST(local.out.take() == "+I[1, 10, a, true] -D[1, 10, a, true]");
  BOOST_TEST(local.side.rows.empty());
}

BOOST_AUTO_TEST_CASE(partial_results_have_the_types_they_are_said_to_have) {
  auto sums = several_calls("BIGINT");
  sums.calls.pop_back(); // MAX of texts, whose states are no plain memory
  for (auto mode : {execution_mode::batch, execution_mode::streaming})
    for (const auto& spec : {several_calls("BIGINT"), sums}) {
      struct types_receiver final : batch_receiver {
        void receive(batch& b) override { types = as_columnar(b).types(); }
        void receive_watermark(timestamp, bool) override {}
        void receive_status(bool) override {}
        std::vector<data_type> types;
      } side;
      table_harness local(make_local_aggregate(spec, {}), spec.input, {mode});
      local.op().ports()[1].add(&side);
      local.feed({"1|10|a|true", "2|20|c|false"});
      local.end_of_input();
      BOOST_TEST((side.types == partial_types(spec, mode)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
