/// kill -9 at random moments: the file sink's final files hold each record exactly once, and each
/// key's count is unbroken.
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <thread>

extern char** environ;

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(kill_and_restore)

namespace {

namespace fs = std::filesystem;

pid_t start_job(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (auto& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  BOOST_REQUIRE(::posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv.data(), environ) == 0);
  return pid;
}

/// Waits for the process, at most for `limit`. Nothing: it still runs.
std::optional<int> wait_for(pid_t pid, std::chrono::milliseconds limit) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) return status;
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::yield();
  }
}

/// Lines of the final (not hidden) files.
std::vector<std::pair<std::int64_t, std::int64_t>> visible_output(const std::string& directory) {
  std::vector<std::pair<std::int64_t, std::int64_t>> result;
  for (auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || entry.path().filename().string().starts_with(".")) continue;
    std::ifstream in(entry.path());
    std::int64_t number = 0;
    std::int64_t count = 0;
    while (in >> number >> count) result.emplace_back(number, count);
    BOOST_TEST(in.eof());
  }
  return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(killed_at_any_moment_no_record_is_lost_or_doubled) {
  auto seed = std::random_device{}();
  if (auto* given = std::getenv("SLUICE_SEED"))
    seed = static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  auto* given_rounds = std::getenv("SLUICE_KILL_ROUNDS");
  auto rounds = given_rounds ? std::atoi(given_rounds) : 50;
  std::mt19937 random(seed);
  constexpr std::int64_t count = 20000;
  int kills = 0;
  BOOST_TEST_CONTEXT("seed " << seed) {
    while (kills < rounds) {
      temporary_directory directory;
      auto output = directory.path() + "/out";
      auto checkpoints = directory.path() + "/checkpoints";
      fs::create_directories(output);
      for (int attempt = 0;; ++attempt) {
        BOOST_REQUIRE_MESSAGE(attempt < 400, "the job never ends");
        // Another parallelism now and then: restoring rescales.
        auto parallelism = std::to_string(1 + random() % 3);
        auto pid
          = start_job(SLUICE_KILL_JOB, {checkpoints, output, std::to_string(count), parallelism});
        auto patience = kills < rounds ? std::chrono::milliseconds(10 + random() % 500)
                                       : std::chrono::seconds(60);
        if (auto status = wait_for(pid, patience)) {
          BOOST_REQUIRE_MESSAGE(WIFEXITED(*status) && WEXITSTATUS(*status) == 0, "the job failed");
          break;
        }
        ::kill(pid, SIGKILL);
        wait_for(pid, std::chrono::seconds(10));
        ++kills;
      }
      auto lines = visible_output(output);
      std::set<std::int64_t> numbers;
      std::map<std::int64_t, std::set<std::int64_t>> counts;
      for (auto& [number, n] : lines) {
        numbers.insert(number);
        counts[number % 97].insert(n);
      }
      BOOST_TEST(lines.size() == static_cast<std::size_t>(count));
      BOOST_TEST(numbers.size() == static_cast<std::size_t>(count));
      for (auto& [key, seen] : counts)
        BOOST_TEST(*seen.rbegin() == static_cast<std::int64_t>(seen.size()));
    }
  }
}

namespace {

/// Waits until the checkpoint directory has a complete one besides `known`.
bool wait_for_checkpoint(const std::string& directory, const std::set<std::string>& known,
                         std::chrono::milliseconds limit) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < deadline) {
    std::error_code ec;
    for (auto& entry : fs::directory_iterator(directory, ec))
      if (!known.contains(entry.path().string()) && fs::exists(entry.path() / "manifest", ec))
        return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_sink_that_sleeps_does_not_hold_up_checkpoints_and_gets_each_record_once) {
  temporary_directory directory;
  auto output = directory.path() + "/out";
  auto checkpoints = directory.path() + "/checkpoints";
  fs::create_directories(output);
  fs::create_directories(checkpoints);
  constexpr std::int64_t count = 400;
  for (int kills = 0;; ++kills) {
    auto parallelism = kills % 2 == 0 ? "2" : "1"; // restoring rescales what was under way
    std::set<std::string> known;
    for (auto& entry : fs::directory_iterator(checkpoints)) known.insert(entry.path().string());
    auto pid = start_job(SLUICE_KILL_JOB,
                         {checkpoints, output, std::to_string(count), parallelism, "slow"});
    if (kills == 6) {
      auto status = wait_for(pid, std::chrono::seconds(60));
      BOOST_REQUIRE_MESSAGE(status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0,
                            "the job failed");
      break;
    }
    // Aligned, it would take until what is under way is written: seconds.
    BOOST_TEST(wait_for_checkpoint(checkpoints, known, std::chrono::seconds(3)));
    ::kill(pid, SIGKILL);
    wait_for(pid, std::chrono::seconds(10));
  }
  std::set<std::int64_t> numbers;
  auto lines = visible_output(output);
  for (auto& [number, n] : lines) numbers.insert(number);
  BOOST_TEST(lines.size() == static_cast<std::size_t>(count));
  BOOST_TEST(numbers.size() == static_cast<std::size_t>(count));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
