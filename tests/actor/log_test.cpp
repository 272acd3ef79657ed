/// What operators of a service find in the log: each line names the job and, where it is about a
/// task, operator and subtask; the level says how much it matters.
#include "sluice/connect/file/file_sink.hpp"
#include "sluice/sluice.hpp"
#include "support/actor_fixture.hpp"
#include "support/log_capture.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(job_log)

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

struct logged_job {
  explicit logged_job(std::string name = "orders") { env.config().name = std::move(name); }

  data_stream<std::int64_t> slow_numbers(std::uint64_t count) {
    return env
      .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                      {.count = count, .records_per_second = 1000.0})
      .uid("numbers");
  }

  /// Runs to the end; what it ends with, as text.
  std::string run() {
    stepped_runtime runtime(3);
    auto job = runtime.submit(make_job_graph(env.program()->pending()));
    runtime.run_to_end(*job);
    try {
      job->wait_until({});
      return "finished";
    } catch (const std::exception& e) {
      return e.what();
    }
  }

  void check_logged(std::string_view begin, std::string_view part = {}, std::size_t times = 1) {
    BOOST_TEST_INFO(log.text());
    BOOST_TEST_INFO(begin << " ... " << part);
    BOOST_TEST(log.count(begin, part) == times);
  }

  log_capture log;
  stream_environment env;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(tells_the_life_of_a_job_at_info, logged_job) {
  slow_numbers(10).add_sink([](std::int64_t) {});
  BOOST_TEST(run() == "finished");
  check_logged("info job \"orders\": starting, 1 tasks");
  check_logged("info job \"orders\": running, attempt 1");
  check_logged("info job \"orders\": finished after ", " and 0 restarts");
  BOOST_TEST(log.count("warn") + log.count("error") == 0u);
}

BOOST_FIXTURE_TEST_CASE(tells_the_life_of_a_task_at_debug_with_job_operator_and_subtask,
                        logged_job) {
  slow_numbers(10)
    .name("numbers")
    .set_parallelism(2)
    .add_sink([](std::int64_t) {})
    .name("drain")
    .set_parallelism(2);
  BOOST_TEST(run() == "finished");
  for (auto subtask : {"0", "1"})
    for (auto what : {"deployed", "running", "finished"})
      check_logged(std::string("debug job \"orders\", operator \"numbers -> drain\", subtask ")
                   + subtask + ": " + what + ", attempt 1");
}

BOOST_FIXTURE_TEST_CASE(names_job_operator_and_subtask_in_every_line_about_a_task, logged_job) {
  env.set_restart_strategy(fixed_delay_restart{1, 1ms});
  slow_numbers(10)
    .map([](std::int64_t x) -> std::int64_t {
      if (x == 5) throw std::runtime_error("no fives");
      return x;
    })
    .name("picky")
    .add_sink([](std::int64_t) {});
  run();
  for (auto& line : log.lines()) {
    BOOST_TEST_INFO(line);
    BOOST_TEST(line.find(" job \"orders\"") != std::string::npos);
    // A task is known by its operator and subtask: one never comes without the other.
    BOOST_TEST((line.find("operator \"") != std::string::npos)
               == (line.find("subtask ") != std::string::npos));
  }
}

BOOST_FIXTURE_TEST_CASE(warns_of_a_failure_that_a_restart_survives, logged_job) {
  env.set_restart_strategy(fixed_delay_restart{1, 7ms});
  auto bad = std::make_shared<bool>(true);
  slow_numbers(10)
    .map([bad](std::int64_t x) {
      if (x == 5 && std::exchange(*bad, false)) throw std::runtime_error("no fives");
      return x;
    })
    .name("picky")
    .add_sink([](std::int64_t) {});
  BOOST_TEST(run() == "finished");
  check_logged(
    "warning job \"orders\", operator \"picky\", subtask 0: no fives; restart 1 in 7 ms");
  check_logged("info job \"orders\": running, attempt 2");
  check_logged("info job \"orders\": finished after ", " and 1 restarts");
}

BOOST_FIXTURE_TEST_CASE(cries_out_when_a_job_fails_that_nobody_waits_for, logged_job) {
  slow_numbers(10)
    .map([](std::int64_t) -> std::int64_t { throw std::runtime_error("nothing works"); })
    .name("picky")
    .add_sink([](std::int64_t) {});
  BOOST_TEST(run().find("nothing works") != std::string::npos);
  check_logged("error job \"orders\", operator \"picky\", subtask 0: failed after ",
               ": nothing works");
}

