/// Runs the cases of a file of tests/sql/cases: statements, then what they give.
///
///     === name [only batch | only streaming]
///     statements;                    `${dir}`: an empty directory of the case's own
///     ---- rows                      the rows of the last statement, in any order
///     ---- ordered rows              the same, in this order (in streaming mode: in any)
///     ---- changelog                 its changes, in streaming mode with one subtask
///     ---- text                      its rows as they are, in this order (EXPLAIN, SHOW)
///     ---- error                     parts of the message of a statement, one a line
///
/// A file may start with statements that all of its cases begin with, before the first `===`. Lines
/// that start with `#` are comments, except among what is expected.
///
/// Each case runs in batch and in streaming mode (whose changes must add up to the same rows), with
/// one subtask and with three. Arguments: the file, then names of cases if not all.
#include "sluice/table/session/table_environment.hpp"
#include "sluice/table/sql/parser.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace sluice::testing {

namespace {

using lines = std::vector<std::string>;

struct expectation {
  std::string kind; ///< rows, ordered rows, changelog, error
  lines text;
};

struct sql_case {
  std::string file;
  int line = 0;
  std::string name;
  std::string only;  ///< batch, streaming, or empty
  std::string begin; ///< statements of the file
  std::string statements;
  std::vector<expectation> expected;
};

std::string trimmed(std::string text) {
  auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.back())) text.pop_back();
  auto begin = std::find_if_not(text.begin(), text.end(), blank);
  return {begin, text.end()};
}

std::vector<sql_case> read_cases(const fs::path& file) {
  std::ifstream in(file);
  std::vector<sql_case> cases;
  std::string common;
  std::string text;
  for (int number = 1; std::getline(in, text); ++number) {
    if (text.starts_with("=== ")) {
      sql_case c{file.filename().string(), number, trimmed(text.substr(4)), {}, common, {}, {}};
      if (auto at = c.name.find("[only "); at != std::string::npos) {
        c.only = c.name.substr(at + 6, c.name.find(']') - at - 6);
        c.name = trimmed(c.name.substr(0, at));
      }
      cases.push_back(std::move(c));
    } else if (text.starts_with("#") && (cases.empty() || cases.back().expected.empty())) {
      continue;
    } else if (cases.empty()) {
      common += text + "\n";
    } else if (text.starts_with("---- ")) {
      cases.back().expected.push_back({trimmed(text.substr(5)), {}});
    } else if (cases.back().expected.empty()) {
      cases.back().statements += text + "\n";
    } else if (!trimmed(text).empty()) {
      cases.back().expected.back().text.push_back(trimmed(text));
    }
  }
  return cases;
}

struct outcome {
  lines changes; ///< of the last statement, as `+I[a, 1]`
  lines rows;    ///< what they add up to
  std::string error;
};

/// The rows that are left when all changes are made. Errors: a row is taken back that is not there.
lines materialized(const lines& changes) {
  lines rows;
  for (const auto& change : changes) {
    auto row = change.substr(3, change.size() - 4);
    if (change[0] == '+') {
      rows.push_back(row);
    } else {
      auto at = std::find(rows.begin(), rows.end(), row);
      if (at == rows.end()) throw error("taken back, but not there: " + change);
      rows.erase(at);
    }
  }
  return rows;
}

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

std::string joined(const lines& text) {
  std::string all;
  for (const auto& l : text) all += "\n    " + l;
  return all;
}

void check_lines(const lines& expected, const lines& got, const std::string& what) {
  BOOST_CHECK_MESSAGE(expected == got,
                      what << ": expected" << joined(expected) << "\n  but got" << joined(got));
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

/// Blanks at the ends of a row do not count: they could not be seen in the file.
lines trimmed(lines rows) {
  for (auto& row : rows) row = trimmed(row);
  return rows;
}

lines sorted(lines text) {
  std::sort(text.begin(), text.end());
  return text;
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
  if (e.kind == "text") {
    check_lines(e.text, text_lines(o.rows), what);
  } else if (e.kind == "changelog") {
    if (mode == "streaming" && parallelism == 1) check_lines(e.text, trimmed(o.changes), what);
  } else if (e.kind == "ordered rows" && mode == "batch") {
    check_lines(e.text, trimmed(o.rows), what);
  } else {
    check_lines(sorted(e.text), sorted(trimmed(o.rows)), what);
  }
}

void run_case(const sql_case& c) {
  BOOST_REQUIRE_MESSAGE(!c.expected.empty(), c.name << ": expects nothing");
  for (const auto& e : c.expected)
    BOOST_REQUIRE_MESSAGE(e.kind == "rows" || e.kind == "ordered rows" || e.kind == "changelog"
                            || e.kind == "text" || e.kind == "error",
                          c.name << ": unknown expectation " << e.kind);
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
