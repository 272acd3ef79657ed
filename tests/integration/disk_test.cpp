/// Disks that are full, read-only or not there: the job says which file and why, and loses nothing
/// that it had completed.
#include "sluice/connect/file/file_sink.hpp"
#include "sluice/sluice.hpp"
#include "support/log_capture.hpp"
#include "support/small_disk.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <fstream>
#include <memory>
#include <thread>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(disks)

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using boost::unit_test::precondition;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// What the job fails with.
std::string failure_of(stream_environment& env) {
  try {
    env.execute("full");
  } catch (const job_error& e) {
    return e.what();
  }
  return "(no failure)";
}

/// An endless program whose state grows by 10 KB per record, ten megabytes a second, while `grow`.
void add_growing_state(stream_environment& env, std::shared_ptr<std::atomic<bool>> grow
                                                = std::make_shared<std::atomic<bool>>(true)) {
  env
    .from_generator(
      [grow](std::uint64_t n) {
        return *grow ? std::pair(static_cast<std::int64_t>(n), std::string(10'000, 'x'))
                     : std::pair(std::int64_t{0}, std::string());
      },
      {.records_per_second = 1000.0})
    .uid("numbers")
    .key_by([](const auto& r) { return r.first; })
    .reduce([](const auto& a, const auto&) { return a; })
    .name("growing")
    .uid("growing")
    .add_sink([](const auto&) {});
}

std::uint64_t records_out(const job_handle& job) {
  std::uint64_t result = 0;
  for (auto& t : job.metrics().tasks) result += t.num_records_out;
  return result;
}

template <class Condition>
void wait_until(Condition met) {
  while (!met()) std::this_thread::yield();
}

void cancel(job_handle& job) {
  job.cancel();
  BOOST_CHECK_THROW(job.wait(), job_cancelled);
}

std::size_t num_visible_lines(const std::string& directory) {
  std::size_t result = 0;
  for (auto& e : fs::directory_iterator(directory)) {
    if (e.path().filename().string().starts_with('.')) continue;
    std::ifstream in(e.path());
    for (std::string line; std::getline(in, line);) ++result;
  }
  return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_checkpoint_on_a_full_disk_fails_and_the_job_goes_on_if_that_is_tolerated,
                     *precondition(small_disk::available)) {
  small_disk disk;
  log_capture log;
  stream_environment env;
  env.enable_checkpointing(20ms, disk.path());
  env.checkpoint_settings().tolerable_failures = std::nullopt;
  env.set_restart_strategy(no_restart{});
  add_growing_state(env);
  auto job = env.execute_async("full");
  wait_until([&] { return job.metrics().checkpoints.num_failed >= 2; });
  auto so_far = records_out(job);
  wait_until([&] { return records_out(job) > so_far; });
  BOOST_TEST((job.status() == job_status::running));
  cancel(job);
  BOOST_TEST_INFO(log.text());
  BOOST_TEST(log.count("warning job \"full\": checkpoint ", "No space left on device") > 0u);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_on_a_full_disk_fails_the_job_with_file_and_reason_if_it_is_not,
                     *precondition(small_disk::available)) {
  small_disk disk;
  log_capture quiet;
  stream_environment env;
  env.enable_checkpointing(20ms, disk.path());
  env.set_restart_strategy(no_restart{});
  add_growing_state(env);
  auto text = failure_of(env);
  BOOST_TEST_INFO(text);
  BOOST_TEST(contains(text, "job \"full\" failed: checkpoint "));
  BOOST_TEST(contains(text, "operator \"growing"));
  BOOST_TEST(contains(text, disk.path()));
  BOOST_TEST(contains(text, "No space left on device"));
}

BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_checkpoint_before_whole,
                     *precondition(small_disk::available)) {
  small_disk disk;
  log_capture quiet;
  auto grow = std::make_shared<std::atomic<bool>>(false);
  {
    stream_environment env;
    env.enable_checkpointing(20ms, disk.path());
    env.set_restart_strategy(no_restart{});
    add_growing_state(env, grow);
    auto job = env.execute_async("full");
    wait_until([&] { return job.metrics().checkpoints.num_completed > 0; });
    *grow = true;
    BOOST_CHECK_THROW(job.wait(), job_error);
  }
  stream_environment env;
  env.enable_checkpointing(1h, disk.path());
  env.restore_from("latest");
  *grow = false;
  add_growing_state(env, grow);
  auto job = env.execute_async("restored");
  wait_until([&] { return job.status() != job_status::created; });
  BOOST_TEST((job.status() == job_status::running));
  cancel(job);
  BOOST_TEST(quiet.count("info job \"restored\": restoring from " + disk.path()) == 1u);
}

BOOST_AUTO_TEST_CASE(a_file_sink_on_a_full_disk_fails_the_job_with_operator_file_and_reason,
                     *precondition(small_disk::available)) {
  small_disk disk;
  log_capture quiet;
  stream_environment env;
  env.from_generator([](std::uint64_t) { return std::string(999, 'x'); }, {.count = 5000})
    .sink_to(text_file_sink(disk.path()))
    .name("files");
  auto text = failure_of(env);
  BOOST_TEST_INFO(text);
  BOOST_TEST(contains(text, "operator \"files\", subtask 0"));
  BOOST_TEST(contains(text, disk.path()));
  BOOST_TEST(contains(text, "No space left on device"));
  BOOST_TEST(num_visible_lines(disk.path()) == 0u);
}

BOOST_AUTO_TEST_CASE(a_read_only_directory_is_named_by_the_file_sink_and_by_checkpoints,
                     *precondition(small_disk::available)) {
  small_disk disk(MS_RDONLY);
  log_capture quiet;
  {
    stream_environment env;
    env.from_collection({"a"}).sink_to(text_file_sink(disk.path() + "/out")).name("files");
    auto text = failure_of(env);
    BOOST_TEST_INFO(text);
    BOOST_TEST(contains(text, "operator \"files\", subtask 0"));
    BOOST_TEST(contains(text, disk.path() + "/out"));
    BOOST_TEST(contains(text, "Read-only file system"));
  }
  stream_environment env;
  env.enable_checkpointing(10ms, disk.path() + "/checkpoints");
  env.set_restart_strategy(no_restart{});
  add_growing_state(env);
  auto text = failure_of(env);
  BOOST_TEST_INFO(text);
  BOOST_TEST(contains(text, disk.path() + "/checkpoints"));
  BOOST_TEST(contains(text, "Read-only file system"));
}

BOOST_AUTO_TEST_CASE(a_directory_below_a_file_is_named_by_the_file_sink_and_by_checkpoints) {
  temporary_directory directory;
  log_capture quiet;
  auto file = directory.path() + "/file";
  std::ofstream(file) << "in the way";
  {
    stream_environment env;
    env.from_collection({"a"}).sink_to(text_file_sink(file + "/out"));
    BOOST_TEST(contains(failure_of(env), file + "/out"));
  }
  stream_environment env;
  env.enable_checkpointing(10ms, file + "/checkpoints");
  env.set_restart_strategy(no_restart{});
  add_growing_state(env);
  BOOST_TEST(contains(failure_of(env), file + "/checkpoints"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
