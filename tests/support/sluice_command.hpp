/// The `sluice` command, run by tests.
#pragma once

#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"

#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace sluice::testing {

/// A run of the command; killed at the end of the scope at the latest.
class sluice_command {
public:
  explicit sluice_command(const std::vector<std::string>& arguments)
    : child_(SLUICE_COMMAND, arguments, output_file()) {}

  /// `sluice sql` of a script.
  static std::vector<std::string> sql(const temporary_directory& directory,
                                      const std::string& script) {
    auto file = directory.path() + "/script.sql";
    std::ofstream(file) << script;
    return {"sql", file};
  }

  /// The exit status, or nothing if it still runs; -1 if it was killed.
  std::optional<int> wait_for(std::chrono::milliseconds limit) {
    auto status = child_.wait_for(limit);
    if (!status) return std::nullopt;
    return WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  }

  /// What it has printed so far, errors too.
  std::string output() const {
    std::ifstream file(output_file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  child_process& process() noexcept { return child_; }

private:
  std::string output_file() const { return directory_.path() + "/output"; }

  temporary_directory directory_;
  child_process child_;
};

} // namespace sluice::testing
