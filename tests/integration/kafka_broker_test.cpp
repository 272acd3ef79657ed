/// The Kafka connector against a real broker, which tests/services/kafka.py starts.
#include "sluice/connect/format/text.hpp"
#include "sluice/connect/kafka/kafka_sink.hpp"
#include "sluice/connect/kafka/kafka_source.hpp"
#include "sluice/sluice.hpp"
#include "support/child_process.hpp"
#include "support/kafka_client.hpp"
#include "support/kafka_service.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

struct broker {
  std::string servers = kafka_service::servers();
  kafka_client client{servers};

  kafka_source_options source(std::string topic) const {
    kafka_source_options o;
    o.bootstrap_servers = servers;
    o.topics = {std::move(topic)};
    o.bounded = kafka_offsets::latest();
    return o;
  }
  kafka_sink_options sink(kafka_delivery delivery, const std::string& prefix = {}) const {
    kafka_sink_options o;
    o.bootstrap_servers = servers;
    o.delivery = delivery;
    o.transactional_id_prefix = prefix;
    return o;
  }
};

std::vector<std::string> numbered(int from, int to) {
  std::vector<std::string> result;
  for (int i = from; i < to; ++i) result.push_back(std::to_string(i));
  return result;
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<std::string> run_source(kafka_source_options o) {
  stream_environment env;
  env.set_parallelism(2);
  return sorted(
    env.from_source(kafka_source(std::move(o), make_text_format())).execute_and_collect("read"));
}

std::vector<std::string> values(const std::vector<plain_record>& records) {
  std::vector<std::string> result;
  for (auto& r : records) result.push_back(r.value.value_or("<null>"));
  return sorted(result);
}

/// Every number below `count` there, and once unless `may_repeat`?
void check_numbers(const std::vector<std::string>& found, int count, bool may_repeat = false) {
  std::map<std::string, int> times;
  for (auto& s : found) ++times[s];
  int missing = 0;
  int doubled = 0;
  for (int i = 0; i < count; ++i) {
    auto n = times[std::to_string(i)];
    missing += n == 0;
    doubled += n > 1;
  }
  BOOST_TEST(missing == 0);
  if (may_repeat) return;
  BOOST_TEST(doubled == 0);
  BOOST_TEST(found.size() == static_cast<std::size_t>(count));
}

template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing was thrown";
}

void must_say(const std::string& message, std::initializer_list<const char*> parts) {
  for (auto* part : parts)
    BOOST_TEST(message.find(part) != std::string::npos,
               "\"" << message << "\" does not say \"" << part << "\"");
}

/// Records that a running job has let out.
class arrivals {
public:
  void add(const std::string& s) {
    std::lock_guard lock(mutex_);
    all_.push_back(s);
    changed_.notify_all();
  }
  bool wait_for_size(std::size_t n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return all_.size() >= n; });
  }
  bool wait_for(const std::string& what, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
      lock, limit, [&] { return std::find(all_.begin(), all_.end(), what) != all_.end(); });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(kafka_broker, broker)

