/// Reference program 16 on a real Kafka, which tests/services/kafka.py starts; and what is left of
/// it when the job or the broker is killed.
#include "support/behaviors.hpp"
#include "support/kafka_service.hpp"
#include "support/sluice_command.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

constexpr int partitions = 2;

void must_say(const std::string& message, std::initializer_list<const char*> parts) {
  for (auto* part : parts)
    BOOST_TEST(message.find(part) != std::string::npos,
               "\"" << message << "\" does not say \"" << part << "\"");
}

struct broker : kafka_service {
  kafka_client client{servers()};
  temporary_directory directory;

  /// Two topics of their own for each test.
  script_changes script(const std::string& name) {
    script_changes s;
    s.servers = servers();
    s.source_topic = name + "-in";
    s.result_topic = name + "-out";
    return s;
  }
  void create_topics(const script_changes& s) {
    client.create_topic(s.source_topic, partitions);
    client.create_topic(s.result_topic, partitions);
  }

  /// Reads committed results until they are complete; then `job` is ended.
  void check_results(sluice_command& job, const std::string& topic, const behavior_counts& events) {
    auto difference = [&](const std::vector<plain_record>& results) {
      return events.difference_of_every_count(results);
    };
    std::string text;
    auto deadline = std::chrono::steady_clock::now() + 180s;
    do {
      auto status = job.wait_for(100ms);
      BOOST_REQUIRE_MESSAGE(!status, "the job has ended: " << job.output());
      text = difference(client.read(topic, partitions));
    } while (!text.empty() && std::chrono::steady_clock::now() < deadline);
    BOOST_TEST(text == "", text << job.output());
    job.process().interrupt();
    BOOST_TEST((job.wait_for(30s) == 130), job.output());
    BOOST_TEST(difference(client.read_settled(topic, partitions)) == "");
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(behaviors_broker, broker)

BOOST_AUTO_TEST_CASE(script_counts_what_comes) {
  auto s = script("plain");
  create_topics(s);
  behavior_counts events(client, s.source_topic, partitions);
  events.send(1000);
  sluice_command job(sluice_command::sql(directory, behaviors_script(s)));
  check_results(job, s.result_topic, events);
}

BOOST_AUTO_TEST_CASE(demo_goes_on_with_the_topics_that_are_there) {
  for (auto* end : {"\n300 events in 20 counts\n", "\n500 events in 20 counts\n"}) {
    auto n = end[1] == '3' ? "300" : "200";
    sluice_command demo(
      {"demo", "behaviors", "--bootstrap-servers", servers(), "--events", n, "--rate", "0"});
    BOOST_TEST((demo.wait_for(60s) == 0));
    BOOST_TEST(demo.output().ends_with(end), demo.output());
  }
}

BOOST_AUTO_TEST_CASE(topic_that_does_not_exist_is_named) {
  auto s = script("missing");
  auto run = [&](std::initializer_list<const char*> parts) {
    sluice_command job(sluice_command::sql(directory, behaviors_script(s)));
    BOOST_TEST((job.wait_for(60s) == 1), job.output());
    must_say(job.output(), parts);
  };
  run({"missing-", "does not exist"});
  client.create_topic("missing-in", 1);
  run({"missing-out", "does not exist"});
  s = exactly_once(s, directory.path());
  s.settings += "SET 'restart-strategy.type' = 'none';\n";
  run({"missing-out", "does not exist"});
}

BOOST_AUTO_TEST_CASE(exactly_once_survives_kill_9_of_the_job) {
  auto seed = std::random_device{}();
  auto s = exactly_once(script("killed"), directory.path() + "/checkpoints");
  create_topics(s);
  auto command = sluice_command::sql(directory, behaviors_script(s));
  BOOST_TEST_CONTEXT("seed " << seed) {
    behavior_counts events(client, s.source_topic, partitions, seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 6; ++round) {
      sluice_command job(command);
      events.send(250);
      auto status = job.wait_for(std::chrono::milliseconds(100 + random() % 900));
      events.send(250);
      if (!status) status = job.wait_for(std::chrono::milliseconds(random() % 900));
      BOOST_REQUIRE_MESSAGE(!status, "the job has ended: " << job.output());
      job.process().kill();
    }
    sluice_command job(command);
    check_results(job, s.result_topic, events);
  }
}

BOOST_AUTO_TEST_CASE(exactly_once_survives_kill_9_of_the_broker) {
  auto s = exactly_once(script("broken"), directory.path() + "/checkpoints");
  create_topics(s);
  behavior_counts events(client, s.source_topic, partitions);
  sluice_command job(sluice_command::sql(directory, behaviors_script(s)));
  for (int round = 0; round < 2; ++round) {
    events.send(1000);
    BOOST_TEST(!job.wait_for(1000ms).has_value());
    kill();
    BOOST_TEST(!job.wait_for(500ms).has_value());
    restart();
  }
  events.send(1000);
  check_results(job, s.result_topic, events);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
