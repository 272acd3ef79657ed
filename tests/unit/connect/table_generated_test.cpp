#include "support/table_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <set>
#include <unistd.h>

namespace {

using namespace sluice;
using namespace sluice::testing;
using table::changelog_mode;
using table::scalar;

void check(const row_texts& got, const row_texts& expected) {
  BOOST_TEST(got == expected, boost::test_tools::per_element());
  if (got.size() != expected.size())
    for (auto& row : got) BOOST_TEST_MESSAGE(row);
}

/// What is printed to a stream while `f` runs.
template <class F>
std::string printed(int fd, F f) {
  temporary_directory dir;
  auto path = dir.write("out", "");
  std::fflush(nullptr);
  int saved = ::dup(fd);
  auto* file = std::fopen(path.c_str(), "w");
  ::dup2(::fileno(file), fd);
  f();
  std::fflush(nullptr);
  ::dup2(saved, fd);
  ::close(saved);
  std::fclose(file);
  return read_file(path);
}

BOOST_AUTO_TEST_SUITE(table_print)

BOOST_AUTO_TEST_CASE(lines_are_flinks_with_every_prefix) {
  auto lines = [](option_map options, std::uint32_t subtask, std::uint32_t parallelism) {
    options.insert({"connector", "print"});
    bool error = options.contains("standard-error");
    auto table = describe("s STRING, i INT, d DOUBLE", options);
    auto sink = sink_of(table)->make();
    return printed(error ? 2 : 1, [&] {
      table_writer writer(*sink, subtask, parallelism);
      auto row = [](const char* s) {
        return std::vector<scalar>{scalar::of(table::data_type::string(), std::string(s)),
                                   scalar::of(1), scalar(table::data_type::double_())};
      };
      using enum table::row_kind;
      writer.write(rows_of(table, {row("a"), row("b"), row("c"), row("d")},
                           {insert, update_before, update_after, delete_}));
      writer.prepare(1, true);
    });
  };
  BOOST_TEST(lines({}, 0, 1) == "+I[a, 1, null]\n-U[b, 1, null]\n+U[c, 1, null]\n-D[d, 1, null]\n");
  BOOST_TEST(lines({}, 1, 2).starts_with("2> +I[a, 1, null]\n2> -U["));
  BOOST_TEST(lines({{"print-identifier", "id"}}, 0, 1).starts_with("id> +I[a, 1, null]\n"));
  BOOST_TEST(lines({{"print-identifier", "id"}}, 1, 2).starts_with("id:2> +I[a, 1, null]\n"));
  BOOST_TEST(lines({{"standard-error", "true"}}, 0, 1).starts_with("+I[a, 1, null]\n"));
}

BOOST_AUTO_TEST_CASE(print_and_blackhole_take_every_change_and_have_parallelism) {
  for (const auto* name : {"print", "blackhole"}) {
    auto sink = sink_of(describe("i INT", {{"connector", name}, {"sink.parallelism", "3"}}));
    BOOST_TEST((sink->accept(changelog_mode::all()) == changelog_mode::all()));
    BOOST_TEST(sink->parallelism().value() == 3u);
    BOOST_CHECK_THROW(source_of(describe("i INT", {{"connector", name}})), plan_error);
  }
  BOOST_CHECK_THROW(sink_of(describe("i INT", {{"connector", "print"}, {"nope", "1"}})),
                    plan_error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(table_inline)

BOOST_AUTO_TEST_CASE(rows_are_read_as_print_writes_them) {
  row_texts rows{"+I[1, a b, null, 2020-01-01T12:00, [1, null], {k=v}, +I[1, x]]",
                 "-U[2, , 1.5, null, null, null, null]",
                 "+U[2, q, 1.5, 2020-01-01T12:00:01.5, [], {}, +I[null, null]]",
                 "-D[3, z, 0.0, null, null, null, null]"};
  std::string text;
  for (auto& row : rows) text += "  " + row + "\n\n";
  auto table = describe("i INT, s STRING, d DOUBLE, t TIMESTAMP(3), a ARRAY<INT>, "
                        "m MAP<STRING, STRING>, r ROW<x INT, y STRING>",
                        {{"connector", "inline"}, {"rows", text}, {"changelog-mode", "I,UB,UA,D"}});
  rows[2] = "+U[2, q, 1.5, 2020-01-01T12:00:01.500, [], {}, +I[null, null]]";
  check(read_table(table, 3), rows);
  BOOST_TEST((source_of(table)->changelog() == changelog_mode::all()));
}

BOOST_AUTO_TEST_CASE(plain_lines_are_inserts_and_quotes_hide_commas) {
  auto table = describe("s STRING, i INT",
                        {{"connector", "inline"}, {"rows", "\"a, \"\"b\"\"\", 1\nnull,2"}});
  check(read_table(table), {"+I[a, \"b\", 1]", "+I[null, 2]"});
  check(read_table(table, {.columns = {1}, .metadata = {}, .filters = {}}), {"+I[1]", "+I[2]"});
}

BOOST_AUTO_TEST_CASE(an_unbounded_table_waits_and_a_delay_is_kept) {
  auto table = describe(
    "i INT",
    {{"connector", "inline"}, {"rows", "1\n2\n3"}, {"bounded", "false"}, {"delay", "1 s"}});
  auto source = source_of(table)->make(everything(table));
  BOOST_TEST(bool(source->bounded() == boundedness::unbounded));
  BOOST_TEST(source->fixed_parallelism().value() == 1u);
  table_reader reader(*source, source->make_enumerator(1)->discover());
  row_texts rows;
  int waits = 0;
  struct at_end {};
  auto idle = [&](const poll_result& result) {
    if (!result.retry_at) throw at_end{};
    ++waits;
    reader.context.time.set(*result.retry_at);
  };
  BOOST_CHECK_THROW(while (reader.step(rows, idle)){}, at_end);
  check(rows, {"+I[1]", "+I[2]", "+I[3]"});
  BOOST_TEST(waits == 2);
}

BOOST_AUTO_TEST_CASE(a_snapshot_goes_on_where_it_was) {
  auto table = describe("i INT", {{"connector", "inline"}, {"rows", "1\n2\n3\n4\n5"}});
  auto source = source_of(table)->make(everything(table));
  table_reader first(*source, all_splits(*source));
  row_texts rows;
  auto idle = [](const poll_result&) { throw std::logic_error("stuck"); };
  first.step(rows, idle, 2);
  table_reader second(*source, first.reader().snapshot());
  while (second.step(rows, idle, 2)) {}
  check(rows, {"+I[1]", "+I[2]", "+I[3]", "+I[4]", "+I[5]"});
}

BOOST_AUTO_TEST_CASE(bad_rows_are_refused_with_their_line) {
  auto message = [](const std::string& rows, const char* mode = "I") {
    try {
      source_of(describe("i INT, s STRING",
                         {{"connector", "inline"}, {"rows", rows}, {"changelog-mode", mode}}));
    } catch (const plan_error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  auto says = [&](const std::string& text, const char* part) {
    BOOST_TEST(text.find(part) != std::string::npos, text);
  };
  says(message("1, a\nx, b"), "line 2: x is not an INT");
  says(message("1"), "there are 1 values, not 2");
  says(message("1, a, b"), "there are more than 2 values");
  says(message("+I 1, a"), "a row looks like");
  says(message("-D[1, a]"), "is not in the changelog-mode I");
  says(message("1, a", "X"), "changelog-mode");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(table_datagen)

table::table_description datagen(const std::string& columns, option_map options) {
  options.insert({{"connector", "datagen"}, {"rows-per-second", "1000000000"}});
  return describe(columns, std::move(options));
}

BOOST_AUTO_TEST_CASE(sequences_count_and_end) {
  auto table = datagen("i INT, s STRING, d DECIMAL(5, 1)", {{"fields.i.kind", "sequence"},
                                                            {"fields.i.start", "5"},
                                                            {"fields.i.end", "7"},
                                                            {"fields.s.kind", "sequence"},
                                                            {"fields.s.start", "1"},
                                                            {"fields.s.end", "100"},
                                                            {"fields.d.kind", "sequence"},
                                                            {"fields.d.start", "-1"},
                                                            {"fields.d.end", "9"}});
  check(read_table(table), {"+I[5, 1, -1.0]", "+I[6, 2, 0.0]", "+I[7, 3, 1.0]"});
}

BOOST_AUTO_TEST_CASE(random_values_keep_their_bounds_and_the_seed_decides) {
  auto columns = "i INT, l BIGINT, d DOUBLE, s STRING, c CHAR(3), n INT, a ARRAY<INT>, "
                 "r ROW<x INT, y VARCHAR(4)>, b BOOLEAN, t TIMESTAMP(3), m DECIMAL(4, 2)";
  option_map options{{"number-of-rows", "500"},     {"fields.i.min", "3"},
                     {"fields.i.max", "9"},         {"fields.d.min", "-1"},
                     {"fields.d.max", "1"},         {"fields.s.length", "12"},
                     {"fields.s.var-len", "true"},  {"fields.n.null-rate", "0.5"},
                     {"fields.a.length", "2"},      {"fields.a.element.min", "1"},
                     {"fields.a.element.max", "1"}, {"fields.r.x.min", "4"},
                     {"fields.r.x.max", "4"},       {"fields.t.max-past", "1 h"},
                     {"fields.m.min", "0"},         {"seed", "42"}};
  auto table = datagen(columns, options);
  auto source = source_of(table)->make(everything(table));
  table_reader reader(*source, all_splits(*source));
  reader.context.time.advance(std::chrono::seconds(1));
  row_texts rows;
  std::set<std::int32_t> seen;
  std::size_t nulls = 0;
  auto idle = [&](const poll_result& r) { reader.context.time.set(r.retry_at.value()); };
  bool more = true;
  while (more) {
    more = reader.step(rows, idle, 100);
    const auto& batch = reader.rows();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      seen.insert(batch.at(0).value<std::int32_t>(i));
      BOOST_REQUIRE(std::abs(batch.at(2).value<double>(i)) <= 1);
      BOOST_REQUIRE(batch.at(3).text(i).size() >= 1 && batch.at(3).text(i).size() <= 12);
      BOOST_REQUIRE(batch.at(4).text(i).size() == 3);
      nulls += batch.at(5).is_null(i);
    }
  }
  BOOST_TEST(rows.size() == 500u);
  BOOST_TEST(seen == (std::set<std::int32_t>{3, 4, 5, 6, 7, 8, 9}),
             boost::test_tools::per_element());
  BOOST_TEST((nulls > 150 && nulls < 350));
  BOOST_TEST(rows[0].find("[1, 1], +I[4, ") != std::string::npos);
  auto narrow = table::scan_request{.columns = {0, 3}, .metadata = {}, .filters = {}};
  BOOST_TEST(read_table(table, narrow, 100) == read_table(table, narrow, 7),
             boost::test_tools::per_element());
  options["seed"] = "43";
  BOOST_TEST((read_table(datagen(columns, options), narrow) != read_table(table, narrow)));
}

BOOST_AUTO_TEST_CASE(the_numbers_are_shared_by_all_readers) {
  auto table = datagen(
    "i INT", {{"fields.i.kind", "sequence"}, {"fields.i.start", "0"}, {"fields.i.end", "99"}});
  auto source = source_of(table)->make(everything(table));
  std::set<std::string> rows;
  for (auto& split : all_splits(*source, 3))
    for (auto& row : table_reader(*source, {split}, 0, 3).all())
      BOOST_TEST(rows.insert(row).second);
  BOOST_TEST(rows.size() == 100u);
}

BOOST_AUTO_TEST_CASE(wrong_options_are_refused) {
  auto refused = [](const std::string& columns, option_map options) {
    BOOST_CHECK_THROW(source_of(datagen(columns, std::move(options))), plan_error);
  };
  refused("i INT", {{"fields.x.min", "1"}});
  refused("i INT", {{"fields.i.length", "1"}});
  refused("i INT", {{"fields.i.min", "2"}, {"fields.i.max", "1"}});
  refused("i TINYINT", {{"fields.i.max", "128"}});
  refused("i INT", {{"fields.i.kind", "sequence"}, {"fields.i.start", "1"}});
  refused("i INT", {{"fields.i.start", "1"}});
  refused("i INT", {{"fields.i.null-rate", "2"}});
  refused("i INT NOT NULL", {{"fields.i.null-rate", "0.1"}});
  refused("i INT", {{"number-of-rows", "0"}});
  refused("c CHAR(3)", {{"fields.c.length", "4"}});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(table_nexmark)

const std::string nexmark_columns
  = "event_type INT, "
    "person ROW<id BIGINT, name STRING, emailAddress STRING, creditCard STRING, city STRING, "
    "state STRING, dateTime TIMESTAMP(3), extra STRING>, "
    "auction ROW<id BIGINT, itemName STRING, description STRING, initialBid BIGINT, reserve "
    "BIGINT, dateTime TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra "
    "STRING>, "
    "bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, dateTime "
    "TIMESTAMP(3), extra STRING>";

table::table_description nexmark(const std::string& columns, option_map options) {
  options.insert({"connector", "nexmark"});
  return describe(columns, std::move(options));
}

BOOST_AUTO_TEST_CASE(ids_kinds_and_times_are_functions_of_the_number) {
  auto table = nexmark("event_type INT, person ROW<id BIGINT>, auction ROW<id BIGINT>, "
                       "bid ROW<dateTime TIMESTAMP(3)>",
                       {{"events.num", "54"}});
  auto rows = read_table(table);
  BOOST_TEST(rows.size() == 54u);
  BOOST_TEST(rows[0] == "+I[0, +I[1000], null, null]");
  BOOST_TEST(rows[1] == "+I[1, null, +I[1000], null]");
  BOOST_TEST(rows[3] == "+I[1, null, +I[1002], null]");
  BOOST_TEST(rows[4] == "+I[2, null, null, +I[2015-07-15T00:00]]");
  BOOST_TEST(rows[49] == "+I[2, null, null, +I[2015-07-15T00:00:00.004]]");
  BOOST_TEST(rows[50] == "+I[0, +I[1001], null, null]");
  BOOST_TEST(rows[51] == "+I[1, null, +I[1003], null]");
}

BOOST_AUTO_TEST_CASE(events_are_the_same_however_they_are_read) {
  auto table = nexmark(nexmark_columns, {{"events.num", "3000"}});
  auto all = read_table(table, 1000);
  BOOST_TEST(read_table(table, 17) == all, boost::test_tools::per_element());
  auto source = source_of(table)->make(everything(table));
  std::vector<row_texts> parts;
  for (auto& split : all_splits(*source, 3))
    parts.push_back(table_reader(*source, {split}, 0, 3).all(100));
  for (std::size_t i = 0; i < all.size(); ++i) BOOST_REQUIRE_EQUAL(parts[i % 3].at(i / 3), all[i]);
  auto narrow = nexmark("bid ROW<price BIGINT>", {{"events.num", "3000"}});
  auto prices = read_table(narrow);
  BOOST_TEST(all[4].find(prices[4].substr(6, prices[4].size() - 8)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(values_are_in_their_ranges) {
  auto table = nexmark(nexmark_columns, {{"events.num", "50000"}});
  auto source = source_of(table)->make(everything(table));
  table_reader reader(*source, all_splits(*source));
  row_texts ignored;
  std::size_t hot_auctions = 0;
  std::size_t bids = 0;
  bool more = true;
  while (more) {
    more = reader.step(
      ignored, [](const poll_result&) { throw std::logic_error("stuck"); }, 2048);
    const auto& rows = reader.rows();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& bid = rows.at(3);
      BOOST_REQUIRE_EQUAL(rows.at(0).value<std::int32_t>(i) == 2, !bid.is_null(i));
      BOOST_REQUIRE_EQUAL(bid.is_null(i), bid.child(0).is_null(i));
      if (bid.is_null(i)) continue;
      ++bids;
      auto price = bid.child(2).value<std::int64_t>(i);
      BOOST_REQUIRE(price >= 100 && price <= 100'000'000);
      auto extra = bid.child(6).text(i).size();
      BOOST_REQUIRE(extra >= 54 && extra <= 82);
      BOOST_REQUIRE(bid.child(4).text(i).starts_with("https://www.nexmark.com/"));
      BOOST_REQUIRE(bid.child(1).value<std::int64_t>(i) >= 1000);
      hot_auctions += bid.child(0).value<std::int64_t>(i) % 100 == 0;
    }
  }
  BOOST_TEST(bids == 46000u);
  BOOST_TEST((hot_auctions > bids / 2 && hot_auctions < bids * 55 / 100));
}

BOOST_AUTO_TEST_CASE(tables_that_do_not_fit_are_refused) {
  BOOST_CHECK_THROW(source_of(nexmark("x INT", {})), plan_error);
  BOOST_CHECK_THROW(source_of(nexmark("event_type STRING", {})), plan_error);
  BOOST_CHECK_THROW(source_of(nexmark("bid ROW<pricee BIGINT>", {})), plan_error);
  BOOST_CHECK_THROW(source_of(nexmark("bid ROW<price INT>", {})), plan_error);
  BOOST_CHECK_THROW(source_of(nexmark("event_type INT", {{"next-event.rate", "1"}})), plan_error);
  BOOST_TEST(bool(source_of(nexmark("event_type INT", {}))->bounded() == boundedness::unbounded));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