BOOST_AUTO_TEST_CASE(every_start_and_end) {
  client.create_topic("modes", 2);
  auto at = [](int p, int n) {
    return plain_record{p, 0, {}, std::to_string(p * 100 + n), 1'000'000 + n * 1000, {}};
  };
  std::vector<plain_record> records;
  for (int p = 0; p < 2; ++p)
    for (int n = 0; n < 10; ++n) records.push_back(at(p, n));
  client.produce("modes", records);
  auto both = [](int from, int to) {
    auto all = numbered(from, to);
    for (auto& s : numbered(100 + from, 100 + to)) all.push_back(s);
    return sorted(all);
  };
  auto check
    = [&](kafka_offsets start, kafka_offsets end, const std::vector<std::string>& expected) {
        auto o = source("modes");
        o.group_id = "modes-group";
        o.starting_offsets = std::move(start);
        o.bounded = std::move(end);
        BOOST_TEST(run_source(o) == expected, boost::test_tools::per_element());
      };
  using k = kafka_offsets;
  check(k::earliest(), k::latest(), both(0, 10));
  check(k::latest(), k::latest(), {});
  check(k::at_time(1'004'000'000), k::latest(), both(4, 10));
  check(k::at_time(1'003'000'001), k::at_time(1'007'000'000), both(4, 7));
  check(k::at_time(9'000'000'000), k::latest(), {}); // behind the last
  check(k::specific({{{"modes", 0}, 8}, {{"modes", 1}, 9}}), k::latest(), {"109", "8", "9"});
  check(k::committed(kafka_offset_reset::earliest), k::latest(), both(0, 10));
  check(k::committed(kafka_offset_reset::latest), k::latest(), {});
  must_say(message_of([&] { check(k::committed(), k::latest(), {}); }),
           {"modes-group", "no committed offset", "modes:"});
  // A checkpoint commits what others then see.
  {
    auto o = source("modes");
    o.group_id = "modes-group";
    o.bounded.reset();
    o.starting_offsets = k::specific({{{"modes", 0}, 7}, {{"modes", 1}, 7}});
    temporary_directory directory;
    arrivals found;
    stream_environment env;
    env.enable_checkpointing(60s, directory.path());
    env.from_source(kafka_source(o, make_text_format())).add_sink([&](const std::string& s) {
      found.add(s);
    });
    auto job = env.execute_async("commit");
    BOOST_TEST(found.wait_for_size(6));
    job.checkpoint();
    auto deadline = std::chrono::steady_clock::now() + 20s;
    while (client.committed_offset("modes-group", "modes", 1) != 10
           && std::chrono::steady_clock::now() < deadline) {}
    job.cancel();
    BOOST_CHECK_THROW(job.wait(), job_cancelled);
  }
  BOOST_TEST((client.committed_offset("modes-group", "modes", 0) == 10));
  BOOST_TEST((client.committed_offset("modes-group", "modes", 1) == 10));
  client.produce_values("modes", 0, {"10"});
  check(k::committed(), k::latest(), {"10"});
  check(k::earliest(), k::committed(), both(0, 10));
}

BOOST_AUTO_TEST_CASE(partition_added_to_a_topic_is_read_from_its_start) {
  client.create_topic("growing", 1);
  client.produce_values("growing", 0, {"old"});
  auto o = source("growing");
  o.bounded.reset();
  o.starting_offsets = kafka_offsets::latest();
  o.partition_discovery_interval = 100ms;
  arrivals found;
  stream_environment env;
  env.from_source(kafka_source(o, make_text_format())).add_sink([&](const std::string& s) {
    found.add(s);
  });
  auto job = env.execute_async("grow");
  do { // until the source has found out where the latest offset was
    client.produce_values("growing", 0, {"tick"});
  } while (!found.wait_for("tick", 200ms));
  client.add_partitions("growing", 3);
  client.produce_values("growing", 2, {"new"});
  BOOST_TEST(found.wait_for("new", 30s));
  BOOST_TEST(!found.wait_for("old", 1ms));
  job.cancel();
  BOOST_CHECK_THROW(job.wait(), job_cancelled);
}

// One subtask reads both partitions, one far behind the other in event time. With one watermark for
// both, the records of the slow one would come too late.
BOOST_AUTO_TEST_CASE(watermarks_are_per_partition) {
  client.create_topic("times", 2);
  std::vector<plain_record> fast;
  std::vector<plain_record> slow;
  for (int i = 0; i < 5000; ++i) {
    fast.push_back({0, 0, {}, "f", 10'000'000 + i * 1000, {}});
    slow.push_back({1, 0, {}, "s", 1'000'000 + i * 1000, {}});
  }
  client.produce("times", fast);
  client.produce("times", slow);
  stream_environment env;
  env.set_parallelism(1);
  auto strategy = watermark_strategy<std::string>::for_monotonous_timestamps();
  auto sums = env.from_source(kafka_source(source("times"), make_text_format()), strategy)
                .map([](const std::string&) { return 1; })
                .key_by([](int) { return 0; })
                .window(tumbling_event_time_windows(100s))
                .reduce([](int a, int b) { return a + b; })
                .execute_and_collect("windows");
  int total = 0;
  for (auto n : sums) total += n;
  BOOST_TEST(total == 10'000);
}

BOOST_AUTO_TEST_CASE(deleted_records_are_missed_loudly) {
  client.create_topic("expired", 1);
  client.produce_values("expired", 0, numbered(0, 100));
  client.delete_before("expired", 0, 50);
  BOOST_TEST(run_source(source("expired")).size() == 50U);
  auto o = source("expired");
  o.starting_offsets = kafka_offsets::specific({{{"expired", 0}, 10}});
  must_say(message_of([&] { run_source(o); }), {"expired:0", "10", "deleted"});
}

BOOST_AUTO_TEST_CASE(topic_that_does_not_exist) {
  auto begin = std::chrono::steady_clock::now();
  must_say(message_of([&] { run_source(source("nowhere")); }), {"topic nowhere", "does not exist"});
  for (auto delivery : {kafka_delivery::at_least_once, kafka_delivery::exactly_once}) {
    auto to = sink(delivery, delivery == kafka_delivery::exactly_once ? "nowhere" : "");
    must_say(message_of([&] {
               stream_environment env;
               env.from_collection(numbered(0, 10))
                 .sink_to(kafka_sink("nowhere", make_text_encoder(), to));
               env.execute("write");
             }),
             {"topic nowhere", "does not exist"});
  }
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 30s));
}

BOOST_AUTO_TEST_CASE(every_guarantee_delivers_when_nothing_fails) {
  std::map<std::string, kafka_delivery> all{{"d-none", kafka_delivery::none},
                                            {"d-least", kafka_delivery::at_least_once},
                                            {"d-exact", kafka_delivery::exactly_once}};
  for (auto& [topic, delivery] : all) {
    client.create_topic(topic, 2);
    auto to = sink(delivery, delivery == kafka_delivery::exactly_once ? topic : "");
    stream_environment env;
    env.set_parallelism(2);
    env.from_collection(numbered(0, 20'000))
      .rebalance()
      .sink_to(kafka_sink(topic, make_text_encoder(), to));
    env.execute("write");
    check_numbers(values(client.read_settled(topic, 2)), 20'000);
  }
}

BOOST_AUTO_TEST_CASE(uncommitted_records_are_not_seen) {
  client.create_topic("hidden", 1);
  temporary_directory directory;
  stream_environment env;
  env.enable_checkpointing(60s, directory.path());
  generator_options options;
  options.records_per_second = 2000;
  env.from_generator([](std::uint64_t n) { return std::to_string(n); }, options)
    .sink_to(
      kafka_sink("hidden", make_text_encoder(), sink(kafka_delivery::exactly_once, "hidden")));
  auto job = env.execute_async("write");
  auto deadline = std::chrono::steady_clock::now() + 30s;
  while (client.read("hidden", 1, false).empty() && std::chrono::steady_clock::now() < deadline) {}
  BOOST_TEST(!client.read("hidden", 1, false).empty());
  BOOST_TEST(client.read("hidden", 1).empty());
  job.checkpoint();
  while (client.read("hidden", 1).empty() && std::chrono::steady_clock::now() < deadline) {}
  auto seen = client.read("hidden", 1);
  BOOST_TEST(!seen.empty());
  check_numbers(values(seen), static_cast<int>(seen.size()));
  job.cancel();
  BOOST_CHECK_THROW(job.wait(), job_cancelled);
  // What was written since is aborted, so that nobody has to wait for a time-out.
  BOOST_TEST(client.read_settled("hidden", 1).size() == seen.size());
}

// Two runs: the second goes on from a savepoint whose transactions it has to commit.
BOOST_AUTO_TEST_CASE(timed_out_transaction_is_an_error_and_not_a_loss_in_silence) {
  client.create_topic("late", 1);
  temporary_directory directory;
  auto to = sink(kafka_delivery::exactly_once, "late");
  to.transaction_timeout = 1s;
  auto build = [&](stream_environment& env) {
    env.enable_checkpointing(60s, directory.path());
    generator_options options;
    options.records_per_second = 1000;
    env.from_generator([](std::uint64_t n) { return std::to_string(n); }, options)
      .uid("numbers")
      .sink_to(kafka_sink("late", make_text_encoder(), to))
      .uid("out");
  };
  // No checkpoint comes within the time-out: the brokers abort, and the sink has to notice.
  stream_environment env;
  build(env);
  env.set_restart_strategy(no_restart{});
  auto job = env.execute_async("write");
  must_say(message_of([&] {
             auto result = job.wait_for(30s);
             BOOST_TEST(!result);
           }),
           {"late", "transaction"});
}

BOOST_AUTO_TEST_CASE(exactly_once_survives_kill_9) {
  auto seed = std::random_device{}();
  if (auto* given = std::getenv("SLUICE_SEED"))
    seed = static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  auto* given_rounds = std::getenv("SLUICE_KILL_ROUNDS");
  auto rounds = given_rounds ? std::atoi(given_rounds) : 10;
  std::mt19937 random(seed);
  constexpr int count = 30'000;
  int kills = 0;
  BOOST_TEST_CONTEXT("seed " << seed) {
    for (int topic = 0; kills < rounds; ++topic) {
      auto name = "killed-" + std::to_string(topic);
      client.create_topic(name, 2);
      temporary_directory directory;
      for (int attempt = 0;; ++attempt) {
        BOOST_REQUIRE_MESSAGE(attempt < 100, "the job never ends");
        child_process job(SLUICE_KAFKA_KILL_JOB,
                          {servers, name, directory.path(), std::to_string(count), "2"});
        auto patience = kills < rounds ? std::chrono::milliseconds(100 + random() % 1500)
                                       : std::chrono::milliseconds(60'000);
        if (auto status = job.wait_for(patience)) {
          BOOST_REQUIRE_MESSAGE(WIFEXITED(*status) && WEXITSTATUS(*status) == 0, "the job failed");
          break;
        }
        BOOST_REQUIRE(kills < rounds);
        job.kill();
        ++kills;
      }
      check_numbers(values(client.read_settled(name, 2)), count);
    }
  }
}

BOOST_AUTO_TEST_CASE(source_and_sinks_survive_kill_9_of_the_broker) {
  constexpr int count = 40'000;
  client.create_topic("in", 2);
  client.create_topic("out-least", 2);
  client.create_topic("out-exact", 2);
  temporary_directory directory;
  auto o = source("in");
  o.bounded = kafka_offsets::specific({{{"in", 0}, count / 2}, {{"in", 1}, count / 2}});
  stream_environment env;
  env.set_parallelism(2);
  env.enable_checkpointing(200ms, directory.path());
  env.checkpoint_settings().tolerable_failures = std::nullopt;
  auto numbers = env.from_source(kafka_source(o, make_text_format()));
  numbers.sink_to(
    kafka_sink("out-least", make_text_encoder(), sink(kafka_delivery::at_least_once)));
  numbers.sink_to(
    kafka_sink("out-exact", make_text_encoder(), sink(kafka_delivery::exactly_once, "out-exact")));
  auto job = env.execute_async("through");
  auto send = [&](int from, int to) {
    std::vector<plain_record> records;
    for (int i = from; i < to; ++i) records.push_back({i % 2, 0, {}, std::to_string(i), -1, {}});
    client.produce("in", records);
  };
  send(0, count / 4);
  BOOST_TEST(!job.wait_for(700ms));
  kafka_service::kill();
  BOOST_TEST(!job.wait_for(500ms));
  kafka_service::restart();
  send(count / 4, count / 2);
  BOOST_TEST(!job.wait_for(500ms));
  kafka_service::kill();
  kafka_service::restart();
  send(count / 2, count);
  auto result = job.wait_for(100s);
  BOOST_REQUIRE(result.has_value());
  check_numbers(values(client.read("out-least", 2)), count, result->num_restarts > 0);
  check_numbers(values(client.read_settled("out-exact", 2)), count);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
