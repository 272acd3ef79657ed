/// What users see when something is wrong: with the program, its functions, its input, its
/// snapshots.
#include "sluice/connect/file/file_sink.hpp"
#include "sluice/sluice.hpp"
#include "support/log_capture.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(failures)

namespace {

namespace fs = std::filesystem;

/// The text of the exception that `f` throws.
template <class Error, class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "(no error)";
}

bool contains(const std::string& text, std::string_view part) {
  BOOST_TEST_INFO(text);
  return text.find(part) != std::string::npos;
}

/// Counts per key; `V` is the state's type, which a test changes between two runs.
template <class V>
struct counter_of {
  value_state<V> count;
  void open(keyed_runtime_context<std::int64_t>& c) {
    count = c.state(value_state_descriptor<V>{"count"});
  }
  void process_element(const std::int64_t&, keyed_process_context<std::int64_t>&,
                       collector<std::int64_t>& out) {
    count.update(static_cast<V>(count.value() + 1));
    out.collect(static_cast<std::int64_t>(count.value()));
  }
};

template <class V>
stream_environment counting_program(const std::string& checkpoints, const std::string& uid,
                                    std::uint64_t records) {
  stream_environment env;
  env.enable_checkpointing(std::chrono::hours(1), checkpoints);
  env.checkpoint_settings().externalized = true;
  env.set_restart_strategy(no_restart{});
  env
    .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n % 3); },
                    {records, 2000.0})
    .uid("numbers")
    .key_by([](std::int64_t n) { return n; })
    .process(counter_of<V>{})
    .name("counter")
    .uid(uid)
    .add_sink([](std::int64_t) {});
  return env;
}

/// Runs the program until it has done something, takes a savepoint and stops it there.
std::string savepoint_of_counting(const std::string& directory) {
  auto env = counting_program<std::int64_t>(directory + "/chk", "count", 1'000'000);
  auto job = env.execute_async("counting");
  while (job.metrics().tasks.empty() || job.metrics().tasks[0].num_records_out == 0)
    std::this_thread::yield();
  auto path = job.stop_with_savepoint(directory + "/savepoints");
  BOOST_TEST((job.wait().status == job_status::finished));
  return path;
}

void check_that_it_runs(stream_environment& env) {
  auto job = env.execute_async("restored");
  while (job.status() == job_status::created) std::this_thread::yield();
  BOOST_TEST((job.status() == job_status::running));
  job.cancel();
  BOOST_CHECK_THROW(job.wait(), job_cancelled);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_throwing_function_fails_the_job_with_operator_subtask_time_and_text) {
  stream_environment env;
  env.from_collection<std::int64_t>({1, 2, 3})
    .assign_timestamps_and_watermarks(
      watermark_strategy<std::int64_t>::for_monotonous_timestamps().with_timestamp_assigner(
        [](std::int64_t x) { return x * 1000; }))
    .map([](std::int64_t x) {
      if (x == 2) throw std::runtime_error("no twos, please");
      return x;
    })
    .name("picky")
    .add_sink([](std::int64_t) {});
  try {
    env.execute("throwing");
    BOOST_FAIL("the job did not fail");
  } catch (const job_error& e) {
    BOOST_TEST(contains(
      e.what(), "job \"throwing\" failed: operator \"picky\", subtask 0, record time 2000 us: "
                "no twos, please"));
    BOOST_TEST(e.where().operator_name == "picky");
    BOOST_TEST(e.where().record_time.value() == 2000);
  }
}

BOOST_AUTO_TEST_CASE(a_failure_is_logged_as_an_error_unless_the_caller_waits_for_the_job) {
  auto program = [] {
    stream_environment env;
    env.from_collection<std::int64_t>({1})
      .map([](std::int64_t) -> std::int64_t { throw std::runtime_error("nothing works"); })
      .add_sink([](std::int64_t) {});
    return env;
  };
  log_capture log;
  BOOST_CHECK_THROW(program().execute("waited for"), job_error);
  BOOST_TEST(log.count("info job \"waited for\"", "nothing works") == 1u, log.text());
  stream_environment collecting;
  BOOST_CHECK_THROW(collecting.from_collection<std::int64_t>({1})
                      .map([](std::int64_t) -> std::int64_t { throw std::runtime_error("no"); })
                      .execute_and_collect("collected"),
                    job_error);
  BOOST_TEST(log.count("error") == 0u, log.text());
  BOOST_CHECK_THROW(program().execute_async("on its own").wait(), job_error);
  BOOST_TEST(log.count("error job \"on its own\"", "nothing works") == 1u, log.text());
  auto waiting = program();
  waiting.config().caller_waits = true;
  BOOST_CHECK_THROW(waiting.execute_async("waited for later").wait(), job_error);
  BOOST_TEST(log.count("info job \"waited for later\"", "nothing works") == 1u, log.text());
}

