#include "sluice/table/ops/run_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace sluice::table {

run_file::run_file(std::string directory, std::string operator_name)
  : operator_name_(std::move(operator_name)) {
  if (directory.empty()) {
    std::error_code ec;
    directory = std::filesystem::temp_directory_path(ec).string();
    if (ec)
      throw io_error(
        fmt::format("{}: there is no temporary directory: {}", operator_name_, ec.message()));
  }
  path_ = fmt::format("{}/sluice-rows-{}-XXXXXX", directory, ::getpid());
  fd_ = ::mkostemp(path_.data(), O_CLOEXEC);
  if (fd_ < 0) fail("create");
  ::unlink(path_.c_str());
}

run_file::~run_file() { ::close(fd_); }

void run_file::fail(std::string_view what) const {
  auto reason = std::strerror(errno);
  throw io_error(
    fmt::format("{}: cannot {} the temporary file {}: {}", operator_name_, what, path_, reason));
}

std::uint64_t run_file::append(std::string_view bytes) {
  auto begin = end_;
  while (!bytes.empty()) {
    auto n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(end_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write");
    end_ += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return begin;
}

void run_file::read(std::uint64_t offset, std::uint64_t size, std::string& to) const {
  to.resize(size);
  for (std::uint64_t done = 0; done < size;) {
    auto n = ::pread(fd_, to.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read");
    if (n == 0)
      throw io_error(fmt::format("{}: the temporary file {} ends early", operator_name_, path_));
    done += static_cast<std::uint64_t>(n);
  }
}

} // namespace sluice::table
