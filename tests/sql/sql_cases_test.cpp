/// Runs the cases of a file of tests/sql/cases: statements, then what they give.
///
///     === name [only batch | only streaming]
///     statements;                    `${dir}`: an empty directory of the case's own
///     ---- rows                      the rows of the last statement, in any order
///     ---- ordered rows              the same, in this order (in streaming mode: in any)
///     ---- changelog                 its changes, in streaming mode with one subtask
///     ---- text                      its rows as they are, in this order (EXPLAIN, SHOW)
///     ---- parts                     parts of that text, one a line
///     ---- plan                      the optimised plan of EXPLAIN, in both modes
///     ---- batch plan                in batch mode; or `streaming plan`
///     ---- error                     parts of the message of a statement, one a line
///
/// A file may start with statements that all of its cases begin with, before the first `===`. Lines
/// that start with `#` are comments, except among what is expected.
///
/// Each case runs in batch and in streaming mode (whose changes must add up to the same rows), with
/// one subtask and with three. Arguments: the file, then names of cases if not all.
#include "sluice/table/session/table_environment.hpp"
#include "sluice/table/sql/parser.hpp"
#include "support/sql_cases.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace sluice::testing {

namespace {

struct outcome {
  lines changes; ///< of the last statement, as `+I[a, 1]`
  lines rows;    ///< what they add up to
  std::string error;
};

outcome run(const sql_case& c, const std::string& mode, int parallelism) {
  temporary_directory directory;
  table::table_environment tables;
  tables.config().set("execution.runtime-mode", mode);
  tables.config().set("parallelism.default", std::to_string(parallelism));
  tables.config().set("table.local-time-zone", "UTC");
  outcome result;
  try {
    // Apart, so that places in errors count from the first line of the case.
    for (auto text : {c.begin, c.statements}) {
      for (std::size_t at; (at = text.find("${dir}")) != std::string::npos;)
        text.replace(at, 6, directory.path());
      for (const auto& statement : sql::parse_script(text)) {
        auto r = tables.execute(statement);
        if (r.has_rows())
          result.changes = r.collect_text();
        else
          r.wait();
      }
    }
    result.rows = materialized(result.changes);
  } catch (const std::exception& e) {
    result.error = e.what();
    if (result.error.empty()) result.error = "an error without a message";
  }
  return result;
}

/// The lines of rows of text, which may have several each.
lines text_lines(const lines& rows) {
  lines all;
  for (const auto& row : rows) {
    std::istringstream in(row);
    for (std::string line; std::getline(in, line);)
      if (!trimmed(line).empty()) all.push_back(trimmed(line));
  }
  return all;
}

/// What EXPLAIN says under that title.
lines optimized_plan(const lines& explained) {
  auto begin = std::find(explained.begin(), explained.end(), "== Optimized Plan ==");
  auto end = std::find(explained.begin(), explained.end(), "== Job Graph ==");
  if (begin == explained.end() || end == explained.end()) return {"this is no EXPLAIN"};
  return {begin + 1, end};
}

void check(const sql_case& c, const expectation& e, const outcome& o, const std::string& mode,
           int parallelism) {
  auto what
    = fmt::format("{}:{} {} ({}, parallelism {})", c.file, c.line, c.name, mode, parallelism);
  if (e.kind == "error") {
    BOOST_REQUIRE_MESSAGE(!e.text.empty(), what << ": the case does not say which error");
    for (const auto& part : e.text)
      BOOST_CHECK_MESSAGE(o.error.find(part) != std::string::npos,
                          what << ": expected the error\n    " << part << "\n  but got\n    "
                               << (o.error.empty() ? "rows" + joined(o.rows) : o.error));
    return;
  }
  if (!o.error.empty()) {
    BOOST_ERROR(what << ": " << o.error);
    return;
  }
  if (e.kind == "plan" || e.kind == mode + " plan") {
    check_lines(e.text, optimized_plan(text_lines(o.rows)), what);
  } else if (e.kind.ends_with(" plan")) {
    return;
  } else if (e.kind == "text") {
    check_lines(e.text, text_lines(o.rows), what);
  } else if (e.kind == "parts") {
    auto text = joined(o.rows);
    for (const auto& part : e.text)
      BOOST_CHECK_MESSAGE(text.find(part) != std::string::npos,
                          what << ": expected the part\n    " << part << "\n  but got" << text);
  } else if (e.kind == "changelog") {
    if (mode == "streaming" && parallelism == 1) check_lines(e.text, trimmed(o.changes), what);
  } else if (e.kind == "ordered rows" && mode == "batch") {
    check_lines(e.text, trimmed(o.rows), what);
  } else {
    check_lines(sorted(e.text), sorted(trimmed(o.rows)), what);
  }
}

void run_case(const sql_case& c) {
  static const std::set<std::string> kinds{"rows", "ordered rows",   "changelog",
                                           "text", "parts",          "error",
                                           "plan", "streaming plan", "batch plan"};
  BOOST_REQUIRE_MESSAGE(!c.expected.empty(), c.name << ": expects nothing");
  for (const auto& e : c.expected)
    BOOST_REQUIRE_MESSAGE(kinds.contains(e.kind), c.name << ": unknown expectation " << e.kind);
  for (const std::string mode : {"batch", "streaming"}) {
    if (!c.only.empty() && c.only != mode) continue;
    for (int parallelism : {1, 3}) {
      auto o = run(c, mode, parallelism);
      for (const auto& e : c.expected) check(c, e, o, mode, parallelism);
    }
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(sql_cases) {
  const auto& args = boost::unit_test::framework::master_test_suite();
  BOOST_REQUIRE_MESSAGE(args.argc > 1, "usage: sql_cases_test -- file [case...]");
  const auto cases = read_cases(args.argv[1]);
  BOOST_REQUIRE_MESSAGE(!cases.empty(), args.argv[1] << " has no cases");
  const std::vector<std::string> wanted(args.argv + 2, args.argv + args.argc);
  std::size_t num_run = 0;
  for (const auto& c : cases) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), c.name) == wanted.end())
      continue;
    run_case(c);
    ++num_run;
  }
  BOOST_TEST(num_run > 0u);
}

} // namespace sluice::testing
