/// Files of a checkpoint: what writing and reading all of them has in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <fcntl.h>

namespace sluice::runtime {

/// Of state files and manifests; a file of another version is refused.
inline constexpr std::uint32_t checkpoint_format_version = 2;

/// Throws an `io_error` "cannot <what> <path>: <reason>", the reason being `errno`'s.
[[noreturn]] void throw_errno(std::string_view what, const std::string& path);

/// A file descriptor that closes itself. Errors: `io_error` naming the file and the system's
/// reason.
class checkpoint_file {
public:
  /// What buffers must be aligned to, and sizes a multiple of, to be written past the page cache.
  static constexpr std::size_t direct_alignment = 4096;

  /// `flags` as for `open`.
  checkpoint_file(std::string path, int flags);
  ~checkpoint_file();
  checkpoint_file(const checkpoint_file&) = delete;
  checkpoint_file& operator=(const checkpoint_file&) = delete;

  void write(std::string_view data);

  /// Whether to write past the page cache from now on. Where the file system cannot, nothing
  /// changes. REQUIRES while on: what is written is aligned, and so is all before it.
  void set_direct(bool on) noexcept;

  /// Makes what was written durable.
  void sync();

private:
  std::string path_;
  int fd_;
  bool direct_ = false;
};

/// The content of a file. Errors: `io_error`.
std::string read_checkpoint_file(const std::string& path);

} // namespace sluice::runtime
