/// What docs/functions.md says of the grammar: the example of each form gives what it promises.
#include "sluice/table/function/documentation.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace sluice::testing {

namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_form_of_the_grammar_gives_what_its_example_says) {
  for (const auto& form : table::grammar_forms()) {
    BOOST_TEST_CONTEXT(form.name) {
      table::table_environment tables;
      tables.config().set("execution.runtime-mode", "batch");
      auto rows = tables.execute_sql(std::string(form.example)).collect_text();
      std::sort(rows.begin(), rows.end());
      auto expected = lines_of(form.rows);
      BOOST_TEST(rows == expected, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(no_form_of_the_grammar_hides_a_function_of_the_registry) {
  const auto& registry = table::function_registry::built_in();
  for (const auto& form : table::grammar_forms())
    BOOST_TEST(!registry.describe(form.name).has_value(), form.name);
}

} // namespace sluice::testing
