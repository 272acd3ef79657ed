/// A directory that one process has for itself.
#pragma once

#include <string>

namespace sluice::cluster {

/// Makes a directory and keeps a file in it locked. The lock goes with its process: one that was
/// killed leaves none, and one that hangs keeps others out.
class directory_lock {
public:
  /// `user`: what the process is, for what a second one is told. Errors: `io_error` if the
  /// directory cannot be made or written to; `state_error` if another process has it.
  directory_lock(const std::string& directory, const std::string& user);
  ~directory_lock();
  directory_lock(const directory_lock&) = delete;
  directory_lock& operator=(const directory_lock&) = delete;

private:
  int file_ = -1;
};

} // namespace sluice::cluster
