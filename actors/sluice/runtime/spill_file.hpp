/// Files for what does not fit into memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::runtime {

/// A temporary file that nobody else sees: its name is removed as soon as it is open, so the space
/// is given back when the object goes, and also when the process is killed.
///
/// All calls block. Thread safety: `write` and `read` of different ranges from any threads.
/// Errors: `io_error` naming the file and the system's reason.
class spill_file {
public:
  /// Opens a file in `directory` (empty: the system's). `purpose` is part of its name.
  spill_file(std::string directory, std::string_view purpose);
  ~spill_file();
  spill_file(const spill_file&) = delete;
  spill_file& operator=(const spill_file&) = delete;

  void write(std::uint64_t offset, std::string_view bytes);

  /// REQUIRES: the range was written.
  std::string read(std::uint64_t offset, std::uint64_t size) const;

  /// The name that the file had.
  const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
  int fd_;
};

} // namespace sluice::runtime