BOOST_AUTO_TEST_CASE(a_failure_names_the_subtask_that_failed_and_the_operator_within_its_chain) {
  stream_environment env;
  env.set_parallelism(3);
  env.from_sequence(1, 100)
    .partition_custom([](std::int64_t, std::uint32_t) { return 2u; },
                      [](std::int64_t x) { return x; })
    .map([](std::int64_t x) { return x; })
    .name("harmless")
    .map([](std::int64_t x) -> std::int64_t {
      if (x == 77) throw 42; // NOLINT: not even an exception
      return x;
    })
    .name("picky")
    .add_sink([](std::int64_t) {});
  try {
    env.execute("throwing");
    BOOST_FAIL("the job did not fail");
  } catch (const job_error& e) {
    BOOST_TEST(contains(e.what(), "operator \"picky\", subtask 2: an exception of type int"));
    BOOST_TEST(e.where().operator_name == "picky");
    BOOST_TEST(e.where().subtask == 2);
    BOOST_TEST(!e.where().record_time.has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_job_without_a_sink_is_refused_before_it_runs) {
  stream_environment env;
  env.from_collection({1, 2}).map([](int x) { return x; });
  BOOST_TEST(contains(error_of<plan_error>([&] { env.execute(); }), "the job has no sink"));
  BOOST_TEST(
    contains(error_of<plan_error>([] { stream_environment().execute(); }), "no operators"));
}

BOOST_AUTO_TEST_CASE(a_cyclic_graph_is_refused_with_the_names_on_the_cycle) {
  stream_environment env;
  auto first = env.from_collection({1}).map([](int x) { return x; }).name("first");
  auto second = first.map([](int x) { return x; }).name("second");
  second.add_sink([](int) {});
  first.operator_node().inputs.push_back(
    {second.operator_node().id, 0, 0, {}, nullptr, false, false});
  auto text = error_of<plan_error>([&] { env.execute(); });
  BOOST_TEST(contains(text, "cyclic"));
  BOOST_TEST(contains(text, "first"));
  BOOST_TEST(contains(text, "second"));
}

BOOST_AUTO_TEST_CASE(a_loop_that_is_never_closed_is_refused) {
  stream_environment env;
  env.from_collection({1}).iterate().map([](int x) { return x; }).add_sink([](int) {});
  BOOST_TEST(contains(error_of<plan_error>([&] { env.execute(); }), "never closed"));
}

BOOST_AUTO_TEST_CASE(a_loop_that_would_end_after_no_silence_at_all_is_refused) {
  stream_environment env;
  auto loop = env.from_collection({1}).iterate(std::chrono::seconds(0));
  loop.close_with(loop.filter([](int) { return false; }));
  loop.add_sink([](int) {});
  BOOST_TEST(contains(error_of<plan_error>([&] { env.execute(); }), "max_idle, must be positive"));
}

BOOST_AUTO_TEST_CASE(a_missing_file_fails_the_job_with_its_path) {
  stream_environment env;
  env.read_text_file("/nowhere/at-all.txt").add_sink([](const std::string&) {});
  BOOST_TEST(contains(error_of<job_error>([&] { env.execute(); }), "/nowhere/at-all.txt"));
}

BOOST_AUTO_TEST_CASE(an_unwritable_directory_fails_the_job_with_its_path) {
  stream_environment env;
  env.from_collection({"a"}).sink_to(text_file_sink("/proc/no-such-place"));
  BOOST_TEST(contains(error_of<job_error>([&] { env.execute(); }), "/proc/no-such-place"));
}

BOOST_AUTO_TEST_CASE(a_savepoint_restores_and_counts_on) {
  temporary_directory directory;
  auto path = savepoint_of_counting(directory.path());
  BOOST_TEST(fs::exists(path + "/manifest"));
  auto env = counting_program<std::int64_t>(directory.path() + "/chk2", "count", 3000);
  env.restore_from(path);
  env.set_parallelism(2);
  check_that_it_runs(env);
}

BOOST_AUTO_TEST_CASE(state_of_an_operator_that_is_gone_is_an_error_unless_allowed) {
  temporary_directory directory;
  auto path = savepoint_of_counting(directory.path());
  auto env = counting_program<std::int64_t>(directory.path() + "/chk2", "other", 10);
  env.restore_from(path);
  auto text = error_of<job_error>([&] { env.execute(); });
  BOOST_TEST(contains(text, "\"counter\""));
  BOOST_TEST(contains(text, "uid"));
  auto lenient = counting_program<std::int64_t>(directory.path() + "/chk3", "other", 10);
  lenient.restore_from(path, true);
  check_that_it_runs(lenient);
}

BOOST_AUTO_TEST_CASE(an_operator_without_a_uid_is_not_found_again_once_its_input_has_changed) {
  temporary_directory directory;
  auto program = [&](bool changed) {
    stream_environment env;
    env.enable_checkpointing(std::chrono::hours(1), directory.path() + "/chk");
    env.set_restart_strategy(no_restart{});
    auto from = env
                  .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                                  {.count = 1'000'000, .records_per_second = 2000.0})
                  .uid("numbers");
    if (changed) from = from.map([](std::int64_t n) { return n; }).name("new");
    from.key_by([](std::int64_t n) { return n % 3; })
      .process(counter_of<std::int64_t>{})
      .name("nameless counter")
      .add_sink([](std::int64_t) {});
    return env;
  };
  auto env = program(false);
  auto job = env.execute_async("counting");
  while (job.metrics().tasks.empty() || job.metrics().tasks[0].num_records_out == 0)
    std::this_thread::yield();
  auto path = job.stop_with_savepoint(directory.path() + "/savepoints");
  BOOST_TEST((job.wait().status == job_status::finished));
  auto same = program(false);
  same.restore_from(path);
  check_that_it_runs(same);
  auto changed = program(true);
  changed.restore_from(path);
  auto text = error_of<job_error>([&] { changed.execute(); });
  BOOST_TEST_INFO(text);
  BOOST_TEST(contains(text, "\"nameless counter\""));
  BOOST_TEST(contains(text, "uid"));
}

BOOST_AUTO_TEST_CASE(state_of_another_type_is_refused_naming_operator_state_and_both_types) {
  temporary_directory directory;
  auto path = savepoint_of_counting(directory.path());
  auto env = counting_program<double>(directory.path() + "/chk2", "count", 10);
  env.restore_from(path);
  auto text = error_of<job_error>([&] { env.execute(); });
  BOOST_TEST(contains(text, "\"counter\""));
  BOOST_TEST(contains(text, "\"count\""));
  BOOST_TEST(contains(text, "i64"));
  BOOST_TEST(contains(text, "f64"));
}

BOOST_AUTO_TEST_CASE(a_torn_checkpoint_is_passed_over_for_the_one_before) {
  for (auto truncate : {true, false}) {
    temporary_directory directory;
    auto checkpoints = directory.path() + "/chk";
    std::string last;
    {
      auto env = counting_program<std::int64_t>(checkpoints, "count", 1'000'000);
      auto job = env.execute_async("counting");
      while (job.metrics().tasks.empty() || job.metrics().tasks[0].num_records_out == 0)
        std::this_thread::yield();
      job.checkpoint();
      last = job.checkpoint();
      job.cancel();
      BOOST_CHECK_THROW(job.wait(), job_cancelled);
    }
    for (auto& entry : fs::directory_iterator(last)) {
      if (entry.path().extension() != ".state") continue;
      auto size = fs::file_size(entry.path());
      if (truncate) {
        fs::resize_file(entry.path(), size / 2);
      } else {
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(size / 2));
        file.put('\x55');
      }
    }
    auto env = counting_program<std::int64_t>(checkpoints, "count", 1'000'000);
    env.restore_from("latest");
    check_that_it_runs(env);
    // Named outright, the torn one is an error.
    auto strict = counting_program<std::int64_t>(checkpoints, "count", 10);
    strict.restore_from(last);
    auto text = error_of<job_error>([&] { strict.execute(); });
    BOOST_TEST(contains(text, truncate ? "truncated" : "corrupt"));
  }
}

