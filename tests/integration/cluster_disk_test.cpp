/// A cluster whose disks fill up and turn read-only.
#include "support/killed_job.hpp"
#include "support/small_disk.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(cluster_disk)

namespace {

using boost::unit_test::precondition;
using std::chrono::milliseconds;
using std::chrono::seconds;

void start(killed_job& job) {
  job.processes.start_coordinator();
  for (int i = 0; i < 3; ++i) job.processes.start_worker();
}

void finish(killed_job& job) {
  BOOST_TEST((job.processes.wait_for_coordinator(seconds(120)) == 0), job.processes.log());
  job.check_output();
}

} // namespace

BOOST_AUTO_TEST_CASE(a_checkpoint_directory_that_turns_read_only_costs_checkpoints_only,
                     *precondition(small_disk::available)) {
  killed_job job(50000, 6);
  auto checkpoints = job.directory.path() + "/checkpoints";
  std::filesystem::create_directories(checkpoints);
  mounted_disk disk(checkpoints, "size=64m");
  start(job);
  auto& p = job.processes;
  BOOST_TEST(p.wait_for_log("checkpoint 20 complete", seconds(20)), p.log());
  disk.set_read_only(true);
  BOOST_TEST(p.wait_for_log("Read-only file system", seconds(20)), p.log());
  BOOST_TEST(!p.wait_for_coordinator(milliseconds(500)).has_value());
  disk.set_read_only(false);
  finish(job);
}

BOOST_AUTO_TEST_CASE(a_worker_whose_disk_is_full_says_so_and_goes_on_when_there_is_room,
                     *precondition(small_disk::available)) {
  killed_job job(50000, 6);
  mounted_disk disk(job.output, "size=64m");
  start(job);
  auto& p = job.processes;
  BOOST_TEST(p.wait_for_log("checkpoint 20 complete", seconds(20)), p.log());
  auto filler = job.output + "/.filler";
  {
    std::ofstream fill(filler);
    std::string megabyte(1 << 20, 'x');
    while (fill.write(megabyte.data(), 1 << 20) && fill.flush()) {}
  }
  BOOST_TEST(p.wait_for_log("No space left on device", seconds(20)), p.log());
  BOOST_TEST(!p.wait_for_coordinator(milliseconds(300)).has_value());
  std::filesystem::remove(filler);
  finish(job);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
