#include "unit/table/ops/join_support.hpp"

#include "sluice/core/key_group.hpp"
#include "sluice/table/column/key.hpp"

namespace sluice::table::test {

namespace {

constexpr testing::harness_options batch_mode{execution_mode::batch, 0, 1, 16};

std::vector<test_row> random_rows(std::mt19937& random, int count, int keys) {
  std::vector<test_row> rows;
  for (int i = 0; i < count; ++i)
    rows.push_back({cell(i), random_cell(random, keys, 10), random_cell(random, 50)});
  return rows;
}

std::vector<std::string> lines_of(const std::vector<test_row>& rows) {
  std::vector<std::string> texts;
  for (const auto& r : rows) texts.push_back(fields_of(r));
  return texts;
}

std::map<std::string, int> table_of(const std::vector<std::string>& changes) {
  testing::materialized_rows result;
  result.apply(changes);
  return result.rows;
}

/// Feeds both sides in turn, in pieces.
void feed_all(table_harness& h, const std::vector<test_row> (&sides)[2], std::size_t piece) {
  std::size_t done[2] = {0, 0};
  while (done[0] < sides[0].size() || done[1] < sides[1].size())
    for (std::uint32_t s = 0; s < 2; ++s) {
      auto end = std::min(sides[s].size(), done[s] + piece);
      std::vector<test_row> part(sides[s].begin() + static_cast<std::ptrdiff_t>(done[s]),
                                 sides[s].begin() + static_cast<std::ptrdiff_t>(end));
      if (!part.empty()) h.feed(lines_of(part), s);
      done[s] = end;
    }
}

std::vector<join_case> all_cases() {
  std::vector<join_case> cases;
  for (auto type : all_join_types)
    for (bool condition : {false, true})
      for (bool build_left : {false, true})
        for (int kind = 0; kind < 3; ++kind) {
          join_case c;
          c.type = type;
          c.condition = condition;
          c.build_left = build_left;
          c.null_safe = kind == 1;
          c.cross = kind == 2;
          cases.push_back(c);
        }
  for (bool condition : {false, true}) {
    join_case c;
    c.type = join_type::anti;
    c.null_aware = true;
    c.condition = condition;
    cases.push_back(c);
  }
  return cases;
}

} // namespace

BOOST_AUTO_TEST_SUITE(hash_joins)

BOOST_AUTO_TEST_CASE(equals_the_join_by_nested_loops) {
  std::mt19937 random(7);
  for (const auto& c : all_cases())
    for (int early_end = 0; early_end < 3; ++early_end)
      BOOST_TEST_CONTEXT(c.to_string() << ", input " << early_end << " ends first") {
        std::vector<test_row> sides[2] = {random_rows(random, 80, 20), random_rows(random, 60, 20)};
        table_harness h(make_join(c.spec(), {}), side_types(), batch_mode);
        if (early_end < 2) {
          auto first = static_cast<std::uint32_t>(early_end);
          h.feed(lines_of({sides[1 - first][0]}), 1 - first);
          h.feed(lines_of(sides[first]), first);
          h.op().finish_input(first);
          std::vector<test_row> rest(sides[1 - first].begin() + 1, sides[1 - first].end());
          h.feed(lines_of(rest), 1 - first);
          h.op().finish_input(1 - first);
        } else {
          feed_all(h, sides, 7);
        }
        h.op().finish();
        BOOST_TEST((table_of(h.out.take_rows()) == c.expected(sides[0], sides[1])));
      }
}

BOOST_AUTO_TEST_CASE(an_empty_side) {
  for (const auto& c : all_cases())
    for (std::uint32_t full = 0; full < 2; ++full) BOOST_TEST_CONTEXT(c.to_string()) {
        std::vector<test_row> sides[2];
        sides[full] = {{1, 1, 1}, {2, std::nullopt, 2}};
        table_harness h(make_join(c.spec(), {}), side_types(), batch_mode);
        h.feed(lines_of(sides[full]), full);
        h.op().finish();
        BOOST_TEST((table_of(h.out.take_rows()) == c.expected(sides[0], sides[1])));
      }
}

BOOST_AUTO_TEST_CASE(more_pairs_than_a_batch_holds) {
  join_case c;
  std::vector<test_row> sides[2];
  for (int i = 0; i < 100; ++i) {
    sides[0].push_back({i, 1, i});
    sides[1].push_back({i, 1, i});
  }
  table_harness h(make_join(c.spec(), {}), side_types(), batch_mode);
  feed_all(h, sides, 100);
  h.op().finish();
  BOOST_TEST((table_of(h.out.take_rows()) == c.expected(sides[0], sides[1])));
}

/// As the runtime does it past the memory limit: state out, then one part of the key groups at a
/// time comes back with the records that came meanwhile.
BOOST_AUTO_TEST_CASE(state_on_disk_comes_back_by_key_group) {
  std::mt19937 random(11);
  for (const auto& c : all_cases()) {
    if (c.cross || c.null_aware) continue; // not keyed
    for (bool built : {false, true})
      BOOST_TEST_CONTEXT(c.to_string() << (built ? ", build side ended" : "")) {
        std::vector<test_row> before[2]
          = {random_rows(random, 50, 20), random_rows(random, 50, 20)};
        std::vector<test_row> after[2] = {random_rows(random, 40, 20), random_rows(random, 30, 20)};
        table_harness h(make_join(c.spec(), {}), side_types(), batch_mode);
        feed_all(h, before, 9);
        std::uint32_t build = c.build_left ? 0 : 1;
        if (built) {
          h.op().finish_input(build);
          after[build].clear();
        }
        auto written = h.snapshot();
        h.op().forget_keys();
        for (key_group g = 0; g < 16; g += 4) {
          h.restore(written, {g, g + 4});
          std::vector<test_row> part[2];
          for (int s = 0; s < 2; ++s) {
            if (after[s].empty()) continue;
            auto rows = batch_of(side_types(), lines_of(after[s]));
            const column* keys[] = {&rows->at(1)};
            std::vector<std::uint64_t> hashes(rows->size());
            hash_rows(keys, rows->size(), hashes.data());
            for (std::size_t i = 0; i < hashes.size(); ++i)
              if (key_group_of(hashes[i], 16) / 4 == g / 4) part[s].push_back(after[s][i]);
          }
          feed_all(h, part, 9);
          h.op().finish_keys();
        }
        h.op().finish();
        for (int s = 0; s < 2; ++s)
          before[s].insert(before[s].end(), after[s].begin(), after[s].end());
        BOOST_TEST((table_of(h.out.take_rows()) == c.expected(before[0], before[1])));
      }
  }
}

BOOST_AUTO_TEST_CASE(refuses_a_changelog) {
  table_harness h(make_join(join_case().spec(), {}), side_types(), batch_mode);
  BOOST_CHECK_THROW(h.feed({"-D 1|1|1"}), error);
}

BOOST_AUTO_TEST_CASE(refuses_to_be_aware_of_nulls_without_an_anti_join) {
  join_case c;
  c.null_aware = true;
  BOOST_CHECK_THROW(make_join(c.spec(), {}), plan_error);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::table::test
