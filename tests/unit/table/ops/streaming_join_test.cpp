#include "unit/table/ops/join_support.hpp"

namespace sluice::table::test {

namespace {

const std::vector<data_type>& two() {
  static const auto types = types_of({"BIGINT", "STRING"});
  return types;
}

join_spec spec_of(join_type type) {
  join_spec s;
  s.type = type;
  s.left = s.right = two();
  s.keys = {{0, 0, false}};
  s.left_retracts = s.right_retracts = true;
  return s;
}

/// A table that changes at random, with the changelog of that.
class random_table {
public:
  random_table(const join_case& c, std::mt19937& random) : case_(c), random_(random) {}

  std::vector<std::string> change() {
    std::vector<std::string> changes;
    for (int n = pick(1, 5); n > 0; --n) {
      auto what = case_.retracts ? pick(0, 9) : 0;
      if (rows.empty() || what < 5)
        insert(changes);
      else if (what < 7)
        remove(changes);
      else
        update(changes);
    }
    return changes;
  }

  std::vector<test_row> rows;

private:
  int pick(int low, int high) { return std::uniform_int_distribution<>(low, high)(random_); }

  test_row row(cell id) { return {id, random_cell(random_, 4), random_cell(random_, 5)}; }

  void insert(std::vector<std::string>& changes) {
    rows.push_back(row(case_.unique ? cell(next_id_++) : cell(pick(0, 1))));
    changes.push_back("+I " + fields_of(rows.back()));
  }
  void remove(std::vector<std::string>& changes) {
    auto at = rows.begin() + pick(0, static_cast<int>(rows.size()) - 1);
    changes.push_back("-D " + fields_of(*at));
    rows.erase(at);
  }
  void update(std::vector<std::string>& changes) {
    auto& old = rows[static_cast<std::size_t>(pick(0, static_cast<int>(rows.size()) - 1))];
    auto changed = row(old[0]);
    // Without its first half, an update cannot change the key.
    bool half = case_.unique && pick(0, 1) == 0;
    if (half) changed[1] = old[1];
    if (half && !old[1] && !case_.null_safe && !case_.null_aware) half = false; // no state of it
    if (!half) changes.push_back("-U " + fields_of(old));
    changes.push_back("+U " + fields_of(changed));
    old = changed;
  }

