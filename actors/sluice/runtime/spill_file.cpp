#include "sluice/runtime/spill_file.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace sluice::runtime {

namespace {

[[noreturn]] void throw_errno(std::string_view what, const std::string& path) {
  auto reason = std::strerror(errno);
  throw io_error(fmt::format("cannot {} the spill file {}: {}", what, path, reason));
}

} // namespace

spill_file::spill_file(std::string directory, std::string_view purpose) {
  if (directory.empty()) {
    std::error_code ec;
    directory = std::filesystem::temp_directory_path(ec).string();
    if (ec) throw io_error(fmt::format("there is no temporary directory: {}", ec.message()));
  }
  path_ = fmt::format("{}/sluice-{}-{}-XXXXXX", directory, purpose, ::getpid());
  fd_ = ::mkostemp(path_.data(), O_CLOEXEC);
  if (fd_ < 0) throw_errno("create", path_);
  ::unlink(path_.c_str());
}

spill_file::~spill_file() { ::close(fd_); }

void spill_file::write(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0) {
      if (errno == EINTR) continue;
      throw_errno("write", path_);
    }
    offset += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string spill_file::read(std::uint64_t offset, std::uint64_t size) const {
  std::string bytes(size, '\0');
  for (std::uint64_t done = 0; done < size;) {
    auto n = ::pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_errno("read", path_);
    if (n == 0) throw io_error(fmt::format("the spill file {} ends early", path_));
    done += static_cast<std::uint64_t>(n);
  }
  return bytes;
}

} // namespace sluice::runtime
