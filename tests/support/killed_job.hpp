/// A job on a cluster whose output shows whether each record counted once.
#pragma once

#include "support/cluster_processes.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

namespace sluice::testing {

/// The job of kill_job.cpp, as a cluster runs it.
struct killed_job {
  explicit killed_job(std::int64_t records, int seconds_without_failures = 1)
    : count(records), output(directory.path() + "/out"),
      processes({SLUICE_KILL_JOB, directory.path() + "/checkpoints", output,
                 std::to_string(records), "3", std::to_string(seconds_without_failures)},
                directory.path()) {
    std::filesystem::create_directories(output);
  }

  /// All records are there, once, and the counts per key have no gap.
  void check_output() const {
    std::set<std::int64_t> numbers;
    std::map<std::int64_t, std::set<std::int64_t>> counts;
    std::int64_t lines = 0;
    for (auto& entry : std::filesystem::recursive_directory_iterator(output)) {
      if (!entry.is_regular_file() || entry.path().filename().string().starts_with(".")) continue;
      std::ifstream in(entry.path());
      std::int64_t number = 0;
      std::int64_t n = 0;
      while (in >> number >> n) {
        ++lines;
        numbers.insert(number);
        counts[number % 97].insert(n);
      }
      BOOST_TEST(in.eof());
    }
    BOOST_TEST(lines == count);
    BOOST_TEST(numbers.size() == static_cast<std::size_t>(count));
    for (auto& [key, seen] : counts)
      BOOST_TEST(*seen.rbegin() == static_cast<std::int64_t>(seen.size()));
  }

  temporary_directory directory;
  std::int64_t count;
  std::string output;
  cluster_processes processes;
};

} // namespace sluice::testing