  const join_case& case_;
  std::mt19937& random_;
  std::int64_t next_id_ = 0;
};

void check_random_changes(const join_case& c, std::uint32_t seed) {
  BOOST_TEST_CONTEXT(c.to_string() << ", seed " << seed) {
    std::mt19937 random(seed);
    auto make = make_join(c.spec(), {});
    auto running = std::make_unique<table_harness>(make, side_types());
    random_table tables[2] = {{c, random}, {c, random}};
    testing::materialized_rows result;
    testing::upserted_rows upserted(c.type < join_type::semi ? std::vector<std::size_t>{0, 3}
                                                             : std::vector<std::size_t>{0});
    for (int step = 0; step < 60; ++step) {
      auto side = std::uniform_int_distribution<std::uint32_t>(0, 1)(random);
      running->feed(tables[side].change(), side);
      auto changes = running->out.take_rows();
      auto expected = c.expected(tables[0].rows, tables[1].rows);
      if (c.update_before) {
        result.apply(changes);
        BOOST_TEST_REQUIRE((result.rows == expected), "step " << step);
      } else {
        upserted.apply(changes);
        BOOST_TEST_REQUIRE((upserted.rows() == expected), "step " << step);
      }
      if (step % 20 == 10) {
        auto written = running->snapshot();
        running = std::make_unique<table_harness>(make, side_types(), written);
      }
    }
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(streaming_joins)

BOOST_AUTO_TEST_CASE(inner_join_keeps_row_kinds) {
  table_harness h(make_join(spec_of(join_type::inner), {}), two());
  h.feed({"1|a", "2|b", "null|c"}, 0);
  BOOST_TEST(h.out.take() == "");
  h.feed({"1|x", "3|y", "null|z"}, 1);
  BOOST_TEST(h.out.take() == "+I[1, a, 1, x]");
  h.feed({"-U 1|x", "+U 1|X"}, 1);
  BOOST_TEST(h.out.take() == "-U[1, a, 1, x] +U[1, a, 1, X]");
  h.feed({"-D 1|a"}, 0);
  BOOST_TEST(h.out.take() == "-D[1, a, 1, X]");
}

BOOST_AUTO_TEST_CASE(left_join_takes_padded_rows_back) {
  table_harness h(make_join(spec_of(join_type::left), {}), two());
  h.feed({"1|a", "null|c"}, 0);
  BOOST_TEST(h.out.take() == "+I[1, a, null, null] +I[null, c, null, null]");
  h.feed({"1|x", "1|y"}, 1);
  BOOST_TEST(h.out.take() == "-D[1, a, null, null] +I[1, a, 1, x] +I[1, a, 1, y]");
  h.feed({"-U 1|x", "+U 1|z", "-D 1|y", "-D 1|z"}, 1);
  BOOST_TEST(h.out.take()
             == "-D[1, a, 1, x] +I[1, a, 1, z] -D[1, a, 1, y] -D[1, a, 1, z] "
                "+I[1, a, null, null]");
}

BOOST_AUTO_TEST_CASE(full_join_of_long_strings) {
  table_harness h(make_join(spec_of(join_type::full), {}), two());
  h.feed({"1|a string of more than twelve bytes"}, 0);
  h.feed({"2|another string of more than twelve bytes"}, 1);
  h.out.take();
  h.feed({"2|left"}, 0);
  BOOST_TEST(h.out.take()
             == "-D[null, null, 2, another string of more than twelve bytes] "
                "+I[2, left, 2, another string of more than twelve bytes]");
}

BOOST_AUTO_TEST_CASE(semi_and_anti_join_put_out_the_left_row_once) {
  table_harness semi(make_join(spec_of(join_type::semi), {}), two());
  table_harness anti(make_join(spec_of(join_type::anti), {}), two());
  auto both = [&](const std::vector<std::string>& rows, std::uint32_t input) {
    semi.feed(rows, input);
    anti.feed(rows, input);
    return semi.out.take() + " / " + anti.out.take();
  };
  BOOST_TEST(both({"1|a", "null|n"}, 0) == " / +I[1, a] +I[null, n]");
  BOOST_TEST(both({"1|x", "1|y"}, 1) == "+I[1, a] / -D[1, a]");
  BOOST_TEST(both({"-D 1|x"}, 1) == " / ");
  BOOST_TEST(both({"-D 1|y"}, 1) == "-D[1, a] / +I[1, a]");
}

BOOST_AUTO_TEST_CASE(updates_come_alone_where_nobody_wants_the_first_half) {
  auto spec = spec_of(join_type::inner);
  spec.left_key = spec.right_key = {0};
  spec.emits_update_before = false;
  table_harness h(make_join(spec, {}), two());
  h.feed({"1|a"}, 0);
  h.feed({"1|x"}, 1);
  h.out.take();
  h.feed({"+U 1|b"}, 0);
  BOOST_TEST(h.out.take() == "+U[1, b, 1, x]");
  h.feed({"-U 1|b", "+U 1|c"}, 0);
  BOOST_TEST(h.out.take() == "+U[1, c, 1, x]");
  h.feed({"-U 1|c", "+U 2|c"}, 0);
  BOOST_TEST(h.out.take() == "-D[1, c, 1, x]");
}

BOOST_AUTO_TEST_CASE(state_that_nobody_touches_goes) {
  operator_settings settings;
  settings.state_ttl = std::chrono::seconds(10);
  table_harness h(make_join(spec_of(join_type::inner), settings), two());
  h.feed({"1|a", "2|b"}, 0);
  h.processing_time(6'000'000);
  h.feed({"1|x"}, 1);
  h.processing_time(12'000'000);
  h.feed({"1|y", "2|y"}, 1);
  BOOST_TEST(h.out.take() == "+I[1, a, 1, x] +I[1, a, 1, y]");
}

BOOST_AUTO_TEST_CASE(many_rows_of_one_key_are_found_again) {
  auto types = types_of({"BIGINT", "BIGINT"});
  auto spec = spec_of(join_type::inner);
  spec.left = spec.right = types;
  table_harness h(make_join(spec, {}), two());
  std::vector<std::string> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back("7|" + std::to_string(i));
  h.feed(rows);
  for (int i = 0; i < 1000; i += 2) h.feed({"-D " + rows[static_cast<std::size_t>(i)]}, 0);
  h.feed({"7|1"}, 1);
  BOOST_TEST(h.out.take_rows().size() == 500u);
}

BOOST_AUTO_TEST_CASE(random_changes_give_the_join_of_the_tables) {
  for (std::uint32_t seed = 1; seed <= 4; ++seed)
    for (auto type : all_join_types)
      for (bool condition : {false, true})
        for (bool unique : {false, true})
          for (bool retracts : {false, true}) {
            join_case c;
            c.type = type;
            c.condition = condition;
            c.unique = unique;
            c.retracts = retracts;
            check_random_changes(c, seed);
            c.null_safe = true;
            check_random_changes(c, seed);
            c.null_safe = false;
            c.cross = true;
            check_random_changes(c, seed);
          }
}

BOOST_AUTO_TEST_CASE(random_changes_give_the_join_by_upserts) {
  for (std::uint32_t seed = 1; seed <= 8; ++seed)
    for (auto type : all_join_types)
      for (bool condition : {false, true}) {
        join_case c;
        c.type = type;
        c.condition = condition;
        c.unique = true;
        c.update_before = false;
        check_random_changes(c, seed);
      }
}

BOOST_AUTO_TEST_CASE(random_changes_of_not_in) {
  for (std::uint32_t seed = 1; seed <= 8; ++seed)
    for (bool condition : {false, true}) {
      join_case c;
      c.type = join_type::anti;
      c.null_aware = true;
      c.condition = condition;
      check_random_changes(c, seed);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::table::test
