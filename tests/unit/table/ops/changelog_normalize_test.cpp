#include "support/table_operator_harness.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::table;
using namespace sluice::testing;

const std::vector<data_type> types = types_of({"BIGINT", "STRING", "INT"});

operator_factory normalize(bool update_before = true, operator_settings settings = {}) {
  return make_changelog_normalize(types, {0}, update_before, settings);
}

} // namespace

BOOST_AUTO_TEST_SUITE(changelog_normalize_suite)

BOOST_AUTO_TEST_CASE(upserts_become_inserts_and_updates) {
  table_harness h(normalize(), types);
  h.feed({"1|a|5", "2|b|6", "+U 1|c|5"});
  BOOST_TEST(h.out.take() == "+I[1, a, 5] +I[2, b, 6] -U[1, a, 5] +U[1, c, 5]");
  h.feed({"+U 2|d|null", "+U 3|e|7"});
  BOOST_TEST(h.out.take() == "-U[2, b, 6] +U[2, d, null] +I[3, e, 7]");
}

BOOST_AUTO_TEST_CASE(a_delete_has_the_row_that_was_there) {
  table_harness h(normalize(), types);
  h.feed({"1|a|5", "-D 1|null|null", "-D 2|null|null"});
  BOOST_TEST(h.out.take() == "+I[1, a, 5] -D[1, a, 5]");
  h.feed({"1|a text that is not short|5"});
  h.feed({"-D 1|null|null", "-D 1|null|null", "+U 1|x|1"});
  BOOST_TEST(
    h.out.take()
    == "+I[1, a text that is not short, 5] -D[1, a text that is not short, 5] +I[1, x, 1]");
  h.feed({"-D 1|null|null"});
  BOOST_TEST(h.out.take() == "-D[1, x, 1]");
  BOOST_TEST(h.snapshot().states()[0].groups.empty());
}

BOOST_AUTO_TEST_CASE(the_same_row_again_changes_nothing) {
  table_harness h(normalize(), types);
  h.feed({"1|null|5", "+U 1|null|5"});
  h.feed({"+U 1|null|5", "-U 1|null|5"});
  BOOST_TEST(h.out.take() == "+I[1, null, 5]");
}

BOOST_AUTO_TEST_CASE(update_before_may_be_left_out) {
  table_harness h(normalize(false), types);
  h.feed({"1|a|5", "+U 1|b|5"});
  BOOST_TEST(h.out.take() == "+I[1, a, 5] +U[1, b, 5]");
}

BOOST_AUTO_TEST_CASE(rows_survive_a_restore_at_another_parallelism) {
  table_harness whole(normalize(), types);
  std::vector<std::string> rows;
  std::vector<std::string> updates;
  for (int i = 0; i < 100; ++i) {
    rows.push_back(std::to_string(i) + "|row|" + std::to_string(i));
    updates.push_back("+U " + std::to_string(i) + "|new|1");
  }
  whole.feed(rows);
  auto snapshot = whole.snapshot();
  whole.out.take();
  whole.feed(updates);
  std::vector<std::string> got;
  for (std::uint32_t p = 0; p < 2; ++p) {
    table_harness part(normalize(), types, snapshot,
                       harness_options{execution_mode::streaming, p, 2});
    part.feed_own(updates, {0});
    got.insert(got.end(), part.out.rows.begin(), part.out.rows.end());
  }
  std::sort(got.begin(), got.end());
  std::sort(whole.out.rows.begin(), whole.out.rows.end());
  BOOST_TEST(got.size() == 200u);
  BOOST_TEST(got == whole.out.rows, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(rows_that_are_not_touched_are_forgotten) {
  operator_settings settings;
  settings.state_ttl = std::chrono::seconds(1);
  table_harness h(normalize(true, settings), types);
  h.feed({"1|a|5"});
  h.processing_time(500'000);
  h.feed({"+U 1|a|5"}); // the same again keeps it, for others as well
  h.processing_time(1'400'000);
  h.feed({"+U 1|b|5"});
  BOOST_TEST(h.out.take() == "+I[1, a, 5] -U[1, a, 5] +U[1, a, 5] -U[1, a, 5] +U[1, b, 5]");
  h.processing_time(9'000'000);
  BOOST_TEST(h.snapshot().states()[0].groups.empty());
  h.feed({"+U 1|c|5"});
  BOOST_TEST(h.out.take() == "+I[1, c, 5]");
}

BOOST_AUTO_TEST_SUITE_END()