BOOST_FIXTURE_TEST_CASE(leaves_the_failure_that_ends_a_job_to_its_waiter, logged_job) {
  env.config().caller_waits = true; // as `execute()` does
  slow_numbers(10)
    .map([](std::int64_t) -> std::int64_t { throw std::runtime_error("nothing works"); })
    .name("picky")
    .add_sink([](std::int64_t) {});
  BOOST_TEST(run().find("nothing works") != std::string::npos);
  check_logged("info job \"orders\", operator \"picky\", subtask 0: failed after ",
               ": nothing works");
  BOOST_TEST(log.count("warn") + log.count("error") == 0u);
}

BOOST_FIXTURE_TEST_CASE(tells_of_complete_checkpoints_and_restores_at_info, logged_job) {
  temporary_directory directory;
  env.enable_checkpointing(20ms, directory.path());
  env.checkpoint_settings().externalized = true;
  slow_numbers(100).add_sink([](std::int64_t) {});
  BOOST_TEST(run() == "finished");
  check_logged("info job \"orders\": checkpoint 1 complete: ", directory.path());
  env.restore_from("latest");
  slow_numbers(100).uid("more numbers").add_sink([](std::int64_t) {});
  run();
  check_logged("info job \"orders\": restoring from " + directory.path());
}

BOOST_FIXTURE_TEST_CASE(warns_of_a_failed_checkpoint_with_the_reason, logged_job) {
  temporary_directory directory;
  auto checkpoints = directory.path() + "/checkpoints";
  env.enable_checkpointing(20ms, checkpoints);
  env.set_restart_strategy(no_restart{});
  slow_numbers(100).add_sink([checkpoints](std::int64_t) {
    if (!std::filesystem::is_directory(checkpoints)) return;
    std::filesystem::remove_all(checkpoints);
    std::ofstream(checkpoints) << "not a directory";
  });
  auto text = run();
  check_logged("warning job \"orders\": checkpoint 1 failed: ", checkpoints);
  BOOST_TEST_INFO(text);
  BOOST_TEST(text.find("checkpoint 1 failed (") != std::string::npos);
  BOOST_TEST(text.find(checkpoints) != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(cries_out_when_a_checkpoint_is_damaged_and_the_one_before_is_used,
                        logged_job) {
  for (auto truncate : {true, false}) {
    temporary_directory directory;
    auto program = [&](stream_environment& e) {
      e.config().name = "orders";
      e.enable_checkpointing(20ms, directory.path());
      e.checkpoint_settings().externalized = true;
      e.from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                       {.count = 100, .records_per_second = 1000.0})
        .uid("numbers")
        .key_by([](std::int64_t x) { return x % 5; })
        .reduce([](std::int64_t a, std::int64_t b) { return a + b; })
        .uid("sum")
        .add_sink([](std::int64_t) {});
    };
    env = stream_environment();
    program(env);
    BOOST_TEST(run() == "finished");
    std::vector<fs::path> checkpoints;
    for (auto& e : fs::directory_iterator(directory.path())) checkpoints.push_back(e.path());
    BOOST_REQUIRE(checkpoints.size() == 2u);
    auto last = *std::max_element(checkpoints.begin(), checkpoints.end(), [](auto& a, auto& b) {
      return fs::last_write_time(a / "manifest") < fs::last_write_time(b / "manifest");
    });
    auto size = fs::file_size(last / "manifest");
    if (truncate) {
      fs::resize_file(last / "manifest", size / 2);
    } else {
      std::fstream manifest(last / "manifest", std::ios::in | std::ios::out | std::ios::binary);
      manifest.seekp(static_cast<std::streamoff>(size / 2));
      manifest.put('\x55');
    }
    env = stream_environment();
    program(env);
    env.restore_from("latest");
    auto before = log.count("error");
    BOOST_TEST(run() == "finished");
    BOOST_TEST_INFO(log.text());
    BOOST_TEST(log.count("error") == before + 1);
    BOOST_TEST(log.count("error job \"orders\": ", last.string()) > 0u);
    BOOST_TEST(log.count("error job \"orders\": ", "TRYING THE CHECKPOINT BEFORE IT") > 0u);
  }
}

BOOST_FIXTURE_TEST_CASE(warns_loudly_of_output_that_will_never_be_seen, logged_job) {
  temporary_directory directory;
  env.from_generator([](std::uint64_t) { return std::string("x"); }, {.records_per_second = 10.0})
    .sink_to(text_file_sink(directory.path()))
    .name("files");
  stepped_runtime runtime(1);
  auto job = runtime.submit(make_job_graph(env.program()->pending()));
  runtime.run(2000);
  job->cancel();
  runtime.run_to_end(*job);
  check_logged("warning job \"orders\": sink \"files\"", "NO OUTPUT WILL EVER BECOME VISIBLE");
  check_logged("info job \"orders\": asked to cancel");
  check_logged("info job \"orders\": cancelled after ");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
