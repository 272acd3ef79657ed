#include "sluice/runtime/checkpoint_storage.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sluice::runtime {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void throw_errno(std::string_view what, const std::string& path) {
  throw io_error(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

/// An open file or directory.
class descriptor {
public:
  descriptor(std::string path, int flags)
    : path_(std::move(path)), fd_(::open(path_.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) throw_errno("open", path_);
  }
  ~descriptor() { ::close(fd_); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  int get() const noexcept { return fd_; }
  const std::string& path() const noexcept { return path_; }

  void sync() const {
    if (::fdatasync(fd_) != 0) throw_errno("sync", path_);
  }

private:
  std::string path_;
  int fd_;
};

class local_output final : public storage_output {
public:
  explicit local_output(std::string path) : file_(std::move(path), O_WRONLY | O_CREAT | O_TRUNC) {}

  void write(std::string_view data) override {
    while (!data.empty()) {
      auto n = ::write(file_.get(), data.data(), data.size());
      if (n < 0) {
        if (errno == EINTR) continue;
        if (errno == EINVAL
            && direct_) { // a larger sector, or the rest of a write that was cut short
          set_large(false);
          continue;
        }
        throw_errno("write", file_.path());
      }
      data.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  /// Past the page cache, where the file system can.
  void set_large(bool on) noexcept override {
    if (on == direct_) return;
    const auto flags = ::fcntl(file_.get(), F_GETFL);
    if (flags < 0) return;
    if (::fcntl(file_.get(), F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0) direct_ = on;
  }

  void finish() override { file_.sync(); }

private:
  descriptor file_;
  bool direct_ = false;
};

class local_lease final : public storage_lease {
public:
  /// Open to read only: a file system with a file that may be written cannot turn read-only.
  explicit local_lease(const std::string& path) : file_(path, O_RDONLY | O_CREAT) {}

  ~local_lease() override {
    if (held_)
      ::unlink(file_.path().c_str()); // first, so that nobody waits for a file without name
  }

  bool lock() {
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) throw_errno("lock", file_.path());
    return false;
  }

  std::string holder() const {
    std::string text(256, '\0');
    auto n = ::pread(file_.get(), text.data(), text.size(), 0);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text.empty() ? "it has not said who it is" : text;
  }

  /// Whether the file is still the one of that name: its last holder may have removed it meanwhile.
  bool is_current() const {
    struct stat mine {};
    struct stat named {};
    return ::fstat(file_.get(), &mine) == 0 && ::stat(file_.path().c_str(), &named) == 0
           && mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
  }

  /// REQUIRES: it is locked and current, so that nobody else writes or removes the file.
  void hold(const std::string& holder) {
    held_ = true;
    descriptor content(file_.path(), O_WRONLY | O_TRUNC);
    if (::write(content.get(), holder.data(), holder.size()) != static_cast<ssize_t>(holder.size()))
      throw_errno("write", file_.path());
  }

private:
  descriptor file_;
  bool held_ = false;
};

class local_storage final : public checkpoint_storage {
public:
  std::unique_ptr<storage_output> create(const std::string& file) override {
    return std::make_unique<local_output>(file);
  }

  void replace(const std::string& file, std::initializer_list<std::string_view> parts) override {
    auto temporary = file + ".inprogress";
    {
      local_output out(temporary);
      for (auto part : parts) out.write(part);
      out.finish();
    }
    if (::rename(temporary.c_str(), file.c_str()) != 0) throw_errno("rename", temporary);
    sync_folder(fs::path(file).parent_path().string());
  }

  std::string read(const std::string& file) override {
    descriptor in(file, O_RDONLY);
    std::string content;
    struct stat info {};
    if (::fstat(in.get(), &info) == 0 && info.st_size > 0)
      content.reserve(static_cast<std::size_t>(info.st_size));
    char buffer[64 * 1024];
    for (;;) {
      auto n = ::read(in.get(), buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw_errno("read", file);
      if (n == 0) return content;
      content.append(buffer, static_cast<std::size_t>(n));
    }
  }

  std::optional<std::uint64_t> size(const std::string& file) override {
    std::error_code ec;
    auto bytes = fs::file_size(file, ec);
    if (ec) return std::nullopt;
    return bytes;
  }

  std::unique_ptr<storage_lease> lease(const std::string& file, std::string& holder) override {
    for (;;) {
      auto result = std::make_unique<local_lease>(file);
      if (!result->lock()) {
        holder = result->holder();
        return nullptr;
      }
      if (!result->is_current()) continue;
      result->hold(holder);
      return result;
    }
  }

  void make_folder(const std::string& folder) override {
    std::error_code ec;
    fs::create_directories(folder, ec);
    if (ec) throw io_error(fmt::format("cannot create {}: {}", folder, ec.message()));
  }

  void sync_folder(const std::string& folder) override {
    descriptor(folder, O_RDONLY | O_DIRECTORY).sync();
  }

  std::vector<std::string> list(const std::string& folder) override {
    std::vector<std::string> names;
    std::error_code ec;
    for (auto& entry : fs::directory_iterator(folder, ec))
      names.push_back(entry.path().filename().string());
    return names;
  }

  void remove(const std::string& path) noexcept override {
    std::error_code ec;
    fs::remove_all(path, ec);
  }
};

} // namespace

checkpoint_storage& storage_of(std::string_view path) {
  static local_storage local;
  if (auto scheme = path.find("://"); scheme != std::string_view::npos)
    throw plan_error(fmt::format("not supported: {}: checkpoints and jobs are kept in directories, "
                                 "which all processes of a cluster must see",
                                 path));
  return local;
}

std::string process_and_host() {
  std::string host(256, '\0');
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.c_str());
}

std::unique_ptr<storage_lease> own_directory(const std::string& directory,
                                             const std::string& user) {
  auto& storage = storage_of(directory);
  storage.make_folder(directory);
  auto holder = process_and_host();
  auto lease = storage.lease(path_in(directory, "lease"), holder);
  if (!lease) throw state_error(fmt::format("another {} uses {}: {}", user, directory, holder));
  return lease;
}

std::string path_in(std::string_view folder, std::string_view name) {
  return (fs::path(folder) / name).string();
}

} // namespace sluice::runtime
