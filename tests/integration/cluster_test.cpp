/// A job on a cluster of real processes, which are killed, stopped and started again: each record
/// is in the final files exactly once, and each key's count is unbroken.
#include "support/killed_job.hpp"
#include "support/sanitized.hpp"
#include "support/strangers.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(cluster)

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

unsigned seed_of_run() {
  if (auto* given = std::getenv("SLUICE_SEED"))
    return static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  return std::random_device{}();
}

int rounds(int usual) {
  if (auto* given = std::getenv("SLUICE_KILL_ROUNDS")) return std::atoi(given);
  return usual;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_program_runs_on_three_workers_and_ends_in_all_processes) {
  killed_job job(20000);
  auto& p = job.processes;
  p.start_coordinator();
  for (int i = 0; i < 3; ++i) p.start_worker();
  BOOST_TEST((p.wait_for_coordinator(seconds(60)) == 0), p.log());
  for (int i = 0; i < 3; ++i) BOOST_TEST((p.wait_for_worker(i, seconds(20)) == 0), p.log());
  job.check_output();
}

BOOST_AUTO_TEST_CASE(a_job_waits_for_slots_and_says_so) {
  killed_job job(2000);
  auto& p = job.processes;
  p.start_coordinator();
  p.start_worker();
  BOOST_TEST(p.wait_for_log("waits for 3 slots", seconds(20)), p.log());
  p.start_worker();
  p.start_worker();
  BOOST_TEST((p.wait_for_coordinator(seconds(60)) == 0), p.log());
  job.check_output();
}

namespace {

/// Kills `victim()` again and again until the job has ended or `kills` have been.
template <class Strike>
void run_under_fire(killed_job& job, int kills, milliseconds longest_pause, Strike strike) {
  auto seed = seed_of_run();
  std::mt19937 random(seed);
  std::printf("seed %u (SLUICE_SEED repeats it)\n", seed);
  auto& p = job.processes;
  p.start_coordinator();
  for (int i = 0; i < 4; ++i) p.start_worker();
  int done = 0;
  for (; done < kills; ++done) {
    auto pause = milliseconds(random() % static_cast<unsigned>(longest_pause.count()));
    if (p.wait_for_coordinator(pause)) break;
    strike(random);
  }
  BOOST_TEST_CONTEXT("seed " << seed << ", " << done << " kills") {
    BOOST_TEST((p.wait_for_coordinator(seconds(120)) == 0), p.log());
    job.check_output();
  }
  std::printf("%d kills\n", done);
}

} // namespace

BOOST_AUTO_TEST_CASE(workers_killed_at_any_moment_lose_and_double_nothing) {
  killed_job job(100000, 20);
  run_under_fire(job, rounds(100), milliseconds(400), [&](auto& random) {
    auto victim = static_cast<int>(random() % 4);
    job.processes.kill_worker(victim);
    job.processes.start_worker(victim);
  });
}

BOOST_AUTO_TEST_CASE(a_coordinator_killed_at_any_moment_comes_back_and_goes_on) {
  killed_job job(100000, 12);
  run_under_fire(job, rounds(40), milliseconds(800), [&](auto&) {
    job.processes.kill_coordinator();
    job.processes.start_coordinator();
  });
}

BOOST_AUTO_TEST_CASE(any_role_killed_at_any_moment_loses_and_doubles_nothing) {
  killed_job job(100000, 20);
  run_under_fire(job, rounds(80), milliseconds(500), [&](auto& random) {
    auto& p = job.processes;
    if (random() % 4 == 0) {
      p.kill_coordinator();
      p.start_coordinator();
      return;
    }
    auto victim = static_cast<int>(random() % 4);
    p.kill_worker(victim);
    p.start_worker(victim);
  });
}

BOOST_AUTO_TEST_CASE(a_frozen_worker_is_found_replaced_and_used_again) {
  killed_job job(60000, 8);
  auto& p = job.processes;
  p.start_coordinator();
  for (int i = 0; i < 3; ++i) p.start_worker();
  BOOST_TEST(p.wait_for_log("running, attempt 1", seconds(20)), p.log());
  p.start_worker(); // a spare
  BOOST_TEST(!p.wait_for_coordinator(milliseconds(1500)).has_value());
  p.stop_worker(1);
  BOOST_TEST(p.wait_for_log("is lost: no heartbeat", seconds(20)), p.log());
  BOOST_TEST(p.wait_for_log("attempt 2", seconds(20)), p.log());
  p.continue_worker(1);
  p.stop_worker(2); // only with the one that came back are there three
  BOOST_TEST((p.wait_for_coordinator(seconds(120)) == 0), p.log());
  p.continue_worker(2);
  job.check_output();
}

BOOST_AUTO_TEST_CASE(a_worker_that_gets_little_time_costs_time_only) {
  killed_job job(60000, 3);
  auto& p = job.processes;
  p.start_coordinator();
  for (int i = 0; i < 3; ++i) p.start_worker();
  BOOST_TEST(p.wait_for_log("running, attempt 1", seconds(20)), p.log());
  int stops = 0;
  for (int i = 0; i < 30; ++i) {
    p.stop_worker(1);
    auto over = p.wait_for_coordinator(milliseconds(80)); // if its part was done already
    p.continue_worker(1);
    if (over || p.wait_for_coordinator(milliseconds(20))) break;
    ++stops;
  }
  BOOST_TEST(stops > 3);
  BOOST_TEST((p.wait_for_coordinator(seconds(60)) == 0), p.log());
  BOOST_TEST(p.log().find("attempt 2") == std::string::npos);
  job.check_output();
}

