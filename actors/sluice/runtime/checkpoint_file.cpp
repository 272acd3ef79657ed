#include "sluice/runtime/checkpoint_file.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::runtime {

void throw_errno(std::string_view what, const std::string& path) {
  throw io_error(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

checkpoint_file::checkpoint_file(std::string path, int flags)
  : path_(std::move(path)), fd_(::open(path_.c_str(), flags | O_CLOEXEC, 0644)) {
  if (fd_ < 0) throw_errno("open", path_);
}

checkpoint_file::~checkpoint_file() { ::close(fd_); }

void checkpoint_file::write(std::string_view data) {
  while (!data.empty()) {
    auto n = ::write(fd_, data.data(), data.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EINVAL
          && direct_) { // a larger sector, or the rest of a write that was cut short
        set_direct(false);
        continue;
      }
      throw_errno("write", path_);
    }
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

void checkpoint_file::set_direct(bool on) noexcept {
  if (on == direct_) return;
  const auto flags = ::fcntl(fd_, F_GETFL);
  if (flags < 0) return;
  if (::fcntl(fd_, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0) direct_ = on;
}

void checkpoint_file::sync() {
  if (::fdatasync(fd_) != 0) throw_errno("sync", path_);
}

std::string read_checkpoint_file(const std::string& path) {
  auto fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw_errno("open", path);
  std::string content;
  struct stat info {};
  if (::fstat(fd, &info) == 0 && info.st_size > 0)
    content.reserve(static_cast<std::size_t>(info.st_size));
  char buffer[64 * 1024];
  for (;;) {
    auto n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      auto saved = errno;
      ::close(fd);
      errno = saved;
      throw_errno("read", path);
    }
    if (n == 0) break;
    content.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return content;
}

} // namespace sluice::runtime
