/// The coordinator's memory: what it holds after its process, and who may have it.
#include "sluice/cluster/job_store.hpp"

#include "sluice/core/errors.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <unistd.h>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(job_stores)

namespace {

namespace fs = std::filesystem;
using cluster::job_record;
using cluster::job_store;

job_record some_job(const std::string& name) {
  job_record r;
  r.name = name;
  r.program.text = "INSERT INTO " + name;
  r.fingerprint = "chain\nedge";
  return r;
}

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write(const fs::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

/// That a directory cannot be opened, and that the error says so.
void check_refused(const std::string& directory, const std::string& part) {
  BOOST_CHECK_EXCEPTION(job_store{directory}, state_error, [&](const state_error& e) {
    return std::string(e.what()).find(part) != std::string::npos;
  });
}

} // namespace

BOOST_AUTO_TEST_CASE(jobs_are_there_again_with_all_that_was_noted) {
  temporary_directory directory;
  {
    job_store store(directory.path() + "/jobs");
    BOOST_TEST(store.add(some_job("a")).id == 1u);
    BOOST_TEST(store.add(some_job("b")).id == 2u);
    store.update(1, [](job_record& r) {
      r.status = job_status::running;
      r.rescaled_to = 7;
      r.num_restarts = 3;
      r.checkpoints = {"/c/chk-1", "/c/chk-2"};
    });
    store.update(2, [](job_record& r) {
      r.status = job_status::failed;
      r.error = "no disk";
    });
  }
  job_store store(directory.path() + "/jobs");
  auto jobs = store.jobs();
  BOOST_TEST_REQUIRE(jobs.size() == 2u);
  BOOST_TEST(jobs[0].name == "a");
  BOOST_TEST(jobs[0].program.text == "INSERT INTO a");
  BOOST_TEST(jobs[0].fingerprint == "chain\nedge");
  BOOST_TEST(jobs[0].rescaled_to == 7u);
  BOOST_TEST(jobs[0].num_restarts == 3u);
  BOOST_TEST(jobs[0].checkpoints.back() == "/c/chk-2");
  BOOST_TEST(!jobs[0].ended());
  BOOST_TEST(jobs[1].error == "no disk");
  BOOST_TEST(jobs[1].ended());
  BOOST_TEST(store.add(some_job("c")).id == 3u);
}

// Statements may hold passwords.
BOOST_AUTO_TEST_CASE(a_directory_that_the_store_makes_is_for_its_owner) {
  namespace fs = std::filesystem;
  temporary_directory directory;
  auto path = directory.path() + "/new/jobs";
  job_store store(path);
  BOOST_TEST((fs::status(path).permissions() == fs::perms::owner_all));
}

BOOST_AUTO_TEST_CASE(one_process_at_a_time_has_a_directory) {
  temporary_directory directory;
  auto path = directory.path() + "/jobs";
  {
    job_store first(path);
    check_refused(path, "another coordinator uses");
    check_refused(path, "process " + std::to_string(::getpid()));
  }
  job_store next(path);
  BOOST_TEST(next.jobs().empty());
}

BOOST_AUTO_TEST_CASE(a_record_that_was_being_written_is_the_one_before) {
  temporary_directory directory;
  {
    job_store store(directory.path());
    store.add(some_job("a"));
  }
  write(directory.path() + "/1.job.inprogress", "SLUICEJB half a rec");
  job_store store(directory.path());
  BOOST_TEST_REQUIRE(store.jobs().size() == 1u);
  BOOST_TEST(store.jobs()[0].name == "a");
}

BOOST_AUTO_TEST_CASE(a_damaged_record_is_named_and_nothing_is_run) {
  temporary_directory directory;
  {
    job_store store(directory.path());
    store.add(some_job("a"));
  }
  auto file = fs::path(directory.path()) / "1.job";
  auto good = read(file);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write(file, bad);
    BOOST_TEST_CONTEXT("byte " << at) { check_refused(directory.path(), "1.job"); }
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    write(file, good.substr(0, size));
    BOOST_TEST_CONTEXT(size << " bytes") { check_refused(directory.path(), "1.job"); }
  }
  write(file, good);
  BOOST_TEST(job_store(directory.path()).jobs().size() == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_directory_nothing_outlives_the_store) {
  job_store store("");
  BOOST_TEST(store.add(some_job("a")).id == 1u);
  BOOST_TEST(store.find(1).has_value());
  BOOST_TEST(!store.find(2).has_value());
  BOOST_CHECK_THROW(store.update(2, [](job_record&) {}), state_error);
  BOOST_TEST(job_store("").jobs().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
