/// Cases of tests/sql/bind/*.test.
#pragma once

#include "unit/table/bind/bind_support.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>

namespace bind_tests {

/// A case of a file: `-- kind`, the text, `----`, what is expected, an empty line.
///
/// Kinds: `setup` (a script for all cases of the file that follow), `plan` (the bound plan),
/// `batch` (the same in batch mode), `columns` (names and types of the result), `describe` and
/// `show create` (of the table that the text names), `error` (what the script is refused with).
struct bind_case {
  std::string file;
  int line = 0;
  std::string kind;
  std::string text;
  std::string expected;
  std::string setup;

  friend std::ostream& operator<<(std::ostream& out, const bind_case& c) {
    return out << c.file << ":" << c.line;
  }
};

inline std::string without_last_newlines(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

inline std::vector<bind_case> read_cases(const std::filesystem::path& path) {
  std::vector<bind_case> result;
  std::ifstream in(path);
  bool in_expected = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("-- ")) {
      result.push_back({path.filename().string(), number, line.substr(3), {}, {}, {}});
      in_expected = false;
    } else if (!result.empty() && line == "----") {
      in_expected = true;
    } else if (!result.empty()) {
      (in_expected ? result.back().expected : result.back().text) += line + "\n";
    }
  }
  std::string setup;
  std::vector<bind_case> cases;
  for (auto& c : result) {
    c.text = without_last_newlines(std::move(c.text));
    c.expected = without_last_newlines(std::move(c.expected));
    if (c.kind == "setup") {
      setup += c.text + "\n";
    } else {
      c.setup = setup;
      cases.push_back(std::move(c));
    }
  }
  return cases;
}

/// What the case gives. Errors of the binder come out of it, but of an `error` case.
inline std::string outcome_of(const bind_case& c) {
  test_session session;
  session.run(c.setup);
  if (c.kind == "plan") return without_last_newlines(session.plan_of(c.text));
  if (c.kind == "columns") return without_last_newlines(session.columns_of(c.text));
  if (c.kind == "describe") return without_last_newlines(session.describe_text(c.text));
  if (c.kind == "show create") return session.create_text(c.text);
  if (c.kind == "error") return session.error_of(c.text);
  if (c.kind == "batch") {
    session.mode = sluice::execution_mode::batch;
    return without_last_newlines(session.plan_of(c.text));
  }
  throw std::logic_error("no such kind of case: " + c.kind);
}

} // namespace bind_tests
