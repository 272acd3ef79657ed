/// Runs the cases of tests/sql/bind/*.test: SQL, and the plan or the error that it makes.
#include "unit/table/bind/bind_cases.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace {

using namespace bind_tests;

std::vector<bind_case> all_cases() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_BIND_CASES))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<bind_case> result;
  for (const auto& file : files) {
    auto cases = read_cases(file);
    result.insert(result.end(), cases.begin(), cases.end());
  }
  return result;
}

BOOST_AUTO_TEST_SUITE(sql_binder_cases)

BOOST_DATA_TEST_CASE(case_of_file, boost::unit_test::data::make(all_cases()), c) {
  try {
    BOOST_TEST(outcome_of(c) == c.expected);
  } catch (const std::exception& e) {
    BOOST_FAIL(e.what());
  }
}

BOOST_AUTO_TEST_CASE(there_are_cases) { BOOST_TEST(all_cases().size() > 150u); }

BOOST_AUTO_TEST_SUITE_END()

} // namespace
