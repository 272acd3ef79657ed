#include "sluice/cluster/directory_lock.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sluice::cluster {

namespace fs = std::filesystem;

namespace {

/// Closes on errors; nothing is thrown while the file is nobody's.
class open_file {
public:
  explicit open_file(const std::string& path)
    : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}
  ~open_file() {
    if (fd_ >= 0) ::close(fd_);
  }
  open_file(const open_file&) = delete;

  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

private:
  int fd_;
};

std::string owner_of(int file) {
  std::string owner(256, '\0');
  auto n = ::pread(file, owner.data(), owner.size(), 0);
  owner.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return owner.empty() ? "it has not said which process it is" : owner;
}

std::string this_process() {
  std::string host(256, '\0');
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.c_str());
}

bool write_owner(int file, const std::string& owner) {
  return ::ftruncate(file, 0) == 0
         && ::pwrite(file, owner.data(), owner.size(), 0) == static_cast<ssize_t>(owner.size());
}

} // namespace

directory_lock::directory_lock(const std::string& directory, const std::string& user) {
  std::error_code ec;
  fs::create_directories(directory, ec);
  if (ec) throw io_error(fmt::format("cannot make {}: {}", directory, ec.message()));
  auto path = (fs::path(directory) / "lock").string();
  auto fail
    = [&] { throw io_error(fmt::format("cannot write {}: {}", path, std::strerror(errno))); };
  open_file file(path);
  if (file.get() < 0) fail();
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail();
    throw state_error(fmt::format("another {} uses {}: {}", user, directory, owner_of(file.get())));
  }
  if (!write_owner(file.get(), this_process())) fail();
  file_ = file.release();
}

directory_lock::~directory_lock() {
  if (file_ >= 0) ::close(file_);
}

} // namespace sluice::cluster
