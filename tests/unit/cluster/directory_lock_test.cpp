/// A directory that one process has for itself.
#include "sluice/cluster/directory_lock.hpp"

#include "sluice/core/errors.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <unistd.h>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(directory_locks)

using cluster::directory_lock;

BOOST_AUTO_TEST_CASE(a_directory_is_made_and_has_one_owner_at_a_time) {
  temporary_directory directory;
  auto path = directory.path() + "/made/for it";
  std::optional<directory_lock> first;
  first.emplace(path, "worker");
  BOOST_TEST(std::filesystem::is_directory(path));
  BOOST_CHECK_EXCEPTION(directory_lock(path, "worker"), state_error, [&](const state_error& e) {
    return std::string(e.what()).starts_with(
      fmt::format("another worker uses {}: process {} on ", path, ::getpid()));
  });
  first.reset();
  directory_lock again(path, "worker");
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_had_is_named) {
  temporary_directory directory;
  auto file = directory.path() + "/file";
  std::ofstream(file) << "x";
  auto names = [&](const std::string& path) {
    return
      [path](const io_error& e) { return std::string(e.what()).find(path) != std::string::npos; };
  };
  BOOST_CHECK_EXCEPTION(directory_lock(file + "/below", "worker"), io_error, names(file));
  std::filesystem::create_directories(directory.path() + "/d/lock");
  BOOST_CHECK_EXCEPTION(directory_lock(directory.path() + "/d", "worker"), io_error,
                        names(directory.path() + "/d/lock"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
