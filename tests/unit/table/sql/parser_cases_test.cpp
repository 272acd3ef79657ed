/// Runs the cases of tests/sql/parser/*.test: a text, and what it reads as or is refused with.
#include "sluice/table/sql/parser.hpp"
#include "sluice/table/sql/unparse.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

using namespace sluice::sql;

/// A case of a file: `-- kind`, the text, `----`, what is expected, an empty line.
///
/// Kinds: `statement` and `expression` (expected: normalised SQL), `same` (the text is normalised
/// already, nothing else follows), `error` (expected: the error as users see it).
struct parser_case {
  std::string file;
  int line = 0;
  std::string kind;
  std::string text;
  std::string expected;

  friend std::ostream& operator<<(std::ostream& out, const parser_case& c) {
    return out << c.file << ":" << c.line;
  }
};

std::vector<parser_case> read_cases(const std::filesystem::path& path) {
  std::vector<parser_case> result;
  std::ifstream in(path);
  bool in_expected = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("-- ")) {
      result.push_back({path.filename().string(), number, line.substr(3), {}, {}});
      in_expected = false;
    } else if (!result.empty() && line == "----") {
      in_expected = true;
    } else if (!result.empty()) {
      (in_expected ? result.back().expected : result.back().text) += line + "\n";
    }
  }
  for (auto& c : result) {
    for (auto* text : {&c.text, &c.expected})
      while (text->ends_with('\n')) text->pop_back();
  }
  return result;
}

std::vector<parser_case> all_cases() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_PARSER_CASES))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<parser_case> result;
  for (const auto& file : files) {
    auto cases = read_cases(file);
    result.insert(result.end(), cases.begin(), cases.end());
  }
  return result;
}

/// The script as its normalised statements, and that again through the parser.
template <class Parse>
std::string round_trip(const std::string& text, Parse parse) {
  auto tree = parse(text);
  auto once = to_sql(tree);
  auto again = parse(once);
  BOOST_TEST((again == tree), "parsed again, the tree is another: " << once);
  BOOST_TEST(to_sql(again) == once);
  return once;
}

std::string error_of(const std::string& text) {
  try {
    parse_script(text);
  } catch (const sql_error& error) {
    return format_error(error, text);
  }
  return "no error";
}

BOOST_AUTO_TEST_SUITE(sql_parser_cases)

BOOST_DATA_TEST_CASE(case_of_file, boost::unit_test::data::make(all_cases()), c) {
  try {
    if (c.kind == "statement")
      BOOST_TEST(round_trip(c.text, parse_statement) == c.expected);
    else if (c.kind == "same")
      BOOST_TEST(round_trip(c.text, parse_statement) == c.text);
    else if (c.kind == "expression")
      BOOST_TEST(round_trip(c.text, parse_expression) == c.expected);
    else if (c.kind == "error")
      BOOST_TEST(error_of(c.text) == c.expected);
    else
      BOOST_FAIL("no such kind of case: " << c.kind);
  } catch (const sql_error& error) {
    BOOST_FAIL(format_error(error, c.text));
  }
}

BOOST_AUTO_TEST_CASE(there_are_cases) { BOOST_TEST(all_cases().size() > 200u); }

BOOST_AUTO_TEST_SUITE_END()

} // namespace
