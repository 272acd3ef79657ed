/// A directory that is gone after the test.
#pragma once

#include <filesystem>
#include <random>
#include <string>

namespace sluice::testing {

class temporary_directory {
public:
  temporary_directory()
    : path_(base()
            / ("sluice-test-" + std::to_string(std::random_device{}())
               + std::to_string(std::random_device{}()))) {
    std::filesystem::create_directories(path_);
  }
  temporary_directory(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_.string(); }

private:
  /// In memory where the system has it: these tests sync thousands of small files.
  static std::filesystem::path base() {
    std::error_code ec;
    std::filesystem::path memory = "/dev/shm";
    return std::filesystem::is_directory(memory, ec) ? memory
                                                     : std::filesystem::temp_directory_path();
  }

  std::filesystem::path path_;
};

} // namespace sluice::testing