BOOST_AUTO_TEST_CASE(workers_with_a_data_directory_keep_copies_while_the_job_runs) {
  killed_job job(60000, 4);
  auto& p = job.processes;
  auto data = [&](int i) { return job.directory.path() + "/worker-" + std::to_string(i); };
  p.start_coordinator();
  for (int i = 0; i < 3; ++i) p.start_worker({{"SLUICE_DATA_DIR", data(i)}});
  BOOST_TEST(p.wait_for_log("checkpoint 10 complete", seconds(20)), p.log());
  for (int i = 0; i < 3; ++i) BOOST_TEST(std::filesystem::exists(data(i) + "/local/job-1"));
  p.kill_worker(1);
  p.start_worker(1);
  BOOST_TEST((p.wait_for_coordinator(seconds(60)) == 0), p.log());
  job.check_output();
  for (int i = 0; i < 3; ++i) p.wait_for_worker(i, seconds(20));
  for (int i = 0; i < 3; ++i) BOOST_TEST(!std::filesystem::exists(data(i) + "/local/job-1"));
}

BOOST_AUTO_TEST_CASE(another_program_is_refused_and_told_what_differs) {
  killed_job job(2000);
  auto& p = job.processes;
  p.start_coordinator();
  auto command = p.command();
  command[4] = "2"; // its parallelism
  p.start_worker_of(command);
  auto code = p.wait_for_worker(0, seconds(20));
  BOOST_TEST((code && *code != 0), p.log());
  BOOST_TEST(p.wait_for_log("another program", seconds(1)), p.log());
}

BOOST_AUTO_TEST_CASE(a_worker_of_another_version_is_refused_and_told) {
  killed_job job(2000);
  auto& p = job.processes;
  p.start_coordinator();
  auto command = p.command();
  command[0] = SLUICE_KILL_JOB_NEXT_VERSION;
  p.start_worker_of(command);
  auto code = p.wait_for_worker(0, seconds(20));
  BOOST_TEST((code && *code != 0), p.log());
  BOOST_TEST(p.wait_for_log("is another version: it runs Sluice", seconds(1)), p.log());
  for (int i = 0; i < 3; ++i) p.start_worker();
  BOOST_TEST((p.wait_for_coordinator(seconds(60)) == 0), p.log());
  job.check_output();
}

BOOST_AUTO_TEST_CASE(who_does_not_know_the_secret_stays_outside) {
  killed_job job(2000);
  auto& p = job.processes;
  p.start_coordinator({{"SLUICE_SECRET", "right"}});
  p.start_worker({{"SLUICE_SECRET", "wrong"}});
  auto code = p.wait_for_worker(0, seconds(20));
  BOOST_TEST((code && *code != 0), p.log());
  BOOST_TEST(p.wait_for_log("secret", seconds(1)), p.log());
  for (int i = 0; i < 3; ++i) p.start_worker({{"SLUICE_SECRET", "right"}});
  BOOST_TEST((p.wait_for_coordinator(seconds(60)) == 0), p.log());
  job.check_output();
}

BOOST_AUTO_TEST_CASE(a_coordinator_under_attack_goes_on) {
  killed_job job(100000, 30);
  auto& p = job.processes;
  auto data_port = free_port();
  cluster_processes::settings patient{{"SLUICE_HEARTBEAT_TIMEOUT", "5"}};
  p.start_coordinator(patient);
  patient["SLUICE_DATA_PORT"] = std::to_string(data_port);
  p.start_worker(patient);
  patient.erase("SLUICE_DATA_PORT");
  for (int i = 1; i < 3; ++i) p.start_worker(patient);
  BOOST_TEST(p.wait_for_log("running, attempt 1", seconds(20)), p.log());
  auto before = p.peak_memory_of_coordinator();

  auto seed = seed_of_run();
  std::printf("seed %u (SLUICE_SEED repeats it)\n", seed);
  strangers_result at_worker;
  std::thread second([&] { at_worker = send_strangers(data_port, 10000, seed + 1); });
  auto at_coordinator = send_strangers(p.port(), 10000, seed);
  second.join();
  BOOST_TEST(!p.wait_for_coordinator(milliseconds(0)).has_value()); // it was attacked to the end
  for (auto& r : {at_coordinator, at_worker}) {
    BOOST_TEST(r.connected == 10000);
    BOOST_TEST(r.hung_up == 10000);
  }
  auto after = p.peak_memory_of_coordinator();
  std::printf("coordinator: %zu KiB before, %zu KiB at most; attacked worker: %zu KiB at most\n",
              before / 1024, after / 1024, p.peak_memory_of_worker(0) / 1024);
  if (!sanitized) BOOST_TEST(after < before + (64U << 20U)); // sanitizers keep what was freed

  BOOST_TEST((p.wait_for_coordinator(seconds(120)) == 0), p.log());
  BOOST_TEST(!p.wait_for_log("attempt 2", milliseconds(0)), p.log());
  job.check_output();
}

BOOST_AUTO_TEST_CASE(two_coordinators_never_have_one_data_directory) {
  killed_job job(60000);
  auto& p = job.processes;
  p.start_coordinator();
  BOOST_TEST(p.wait_for_log("coordinator listens", seconds(20)), p.log());
  BOOST_TEST(p.run_second_coordinator(seconds(20)) != 0);
  BOOST_TEST(p.wait_for_log("another coordinator uses", seconds(1)), p.log());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
