#include "sluice/connect/file/internal/posix_file.hpp"

#include "sluice/core/errors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <system_error>

namespace sluice::internal {

void throw_errno(std::string_view doing, const std::string& path, int error) {
  throw io_error(
    fmt::format("cannot {} '{}': {}", doing, path, std::generic_category().message(error)));
}

namespace {

int open_retrying(const std::string& path, int flags, const char* doing) {
  while (true) {
    int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (fd >= 0) return fd;
    if (errno != EINTR) throw_errno(doing, path, errno);
  }
}

} // namespace

posix_file::~posix_file() {
  if (fd_ >= 0) ::close(fd_);
}

posix_file posix_file::open_to_read(const std::string& path) {
  // Nobody may ever write into a pipe that is opened by mistake.
  posix_file file(open_retrying(path, O_RDONLY | O_NONBLOCK, "read"), path);
  struct stat info {};
  if (::fstat(file.fd_, &info) != 0) throw_errno("read", path, errno);
  if (S_ISDIR(info.st_mode)) throw_errno("read", path, EISDIR);
  if (!S_ISREG(info.st_mode))
    throw io_error(fmt::format(
      "cannot read '{}': it is a pipe, a terminal or another device, not a file", path));
  return file;
}

posix_file posix_file::create(const std::string& path) {
  return {open_retrying(path, O_WRONLY | O_CREAT | O_EXCL, "create"), path};
}

posix_file posix_file::open_to_touch(const std::string& path) {
  return {open_retrying(path, O_WRONLY | O_CREAT, "create"), path};
}

posix_file posix_file::open_to_continue(const std::string& path, std::uint64_t size) {
  posix_file file(open_retrying(path, O_WRONLY, "continue"), path);
  if (file.size() < size)
    throw io_error(fmt::format("cannot continue '{}': it has {} bytes, fewer than the {} that the "
                               "checkpoint knows",
                               path, file.size(), size));
  if (::ftruncate(file.fd_, static_cast<off_t>(size)) != 0) throw_errno("truncate", path, errno);
  if (::lseek(file.fd_, 0, SEEK_END) < 0) throw_errno("continue", path, errno);
  return file;
}

std::uint64_t posix_file::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) throw_errno("examine", path_, errno);
  return static_cast<std::uint64_t>(info.st_size);
}

timestamp posix_file::modified() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) throw_errno("examine", path_, errno);
  return timestamp{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000;
}

std::size_t posix_file::read_at(std::uint64_t offset, char* out, std::size_t size) const {
  std::size_t done = 0;
  while (done < size) {
    auto got = ::pread(fd_, out + done, size - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got > 0)
      done += static_cast<std::size_t>(got);
    else if (errno != EINTR)
      throw_errno("read", path_, errno);
  }
  return done;
}

std::size_t posix_file::read_cached_at(std::uint64_t offset, char* out,
                                       std::size_t size) const noexcept {
#ifdef RWF_NOWAIT
  iovec part{out, size};
  auto got = ::preadv2(fd_, &part, 1, static_cast<off_t>(offset), RWF_NOWAIT);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
#else
  (void)offset, (void)out, (void)size;
  return 0;
#endif
}

void posix_file::write(std::string_view bytes) {
  while (!bytes.empty()) {
    auto put = ::write(fd_, bytes.data(), bytes.size());
    if (put >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(put));
    else if (errno != EINTR)
      throw_errno("write", path_, errno);
  }
}

void posix_file::sync() {
  if (::fsync(fd_) != 0) throw_errno("sync", path_, errno);
}

void posix_file::close() {
  auto fd = std::exchange(fd_, -1);
  if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) throw_errno("close", path_, errno);
}

void sync_directory(const std::string& path) {
  int fd = open_retrying(path, O_RDONLY | O_DIRECTORY, "sync");
  int result = ::fsync(fd);
  int error = errno;
  ::close(fd);
  if (result != 0 && error != EINVAL) throw_errno("sync", path, error); // EINVAL: cannot be synced
}

void make_directories(const std::string& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) throw_errno("create directory", path, code.value());
}

std::string parent_directory(const std::string& path) {
  auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

std::string random_uuid() {
  std::random_device device;
  auto word = [&] { return static_cast<unsigned>(device()); };
  auto a = word();
  auto b = word();
  auto c = word();
  auto d = word();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", a, b >> 16, b & 0xfff,
                     0x8000 | (c >> 16 & 0x3fff), c & 0xffff, d);
}

} // namespace sluice::internal
