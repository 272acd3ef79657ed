/// A worker's own copies of checkpoints are read in place of the shared ones, if they are right.
#include "sluice/runtime/local_copies.hpp"
#include "sluice/runtime/restore.hpp"
#include "sluice/runtime/state_file.hpp"
#include "support/log_capture.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(local_copies)

namespace {

namespace fs = std::filesystem;
using runtime::restore_point;

/// A checkpoint of one task's file in a directory, and copies beside it.
struct fixture {
  fixture() {
    for (std::uint64_t id : {1, 2, 3}) write(id);
  }

  std::string path_of(std::uint64_t id) const {
    return directory.path() + "/shared/chk-" + std::to_string(id);
  }
  std::string copy_of(std::uint64_t id) const {
    return directory.path() + "/local/chk-" + std::to_string(id) + "/task.state";
  }

  void write(std::uint64_t id) {
    fs::create_directories(path_of(id));
    runtime::state_file_writer out(path_of(id) + "/task.state");
    auto written = out.finish();
    task.file = "task.state";
    task.bytes = written.bytes;
    task.checksum = written.checksum;
  }

  restore_point point(std::uint64_t id) const {
    restore_point p;
    p.path = path_of(id);
    p.content.id = id;
    p.local = copies;
    return p;
  }

  temporary_directory directory;
  std::shared_ptr<const runtime::local_copies> copies
    = std::make_shared<const runtime::local_copies>(directory.path() + "/local");
  runtime::manifest::task task;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_copy_is_read_where_the_checkpoint_cannot_be, fixture) {
  copies->keep(1, path_of(1), "task.state");
  fs::remove_all(path_of(1));
  BOOST_TEST((point(1).open(task) != nullptr));
}

BOOST_FIXTURE_TEST_CASE(without_a_copy_the_checkpoint_is_read, fixture) {
  BOOST_TEST((point(1).open(task) != nullptr));
  fs::remove_all(path_of(1));
  BOOST_CHECK_THROW(point(1).open(task), runtime::corrupt_snapshot);
}

BOOST_FIXTURE_TEST_CASE(a_copy_that_is_damaged_is_not_used_and_warned_of, fixture) {
  log_capture log;
  copies->keep(1, path_of(1), "task.state");
  std::fstream(copy_of(1), std::ios::in | std::ios::out | std::ios::binary) << 'x';
  BOOST_TEST((copies->find(1, task) == nullptr));
  BOOST_TEST((point(1).open(task) != nullptr));
  BOOST_TEST(log.count("warning", "the local copy is not used") == 2u);
}

BOOST_FIXTURE_TEST_CASE(copies_older_than_the_one_before_are_dropped, fixture) {
  for (std::uint64_t id : {1, 2, 3}) copies->keep(id, path_of(id), "task.state");
  BOOST_TEST(!fs::exists(copy_of(1)));
  BOOST_TEST(fs::exists(copy_of(2)));
  BOOST_TEST(fs::exists(copy_of(3)));
  copies->remove();
  BOOST_TEST(!fs::exists(directory.path() + "/local"));
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_copied_costs_a_warning_only, fixture) {
  log_capture log;
  std::ofstream(directory.path() + "/local") << "a file where a directory should be";
  copies->keep(1, path_of(1), "task.state");
  BOOST_TEST(log.count("warning", "no local copy of checkpoint 1") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
