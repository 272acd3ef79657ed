/// Files as the connectors use them: errors are `io_error`s that name the path and the reason.
#pragma once

#include "sluice/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::internal {

/// Throws `io_error` "cannot <doing> '<path>': <text of errno>".
[[noreturn]] void throw_errno(std::string_view doing, const std::string& path, int error);

/// An open file. Movable, closed by its destructor. All calls may block but
/// `read_cached_at`.
class posix_file {
public:
  posix_file() = default;
  posix_file(posix_file&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  posix_file& operator=(posix_file&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
  }
  ~posix_file();

  /// Errors: also for what is not a regular file.
  static posix_file open_to_read(const std::string& path);

  /// Errors: also if the file exists.
  static posix_file create(const std::string& path);

  /// A file that is there, or an empty one.
  static posix_file open_to_touch(const std::string& path);

  /// An existing file, cut to `size` bytes, to be continued there.
  static posix_file open_to_continue(const std::string& path, std::uint64_t size);

  bool is_open() const noexcept { return fd_ >= 0; }
  const std::string& path() const noexcept { return path_; }

  std::uint64_t size() const;

  /// When it was written last.
  timestamp modified() const;

  /// Reads up to `size` bytes at `offset`; fewer only at the end of the file.
  std::size_t read_at(std::uint64_t offset, char* out, std::size_t size) const;

  /// The same for what is in the page cache: returns `size`, or less if it is not all there (or the
  /// system cannot tell), and does not wait for the disk.
  std::size_t read_cached_at(std::uint64_t offset, char* out, std::size_t size) const noexcept;

  /// Writes all of `bytes` behind what was written before.
  void write(std::string_view bytes);

  /// Returns when all that was written would survive a power failure.
  void sync();

  void close();

private:
  posix_file(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  int fd_ = -1;
  std::string path_;
};

/// Makes names in a directory durable.
void sync_directory(const std::string& path);

/// Creates a directory and its parents, as far as they are missing.
void make_directories(const std::string& path);

/// The directory that holds `path` ("." for a bare name).
std::string parent_directory(const std::string& path);

/// 32 random hexadecimal digits in the form of a UUID (version 4).
std::string random_uuid();

} // namespace sluice::internal
