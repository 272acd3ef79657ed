/// Files of SQL cases (`tests/sql/cases`), for the tests that run them.
#pragma once

#include "sluice/core/errors.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace sluice::testing {

using lines = std::vector<std::string>;

struct expectation {
  std::string kind; ///< rows, ordered rows, changelog, text, parts, error
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

inline std::string trimmed(std::string text) {
  auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.back())) text.pop_back();
  auto begin = std::find_if_not(text.begin(), text.end(), blank);
  return {begin, text.end()};
}

/// Lines before the first `===` begin every case. Format: see sql_cases_test.cpp.
inline std::vector<sql_case> read_cases(const std::filesystem::path& file) {
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

/// The rows that are left when all changes are made. Errors: a row is taken back that is not there.
inline lines materialized(const lines& changes) {
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

inline std::string joined(const lines& text) {
  std::string all;
  for (const auto& l : text) all += "\n    " + l;
  return all;
}

inline void check_lines(const lines& expected, const lines& got, const std::string& what) {
  BOOST_CHECK_MESSAGE(expected == got,
                      what << ": expected" << joined(expected) << "\n  but got" << joined(got));
}

/// Blanks at the ends of a row do not count: they could not be seen in the file.
inline lines trimmed(lines rows) {
  for (auto& row : rows) row = trimmed(row);
  return rows;
}

inline lines sorted(lines text) {
  std::sort(text.begin(), text.end());
  return text;
}

} // namespace sluice::testing
