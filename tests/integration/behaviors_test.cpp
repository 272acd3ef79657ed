/// Reference program 16 and its demo, as users start them, on brokers inside this process.
#include "sluice/connect/kafka/embedded_broker.hpp"
#include "support/behaviors.hpp"
#include "support/sluice_command.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <list>
#include <regex>
#include <sstream>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

constexpr int interrupted = 130;

void must_say(const std::string& message, std::initializer_list<const char*> parts) {
  for (auto* part : parts)
    BOOST_TEST(message.find(part) != std::string::npos,
               "\"" << message << "\" does not say \"" << part << "\"");
}

/// The rows of a printed table, without the blanks around cells.
std::vector<std::string> rows_of(const std::string& output) {
  static const std::regex edge(" *\\| *");
  std::vector<std::string> rows;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);)
    if (line.find("2025-01-02") != std::string::npos)
      rows.push_back(std::regex_replace(line, edge, "|"));
  return rows;
}

struct cluster {
  embedded_broker broker;
  kafka_client client{broker.bootstrap_servers()};
  temporary_directory directory;

  script_changes script() const {
    script_changes s;
    s.servers = broker.bootstrap_servers();
    return s;
  }

  /// Reads the result topic until it says what it has to.
  template <class F>
  std::string wait_for_results(sluice_command& job, F difference) {
    std::string text;
    auto deadline = std::chrono::steady_clock::now() + 60s;
    do {
      if (job.wait_for(50ms)) return "the job has ended: " + job.output();
      text = difference(client.read("behavior_stats", 1));
    } while (!text.empty() && std::chrono::steady_clock::now() < deadline);
    return text;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(behaviors, cluster)

BOOST_AUTO_TEST_CASE(script_counts_what_comes) {
  broker.create_topic("user_behaviors", 3);
  broker.create_topic("behavior_stats", 1);
  behavior_counts events(client, "user_behaviors", 3);
  events.send(500);
  client.produce_values("user_behaviors", 0, {"{\"category\":", "no JSON at all"}); // ignored
  sluice_command job(sluice_command::sql(directory, behaviors_script(script())));
  auto difference = [&](const auto& r) { return events.difference_of_every_count(r); };
  BOOST_TEST(wait_for_results(job, difference) == "");
  events.send(500);
  BOOST_TEST(wait_for_results(job, difference) == "");
  BOOST_TEST(events.num_keys() == 20U);
  job.process().interrupt();
  BOOST_TEST((job.wait_for(20s) == interrupted));
}

BOOST_AUTO_TEST_CASE(deleted_key_is_a_tombstone) {
  broker.create_topic("user_behaviors", 1);
  broker.create_topic("behavior_stats", 1);
  client.produce_values("user_behaviors", 0,
                        {R"({"category":"a","behavior":"x","ts":"2025-01-02 03:04:05"})",
                         R"({"category":"b","behavior":"x","ts":"2025-01-02 03:04:05"})",
                         R"({"category":"a","behavior":"x","ts":"2025-01-02 03:04:06"})"});
  auto changes = script();
  changes.having = "HAVING COUNT(*) < 2";
  sluice_command job(sluice_command::sql(directory, behaviors_script(changes)));
  auto last = [](const std::vector<plain_record>& records) {
    std::map<std::string, std::string> values;
    for (auto& r : records) values[r.key.value_or("<none>")] = r.value.value_or("<null>");
    auto text = values[R"({"category":"a","behavior":"x"})"] + "\n"
                + values[R"({"category":"b","behavior":"x"})"];
    auto expected = R"(<null>
{"category":"b","behavior":"x","behavior_count":1,"update_time":"2025-01-02 03:04:05"})";
    return text == expected ? "" : text;
  };
  BOOST_TEST(wait_for_results(job, last) == "");
}

BOOST_AUTO_TEST_CASE(demo_shows_what_its_producer_sends) {
  auto n = std::string("700");
  sluice_command demo({"demo", "behaviors", "--events", n, "--rate", "0", "--seed", "7"});
  broker.create_topic("events", 2);
  sluice_command producer({"demo", "producer", "--bootstrap-servers", broker.bootstrap_servers(),
                           "--topic", "events", "--events", n, "--rate", "0", "--seed", "7"});
  BOOST_TEST((producer.wait_for(20s) == 0));
  BOOST_TEST(producer.output() == "events: 700 events\n");
  behavior_counts events(client, "events", 2);
  for (auto& r : client.read("events", 2)) events.add(r.value.value_or(""));
  BOOST_TEST(events.total() == 700);
  BOOST_TEST((demo.wait_for(60s) == 0));
  BOOST_TEST(rows_of(demo.output()) == events.table_rows(), boost::test_tools::per_element());
  BOOST_TEST(demo.output().ends_with("\n700 events in 20 counts\n"), demo.output());
}

BOOST_AUTO_TEST_CASE(demo_ends_when_it_is_interrupted) {
  sluice_command demo({"demo", "behaviors", "--rate", "1"});
  BOOST_TEST(!demo.wait_for(500ms).has_value());
  demo.process().interrupt();
  BOOST_TEST((demo.wait_for(20s) == interrupted));
  BOOST_TEST(demo.output() == "");
}

// It was as long in ending as its jobs waited for their broker.
BOOST_AUTO_TEST_CASE(interrupted_command_does_not_wait_for_brokers) {
  broker.create_topic("user_behaviors", 1);
  broker.set_down();
  sluice_command job(sluice_command::sql(directory, behaviors_script(script())));
  job.process().interrupt();
  BOOST_TEST((job.wait_for(12s) == interrupted), job.output());
  BOOST_TEST(job.output() == "cancelled\n");
}

BOOST_AUTO_TEST_CASE(demo_refuses_what_it_cannot_do) {
  auto refused = [](const std::vector<std::string>& arguments, const char* text) {
    sluice_command demo(arguments);
    auto status = demo.wait_for(20s);
    BOOST_TEST((status.has_value() && *status != 0));
    must_say(demo.output(), {"sluice: ", text});
  };
  refused({"demo"}, "subcommand");
  refused({"demo", "behaviors", "--events", "1000000"}, "--bootstrap-servers");
  refused({"demo", "behaviors", "--rate", "fast"}, "--rate");
  refused({"demo", "producer"}, "--bootstrap-servers");
}

BOOST_AUTO_TEST_CASE(demo_prints_the_script_of_the_example) {
  sluice_command demo({"demo", "behaviors", "--show-sql"});
  BOOST_TEST((demo.wait_for(20s) == 0));
  std::ifstream file(SLUICE_BEHAVIORS_SQL);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  BOOST_TEST(demo.output() == text);
}

// All at once: each of them waits for its brokers for 20 s.
BOOST_AUTO_TEST_CASE(unreachable_broker_is_an_error_after_a_while) {
  broker.create_topic("user_behaviors", 1);
  broker.set_down();
  auto servers = broker.bootstrap_servers();
  temporary_directory other;
  std::list<sluice_command> commands;
  commands.emplace_back(sluice_command::sql(directory, behaviors_script(script())));
  auto query = behaviors_script(script());
  query.resize(query.find("INSERT INTO"));
  commands.emplace_back(sluice_command::sql(other, query + "SELECT * FROM behavior_stats;"));
  commands.emplace_back(
    std::vector<std::string>{"demo", "behaviors", "--bootstrap-servers", servers});
  commands.emplace_back(
    std::vector<std::string>{"demo", "producer", "--bootstrap-servers", servers});
  auto deadline = std::chrono::steady_clock::now() + 60s;
  for (auto& c : commands) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
    BOOST_TEST((c.wait_for(std::max(left, 1ms)) == 1), c.output());
    must_say(c.output(), {servers.c_str(), "Connection refused", "topic "});
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
