/// A directory that one process has for itself.
#include "sluice/runtime/checkpoint_storage.hpp"

#include "sluice/core/errors.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(leases)

using runtime::own_directory;

BOOST_AUTO_TEST_CASE(a_directory_is_made_and_has_one_owner_at_a_time) {
  temporary_directory directory;
  auto path = directory.path() + "/made/for it";
  auto first = own_directory(path, "worker");
  BOOST_TEST(std::filesystem::is_directory(path));
  BOOST_CHECK_EXCEPTION(own_directory(path, "worker"), state_error, [&](const state_error& e) {
    return std::string(e.what()).starts_with(
      fmt::format("another worker uses {}: process {} on ", path, ::getpid()));
  });
  first.reset();
  BOOST_TEST(own_directory(path, "worker").get());
}

// The last holder removes the file while others have it open already.
BOOST_AUTO_TEST_CASE(those_who_take_turns_never_have_it_together) {
  temporary_directory directory;
  std::atomic<int> holders{0};
  std::atomic<int> turns{0};
  std::atomic<int> wrong{0};
  auto take = [&] {
    while (turns < 2000) {
      try {
        auto lease = own_directory(directory.path(), "worker");
        wrong += ++holders != 1;
        ++turns;
        --holders;
      } catch (const state_error&) { // somebody else's turn
      } catch (const io_error&) {
        ++wrong;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(take);
  for (auto& t : threads) t.join();
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_had_is_named) {
  temporary_directory directory;
  auto file = directory.path() + "/file";
  std::ofstream(file) << "x";
  auto names = [&](const std::string& path) {
    return
      [path](const io_error& e) { return std::string(e.what()).find(path) != std::string::npos; };
  };
  BOOST_CHECK_EXCEPTION(own_directory(file + "/below", "worker"), io_error, names(file));
  std::filesystem::create_directories(directory.path() + "/d/lease");
  BOOST_CHECK_EXCEPTION(own_directory(directory.path() + "/d", "worker"), io_error,
                        names(directory.path() + "/d/lease"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
