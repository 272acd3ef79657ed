/// Sorted runs, and other things that do not fit into memory, on disk.
#pragma once

#include "sluice/core/bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::table {

/// A temporary file that nobody else sees: its name is removed as soon as it is open, so the space
/// is given back when the object goes, and also when the process is killed.
///
/// All calls block. Owner: one operator. Errors: `io_error` naming the operator, the file and the
/// system's reason.
class run_file {
public:
  /// Opens a file in `directory` (empty: the system's) for the operator of this name.
  run_file(std::string directory, std::string operator_name);
  ~run_file();
  run_file(const run_file&) = delete;
  run_file& operator=(const run_file&) = delete;

  /// Adds bytes at the end and returns where they begin.
  std::uint64_t append(std::string_view bytes);
  /// REQUIRES: the range was written.
  void read(std::uint64_t offset, std::uint64_t size, std::string& to) const;

  std::uint64_t size() const noexcept { return end_; }

private:
  [[noreturn]] void fail(std::string_view what) const;

  std::string path_;
  std::string operator_name_;
  int fd_ = -1;
  std::uint64_t end_ = 0;
};

} // namespace sluice::table
