/// File systems that are full or read-only, for those who may mount them.
#pragma once

#include "support/temporary_directory.hpp"

#include <boost/test/tree/decorator.hpp>

#include <sys/mount.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

namespace sluice::testing {

/// A tmpfs of one megabyte, mounted while it lives.
class small_disk {
public:
  explicit small_disk(unsigned long flags = 0) : mounted_(mount(flags)) {
    if (!mounted_) throw std::runtime_error("no right to mount a tmpfs");
  }
  small_disk(const small_disk&) = delete;
  ~small_disk() {
    if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }

  std::string path() const { return directory_.path(); }

  /// For `boost::unit_test::precondition`: tests that need a disk are skipped, by name, where
  /// nobody may mount one.
  static boost::test_tools::assertion_result available(boost::unit_test::test_unit_id) {
    try {
      small_disk probe;
      return true;
    } catch (const std::runtime_error& e) {
      boost::test_tools::assertion_result no(false);
      no.message() << e.what();
      return no;
    }
  }

private:
  bool mount(unsigned long flags) const {
    return ::mount("tmpfs", directory_.path().c_str(), "tmpfs", flags, "size=1m") == 0;
  }

  temporary_directory directory_;
  bool mounted_;
};

/// A tmpfs over a directory that exists, mounted while it lives.
class mounted_disk {
public:
  mounted_disk(std::string path, const std::string& options) : path_(std::move(path)) {
    if (::mount("tmpfs", path_.c_str(), "tmpfs", 0, options.c_str()) != 0)
      throw std::runtime_error("no right to mount a tmpfs");
  }
  mounted_disk(const mounted_disk&) = delete;
  ~mounted_disk() { ::umount2(path_.c_str(), MNT_DETACH); }

  /// Fails while files are open for writing, so it is tried for a while.
  void set_read_only(bool on) {
    auto flags = MS_REMOUNT | (on ? static_cast<unsigned long>(MS_RDONLY) : 0ul);
    for (int i = 0; i < 10000; ++i) {
      if (::mount("tmpfs", path_.c_str(), "tmpfs", flags, nullptr) == 0) return;
      std::this_thread::yield();
    }
    throw std::runtime_error("cannot remount " + path_);
  }

private:
  std::string path_;
};

} // namespace sluice::testing
