// Runs the cases of tests/sql/cases: statements, then what they give.
//
//   === name [only batch | only streaming]
//   statements;
//   ---- rows            the rows of the last statement, in any order
//   ---- ordered rows    the same, in this order (in batch mode; in streaming mode in any)
//   ---- changelog       its changes, in this order, in streaming mode and one subtask
//   ---- error           a part of the message of the last statement
//
// Each case runs in batch and in streaming mode (whose changes must add up to the same rows), with
// one subtask and with three.
#define BOOST_TEST_MODULE sql_cases
#include <boost/test/included/unit_test.hpp>

#include "sluice/table/session/table_environment.hpp"
#include "sluice/table/sql/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace fs = std::filesystem;
using namespace sluice;

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
  std::string only; ///< batch, streaming, or empty
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
  std::string text;
  for (int number = 1; std::getline(in, text); ++number) {
    if (text.starts_with("=== ")) {
      sql_case c{file.filename().string(), number, trimmed(text.substr(4)), {}, {}, {}};
      if (auto at = c.name.find("[only "); at != std::string::npos) {
        c.only = c.name.substr(at + 6, c.name.find(']') - at - 6);
        c.name = trimmed(c.name.substr(0, at));
      }
      cases.push_back(std::move(c));
    } else if (cases.empty()) {
      continue; // a comment at the start of the file
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
  table::table_environment tables;
  tables.config().set("execution.runtime-mode", mode);
  tables.config().set("parallelism.default", std::to_string(parallelism));
  tables.config().set("table.local-time-zone", "UTC");
  outcome result;
  try {
    auto statements = sql::parse_script(c.statements);
    for (std::size_t i = 0; i < statements.size(); ++i) {
      auto r = tables.execute(statements[i]);
      if (r.has_rows())
        result.changes = r.collect_text();
      else
        r.wait();
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

lines sorted(lines text) {
  std::sort(text.begin(), text.end());
  return text;
}

void check(const sql_case& c, const expectation& e, const outcome& o, const std::string& mode,
           int parallelism) {
  auto what = fmt::format("{}:{} {} ({}, parallelism {})", c.file, c.line, c.name, mode,
                          parallelism);
  if (e.kind == "error") {
    BOOST_REQUIRE_MESSAGE(!e.text.empty(), what << ": the case does not say which error");
    BOOST_CHECK_MESSAGE(o.error.find(e.text[0]) != std::string::npos,
                        what << ": expected the error\n    " << e.text[0] << "\n  but got\n    "
                             << (o.error.empty() ? "rows" + joined(o.rows) : o.error));
    return;
  }
  if (!o.error.empty()) {
    BOOST_ERROR(what << ": " << o.error);
    return;
  }
  if (e.kind == "changelog") {
    if (mode == "streaming" && parallelism == 1) check_lines(e.text, o.changes, what);
  } else if (e.kind == "ordered rows" && mode == "batch") {
    check_lines(e.text, o.rows, what);
  } else {
    check_lines(sorted(e.text), sorted(o.rows), what);
  }
}

void run_case(const sql_case& c) {
  BOOST_REQUIRE_MESSAGE(!c.expected.empty(), c.name << ": expects nothing");
  for (const auto& e : c.expected)
    BOOST_REQUIRE_MESSAGE(e.kind == "rows" || e.kind == "ordered rows" || e.kind == "changelog"
                            || e.kind == "error",
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

/// A test for each file, so that `--run_test=joins` runs one of them.
struct case_files {
  case_files() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(SLUICE_SQL_CASES))
      if (entry.path().extension() == ".test") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files)
      boost::unit_test::framework::master_test_suite().add(boost::unit_test::make_test_case(
        [file] {
          auto cases = read_cases(file);
          BOOST_REQUIRE_MESSAGE(!cases.empty(), file << " has no cases");
          for (const auto& c : cases) run_case(c);
          BOOST_TEST_MESSAGE(file.filename() << ": " << cases.size() << " cases");
        },
        file.stem().string(), __FILE__, __LINE__));
  }
};

static bool init_cases() {
  case_files files;
  return true;
}