BOOST_AUTO_TEST_CASE(a_stateless_operator_may_be_gone_or_another_when_a_savepoint_is_restored) {
  temporary_directory directory;
  auto program = [&](int version) {
    stream_environment env;
    env.enable_checkpointing(std::chrono::hours(1), directory.path() + "/chk");
    auto counted = env
                     .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                                     {.count = 1'000'000, .records_per_second = 2000.0})
                     .uid("numbers")
                     .key_by([](std::int64_t n) { return n % 3; })
                     .process(counter_of<std::int64_t>{})
                     .uid("count");
    auto positive = [](std::int64_t n) { return n > 0; };
    if (version == 1)
      counted.map([](std::int64_t n) { return n; }).filter(positive).add_sink([](std::int64_t) {});
    else
      counted.filter(positive).name("other").add_sink([](std::int64_t) {}).name("another sink");
    return env;
  };
  auto env = program(1);
  auto job = env.execute_async("counting");
  while (job.metrics().tasks.empty() || job.metrics().tasks[0].num_records_out == 0)
    std::this_thread::yield();
  auto path = job.stop_with_savepoint(directory.path() + "/savepoints");
  auto changed = program(2);
  changed.restore_from(path);
  check_that_it_runs(changed);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_directory_that_cannot_be_made_fails_the_job_at_once) {
  stream_environment env;
  env.enable_checkpointing(std::chrono::milliseconds(50), "/proc/nope");
  env.from_generator([](std::uint64_t n) { return n; }, {100'000, 1000.0})
    .add_sink([](std::uint64_t) {});
  auto text = error_of<job_error>([&] { env.execute(); });
  BOOST_TEST(contains(text, "no checkpoint can be written"));
  BOOST_TEST(contains(text, "/proc/nope"));
}

BOOST_AUTO_TEST_CASE(the_latest_checkpoint_of_no_directory_is_refused) {
  stream_environment env;
  env.restore_from("latest");
  env.from_collection({1}).add_sink([](int) {});
  BOOST_TEST(contains(error_of<job_error>([&] { env.execute(); }), "enable_checkpointing"));
}

namespace {

/// Throws where it is told to.
class throwing_sink final : public sink<int> {
public:
  explicit throwing_sink(std::string where) : where_(std::move(where)) {}

  std::string name() const override { return "throwing"; }

  std::unique_ptr<sink_writer> make_writer() const override {
    class writer final : public sink_writer {
    public:
      explicit writer(std::string where) : where_(std::move(where)) { check("make_writer"); }
      void open(io_context&, const std::vector<std::string>&) override { check("open"); }
      void write(batch&) override { check("write"); }
      bool ready() const override {
        check("ready");
        return true;
      }
      void flush() override { check("flush"); }
      std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool) override {
        check("prepare_commit");
        return nullptr;
      }
      void commit(const std::vector<std::string>&) override {}

    private:
      void check(std::string_view here) const {
        if (here == where_) throw std::runtime_error("thrown in " + where_);
      }
      std::string where_;
    };
    return std::make_unique<writer>(where_);
  }

private:
  std::string where_;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_sink_that_throws_is_named_wherever_it_does) {
  for (auto* where : {"make_writer", "open", "write", "ready", "flush", "prepare_commit"}) {
    stream_environment env;
    env.from_generator([](std::uint64_t n) { return static_cast<int>(n); }, {100, 1000.0})
      .sink_to(std::make_shared<throwing_sink>(where))
      .name("culprit");
    auto text = error_of<job_error>([&] { env.execute(); });
    BOOST_TEST(contains(text, "operator \"culprit\""));
    BOOST_TEST(contains(text, std::string("thrown in ") + where));
  }
}

BOOST_AUTO_TEST_CASE(texts_may_be_thrown) {
  stream_environment env;
  env.from_collection({1}).map([](int x) { return x == 1 ? throw "one is too few" : x; }).print();
  BOOST_TEST(contains(error_of<job_error>([&] { env.execute(); }), "one is too few"));
  stream_environment other;
  other.from_collection({1})
    .map([](int x) { return x == 1 ? throw std::string("one is too few") : x; })
    .print();
  BOOST_TEST(contains(error_of<job_error>([&] { other.execute(); }), "one is too few"));
}

namespace {

struct forgets_its_state {
  value_state<std::int64_t> count;
  void process_element(const std::int64_t&, keyed_process_context<std::int64_t>&,
                       collector<std::int64_t>&) {
    ++count.mutate();
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(what_is_missing_fails_the_job_and_not_the_process) {
  stream_environment env;
  env.from_sequence(1, 3)
    .key_by([](std::int64_t x) { return x; })
    .process(forgets_its_state{})
    .name("forgetful")
    .print();
  auto text = error_of<job_error>([&] { env.execute(); });
  BOOST_TEST(contains(text, "operator \"forgetful\""));
  BOOST_TEST(contains(text, "context.state()"));

  stream_environment without_generator;
  without_generator.from_sequence(1, 3)
    .assign_timestamps_and_watermarks(watermark_strategy<std::int64_t>::for_generator([] {
                                        return std::unique_ptr<watermark_generator<std::int64_t>>();
                                      }).with_timestamp_assigner([](std::int64_t x) { return x; }))
    .print();
  text = error_of<job_error>([&] { without_generator.execute(); });
  BOOST_TEST(contains(text, "returned no generator"));
}

BOOST_AUTO_TEST_CASE(a_restart_strategy_restarts_and_then_gives_up) {
  stream_environment env;
  env.set_restart_strategy(fixed_delay_restart{2, std::chrono::milliseconds(1)});
  auto attempts = std::make_shared<std::atomic<int>>(0);
  env.from_collection({1})
    .map([attempts](int x) {
      ++*attempts;
      if (x == 1) throw std::runtime_error("again");
      return x;
    })
    .add_sink([](int) {});
  BOOST_TEST(contains(error_of<job_error>([&] { env.execute(); }), "again"));
  BOOST_TEST(attempts->load() == 3);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
