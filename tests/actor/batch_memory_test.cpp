/// Batch mode past its memory limit: the same results, from disk.
#include "sluice/sluice.hpp"
#include "support/actor_fixture.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <set>

#include <sys/resource.h>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

struct visit {
  std::string who;
  std::int64_t value = 0;
  timestamp when = 0;
};

/// 3,000 visits of 700 visitors, out of order by up to a minute.
data_stream<visit> visits(stream_environment& env) {
  auto make = [](std::uint64_t n) {
    auto key = n * 7919 % 700;
    return visit{"visitor number " + std::to_string(key), static_cast<std::int64_t>(n),
                 static_cast<timestamp>(n * 100'000 + n * 31 % 60 * 1'000'000)};
  };
  auto in_time = watermark_strategy<visit>::for_monotonous_timestamps().with_timestamp_assigner(
    [](const visit& v) { return v.when; });
  auto generated = env.from_generator(make, {.count = 3000, .records_per_second = {}});
  generated.set_parallelism(1);
  auto timed = generated.assign_timestamps_and_watermarks(in_time);
  timed.set_parallelism(1); // so that the order of a key's records is fixed
  return timed;
}

std::string text_of(const visit& v) { return fmt::format("{}:{}", v.who, v.value); }

/// Keeps the records of a key until the end and gives them out then.
struct at_the_end {
  void open(keyed_runtime_context<std::string>& c) {
    seen = c.state(list_state_descriptor<std::int64_t>{"seen"});
  }
  void process_element(const visit& v, keyed_process_context<std::string>& c,
                       collector<std::string>& out) {
    BOOST_TEST_REQUIRE(c.current_watermark() == min_timestamp);
    seen.add(v.value);
    if (seen.get().size() == 1) out.collect("first of " + c.current_key());
    c.timers().register_event_time_timer(1'000'000'000);
    if (v.value % 2 == 0) c.timers().register_processing_time_timer(max_timestamp - 1);
  }
  void on_timer(timestamp, keyed_process_context<std::string>& c, collector<std::string>& out) {
    std::int64_t sum = 0;
    for (auto x : seen.get()) sum = sum * 31 + x; // the order counts
    out.collect(fmt::format("{} {} {}", c.event_time_timer(), c.current_key(), sum));
  }
  void finish(collector<std::string>& out) { out.collect("finished"); }
  list_state<std::int64_t> seen;
};

struct join {
  void open(keyed_runtime_context<std::string>& c) {
    left = c.state(list_state_descriptor<std::int64_t>{"left"});
    right = c.state(value_state_descriptor<std::int64_t>{"right"});
  }
  void process_element1(const visit& v, keyed_process_context<std::string>& c,
                        collector<std::string>&) {
    left.add(v.value);
    c.timers().register_event_time_timer(1);
  }
  void process_element2(const visit& v, keyed_process_context<std::string>& c,
                        collector<std::string>&) {
    right.update(right.value() + v.value);
    c.timers().register_event_time_timer(1);
  }
  void on_timer(timestamp, keyed_process_context<std::string>& c, collector<std::string>& out) {
    std::int64_t sum = 0;
    for (auto x : left.get()) sum += x;
    out.collect(fmt::format("{} {} {}", c.current_key(), sum, right.value()));
  }
  list_state<std::int64_t> left;
  value_state<std::int64_t> right;
};

using program = std::function<data_stream<std::string>(stream_environment&)>;

std::map<std::string, program> programs() {
  std::map<std::string, program> all;
  all["sum"] = [](stream_environment& env) {
    return visits(env).key_by(&visit::who).sum(&visit::value).map(text_of);
  };
  all["reduce in order"] = [](stream_environment& env) {
    return visits(env)
      .key_by(&visit::who)
      .reduce([](const visit& a, const visit& b) {
        return visit{a.who, a.value * 31 + b.value, 0};
      })
      .map(text_of);
  };
  all["process"]
    = [](stream_environment& env) { return visits(env).key_by(&visit::who).process(at_the_end{}); };
  all["co_process"] = [](stream_environment& env) {
    return visits(env).key_by(&visit::who).connect(visits(env).key_by(&visit::who)).process(join{});
  };
  all["tumbling"] = [](stream_environment& env) {
    return visits(env)
      .key_by(&visit::who)
      .window(tumbling_event_time_windows(20s))
      .sum(&visit::value)
      .map(text_of);
  };
  all["sliding, records kept"] = [](stream_environment& env) {
    return visits(env)
      .key_by(&visit::who)
      .window(sliding_event_time_windows(60s, 20s))
      .process<std::string>([](const std::string& key, const window_context& c, const auto& records,
                               collector<std::string>& out) {
        std::int64_t n = 0;
        for (auto& v : records) n += v.value;
        out.collect(fmt::format("{} {} {}", key, c.window.start, n));
      });
  };
  all["sessions"] = [](stream_environment& env) {
    return visits(env)
      .key_by(&visit::who)
      .window(event_time_session_windows(75s))
      .sum(&visit::value)
      .map(text_of);
  };
  all["count"] = [](stream_environment& env) {
    return visits(env).key_by(&visit::who).count_window(3).sum(&visit::value).map(text_of);
  };
  all["sliding count"] = [](stream_environment& env) {
    return visits(env).key_by(&visit::who).count_window(4, 2).sum(&visit::value).map(text_of);
  };
  all["global"] = [](stream_environment& env) {
    return visits(env).key_by(&visit::who).window(global_windows()).sum(&visit::value).map(text_of);
  };
  return all;
}

struct outcome {
  std::vector<std::string> results; ///< sorted
  std::uint64_t spilled = 0;
  std::string error;
};

/// Files of `directory` that this process has open, also if their names are gone.
std::size_t open_files_of(const std::string& directory) {
  std::size_t n = 0;
  for (auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ec;
    auto target = std::filesystem::read_symlink(entry.path(), ec);
    if (!ec && target.string().starts_with(directory + "/")) ++n;
  }
  return n;
}

outcome run(const program& p, std::optional<std::size_t> limit, std::uint64_t seed,
            std::uint32_t parallelism, std::string directory = {},
            std::optional<std::size_t> cancel_after = {}) {
  temporary_directory temporary;
  if (directory.empty()) directory = temporary.path();
  stream_environment env;
  env.set_execution_mode(execution_mode::batch).set_parallelism(parallelism);
  env.set_temp_directory(directory);
  if (limit) env.set_batch_memory_limit(*limit);
  outcome result;
  auto kept = std::make_shared<std::vector<std::string>>();
  p(env).add_sink([kept](const std::string& x) { kept->push_back(x); });
  {
    stepped_runtime runtime(seed);
    auto job = runtime.submit(make_job_graph(env.program()->pending()));
    if (cancel_after) {
      runtime.run(*cancel_after);
      job->cancel();
    }
    runtime.run_to_end(*job);
    try {
      job->wait_until({});
    } catch (const error& e) {
      result.error = e.what();
    }
    for (auto& t : job->metrics().tasks)
      if (auto at = t.counters.find("spilled_bytes"); at != t.counters.end())
        result.spilled += at->second;
  }
  BOOST_TEST(open_files_of(directory) == 0u);
  std::error_code ec;
  if (std::filesystem::is_directory(directory, ec))
    BOOST_TEST(std::filesystem::is_empty(directory, ec));
  result.results = std::move(*kept);
  std::sort(result.results.begin(), result.results.end());
  return result;
}

} // namespace

BOOST_AUTO_TEST_SUITE(batch_memory)

BOOST_AUTO_TEST_CASE(results_with_a_tiny_memory_limit_are_those_without) {
  for (auto& [name, p] : programs()) {
    for (std::uint32_t parallelism : {1u, 3u}) {
      auto whole = run(p, {}, 1, parallelism);
      BOOST_TEST(whole.error == "");
      BOOST_TEST(whole.spilled == 0u);
      BOOST_TEST(whole.results.size() > 100u);
      for (std::size_t limit : {1u, 5'000u, 20'000u}) {
        BOOST_TEST_CONTEXT(name << ", parallelism " << parallelism << ", limit " << limit) {
          auto spilled = run(p, limit, limit + 7, parallelism);
          BOOST_TEST(spilled.error == "");
          BOOST_TEST(spilled.spilled > 0u);
          BOOST_TEST((spilled.results == whole.results));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_user_function_is_opened_and_finished_once_per_subtask) {
  auto all = run(programs()["process"], 1, 3, 2).results;
  BOOST_TEST(std::count(all.begin(), all.end(), "finished") == 2);
}

BOOST_AUTO_TEST_CASE(nothing_is_late_in_batch_mode) {
  // In order of time, most visits would come after the windows of a minute before have fired.
  auto all = run(programs()["tumbling"], {}, 5, 1).results;
  std::int64_t total = 0;
  for (auto& line : all) total += std::stoll(line.substr(line.find(':') + 1));
  BOOST_TEST(total == 3000 * 2999 / 2);
}

BOOST_AUTO_TEST_CASE(a_keyed_operator_inside_a_loop_keeps_the_loop_going) {
  // What it kept on disk until the end of its input would come back after the end of the loop.
  program p = [](stream_environment& env) {
    auto loop = env.from_sequence(1, 500).iterate();
    auto halved = loop.key_by([](std::int64_t x) { return x; })
                    .process([](const std::int64_t& x, keyed_process_context<std::int64_t>&,
                                collector<std::int64_t>& out) { out.collect(x / 2); });
    loop.close_with(halved.filter([](std::int64_t x) { return x >= 10; }));
    return halved.filter([](std::int64_t x) { return x < 10; }).map([](std::int64_t x) {
      return std::to_string(x);
    });
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto result = run(p, 1, seed, 2);
    BOOST_TEST(result.error == "");
    BOOST_TEST(result.results.size() == 500u);
  }
}

BOOST_AUTO_TEST_CASE(files_are_gone_after_cancelling_at_any_moment) {
  for (std::size_t steps = 0; steps < 1500; steps += 50)
    run(programs()["sum"], 1, steps, 2, {}, steps); // checks the files
}

BOOST_AUTO_TEST_CASE(a_missing_temporary_directory_fails_the_job_naming_operator_and_path) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    auto text = run(programs()["sum"], 1, seed, 1, "/nowhere/at-all").error;
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST((text.find("operator \"sum\", subtask 0") != std::string::npos));
      BOOST_TEST((text.find("cannot create the spill file /nowhere/at-all/") != std::string::npos));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_full_disk_fails_the_job_naming_operator_and_path) {
  // As far as a process can tell, a disk is full when a file may not grow.
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight{4096, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  auto result = run(programs()["sum"], 1, 1, 1);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  BOOST_TEST_CONTEXT(result.error) {
    BOOST_TEST((result.error.find("operator \"sum\", subtask 0") != std::string::npos));
    BOOST_TEST((result.error.find("cannot write the spill file /") != std::string::npos));
    BOOST_TEST((result.error.find("too large") != std::string::npos));
  }
}

BOOST_AUTO_TEST_CASE(records_without_an_encoding_fail_with_what_to_do) {
  class opaque {
  public:
    opaque() = default;
    explicit opaque(std::string key) : key_(std::move(key)) {}
    const std::string& key() const { return key_; }

  private:
    std::string key_;
  };
  program p = [](stream_environment& env) {
    return visits(env)
      .map([](const visit& v) { return opaque(v.who); })
      .key_by([](const opaque& o) { return o.key(); })
      .process([](const opaque& o, keyed_process_context<std::string>& c, collector<std::string>&) {
        c.timers().register_event_time_timer(static_cast<timestamp>(o.key().size()));
      })
      .name("a keyed process");
  };
  BOOST_TEST(run(p, {}, 1, 1).error == "");
  auto text = run(p, 1000, 1, 1).error;
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST((text.find("a keyed process") != std::string::npos));
    BOOST_TEST((text.find("opaque") != std::string::npos));
    BOOST_TEST((text.find("set_batch_memory_limit") != std::string::npos));
  }
}

BOOST_AUTO_TEST_CASE(limits_that_make_no_sense_are_refused) {
  stream_environment env;
  env.from_collection({1}).add_sink([](int) {});
  env.set_batch_memory_limit(0);
  BOOST_CHECK_THROW(env.explain(), plan_error);
  env.set_batch_memory_limit(1).enable_checkpointing(1s, "somewhere");
  BOOST_CHECK_THROW(env.explain(), plan_error);
  env.config().batch_memory_limit.reset();
  env.explain();
  env.set_feedback_memory_limit(0);
  BOOST_CHECK_THROW(env.explain(), plan_error);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
