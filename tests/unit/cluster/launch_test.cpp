/// Options of a cluster's processes: command line, environment, file; and what is wrong with them.
#include "sluice/cluster/launch.hpp"

#include "sluice/api/launch.hpp"
#include "sluice/core/errors.hpp"
#include "support/temporary_directory.hpp"

#include <CLI/CLI.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(launch_options)

namespace {

using cluster::options;
using std::chrono::milliseconds;

/// Set for a scope.
class environment_variable {
public:
  environment_variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~environment_variable() { ::unsetenv(name_); }
  environment_variable(const environment_variable&) = delete;

private:
  const char* name_;
};

options parse(std::vector<std::string> arguments) {
  options o;
  CLI::App app;
  cluster::add_network_options(app, o);
  cluster::add_worker_options(app, o);
  cluster::add_coordinator_options(app, o);
  std::reverse(arguments.begin(), arguments.end()); // as CLI11 wants it
  app.parse(arguments);
  return o;
}

/// What is said of a wrong command line; empty: nothing is wrong.
std::string mistake(const std::vector<std::string>& arguments) {
  try {
    parse(arguments);
  } catch (const CLI::ParseError& e) {
    return e.what();
  }
  return {};
}

/// What `validate` says.
std::string objection(const options& o) {
  try {
    cluster::validate(o);
  } catch (const plan_error& e) {
    return e.what();
  }
  return {};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The exit status of a program that calls `init` with an option, 77 if it goes on; and what it has
/// printed.
std::pair<int, std::string> end_of_program_with(std::string option) {
  temporary_directory directory;
  auto file = directory.path() + "/output";
  auto child = ::fork();
  if (child == 0) {
    auto output = ::open(file.c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    std::string name = "program";
    char* argv[] = {name.data(), option.data(), nullptr};
    int argc = 2;
    sluice::init(argc, argv);
    ::_exit(77);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  std::ifstream in(file);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}};
}

} // namespace

BOOST_AUTO_TEST_CASE(the_command_line_says_it_all) {
  auto o = parse({"--coordinator",
                  "10.0.0.1:7171",
                  "--bind",
                  "10.0.0.2",
                  "--advertise",
                  "w.lan",
                  "--data-port",
                  "7200",
                  "--slots",
                  "4",
                  "--data-dir",
                  "/d",
                  "--secret",
                  "s",
                  "--tls-cert",
                  "c",
                  "--tls-key",
                  "k",
                  "--tls-ca",
                  "a",
                  "--compression",
                  "zstd",
                  "--heartbeat-timeout",
                  "2.5",
                  "--join-timeout",
                  "7",
                  "--allow-insecure"});
  BOOST_TEST(o.coordinator_host == "10.0.0.1");
  BOOST_TEST(o.coordinator_port == 7171);
  BOOST_TEST(o.bind == "10.0.0.2");
  BOOST_TEST(o.advertise == "w.lan");
  BOOST_TEST(o.data_port == 7200);
  BOOST_TEST(o.slots == 4u);
  BOOST_TEST(o.data_dir == "/d");
  BOOST_TEST(o.secret == "s");
  BOOST_TEST_REQUIRE(o.tls.has_value());
  BOOST_TEST(o.tls->certificate == "c");
  BOOST_TEST(o.tls->key == "k");
  BOOST_TEST(o.tls->ca == "a");
  BOOST_TEST((o.compression == net::compression::zstd));
  BOOST_TEST((o.heartbeat_timeout == milliseconds(2500)));
  BOOST_TEST((o.join_timeout == std::chrono::seconds(7)));
  BOOST_TEST(o.allow_insecure);
}

BOOST_AUTO_TEST_CASE(parts_of_an_endpoint_may_be_left_out) {
  BOOST_TEST(parse({"--coordinator", "host"}).coordinator_host == "host");
  BOOST_TEST(parse({"--coordinator", "host"}).coordinator_port == 7070);
  BOOST_TEST(parse({"--coordinator", ":81"}).coordinator_host == "127.0.0.1");
  BOOST_TEST(parse({"--coordinator", ":81"}).coordinator_port == 81);
  BOOST_TEST(parse({"--coordinator", "[::1]:81"}).coordinator_host == "::1");
  BOOST_TEST(parse({"--coordinator", "h:81", "--port", "82"}).coordinator_port == 82);
}

BOOST_AUTO_TEST_CASE(the_environment_is_taken_and_the_command_line_goes_before_it) {
  environment_variable coordinator("SLUICE_COORDINATOR", "env.lan:99");
  environment_variable slots("SLUICE_SLOTS", "3");
  environment_variable secret("SLUICE_SECRET", "from the environment");
  environment_variable key("SLUICE_TLS_KEY", "k");
  environment_variable timeout("SLUICE_HEARTBEAT_TIMEOUT", "0.5");
  auto o = parse({"--slots", "5"});
  BOOST_TEST(o.coordinator_host == "env.lan");
  BOOST_TEST(o.coordinator_port == 99);
  BOOST_TEST(o.slots == 5u);
  BOOST_TEST(o.secret == "from the environment");
  BOOST_TEST(o.tls.has_value());
  BOOST_TEST((o.heartbeat_timeout == milliseconds(500)));
}

BOOST_AUTO_TEST_CASE(a_file_is_taken_and_the_command_line_goes_before_it) {
  temporary_directory directory;
  auto file = directory.path() + "/cluster.ini";
  std::ofstream(file) << "coordinator = \"file.lan:99\"\nslots = 3\nsecret = \"of the file\"\n";
  for (bool by_environment : {false, true}) {
    std::optional<environment_variable> config;
    std::vector<std::string> arguments{"--slots", "5"};
    if (by_environment)
      config.emplace("SLUICE_CLUSTER_CONFIG", file);
    else
      arguments.insert(arguments.end(), {"--cluster-config", file});
    auto o = parse(arguments);
    BOOST_TEST(o.coordinator_host == "file.lan");
    BOOST_TEST(o.slots == 5u);
    BOOST_TEST(o.secret == "of the file");
  }
  BOOST_TEST(contains(mistake({"--cluster-config", "/no/such/file"}), "/no/such/file"));
  environment_variable config("SLUICE_CLUSTER_CONFIG", "/no/such/file");
  BOOST_TEST(contains(mistake({}), "/no/such/file"));
}

BOOST_AUTO_TEST_CASE(one_file_is_for_all_roles) {
  temporary_directory directory;
  auto file = directory.path() + "/cluster.ini";
  std::ofstream(file)
    << "coordinator = \"file.lan:99\"\n# of the worker\nslots = 3\nrole = worker\n"
       "allow-insecure = true\nport = 7171\n[default]\nbind = 10.0.0.1\n";
  options o;
  CLI::App client;
  cluster::add_network_options(client, o);
  std::vector<std::string> arguments{file, "--cluster-config"};
  client.parse(arguments);
  BOOST_TEST(o.coordinator_host == "file.lan");
  BOOST_TEST(o.coordinator_port == 99);
  BOOST_TEST(o.slots == 1u);
  BOOST_TEST(o.bind == "127.0.0.1");
  BOOST_TEST(!o.allow_insecure);
}

BOOST_AUTO_TEST_CASE(what_a_file_may_not_hold_is_named_with_its_place) {
  temporary_directory directory;
  auto file = directory.path() + "/cluster.ini";
  auto mistake_in = [&](const std::string& content) {
    std::ofstream(file) << content;
    return mistake({"--cluster-config", file});
  };
  BOOST_TEST(contains(mistake_in("slots = 2\n\nslotz = 3\n"), file + ":3: "));
  BOOST_TEST(contains(mistake_in("slots = 2\n\nslotz = 3\n"), "\"slotz\""));
  BOOST_TEST(contains(mistake_in("\"slotz\" = 3 # three\n"), file + ":1: "));
  BOOST_TEST(contains(mistake_in("slots.of.mine = 3\n"), "\"slots.of.mine\""));
  BOOST_TEST(contains(mistake_in("help-all\n"), "\"help-all\""));
  BOOST_TEST(contains(mistake_in("slots = 2\n [worker]\nslots = 3\n"), file + ":2: [worker]"));
  BOOST_TEST(contains(mistake_in("slots = many\n"), "--slots"));
}

BOOST_AUTO_TEST_CASE(a_secret_may_be_in_a_file) {
  temporary_directory directory;
  auto file = directory.path() + "/secret";
  std::ofstream(file) << "first line\nsecond\n";
  BOOST_TEST(parse({"--secret-file", file}).secret == "first line");
  BOOST_TEST(contains(mistake({"--secret-file", directory.path() + "/none"}), "/none"));
  BOOST_TEST(contains(mistake({"--secret-file", file, "--secret", "s"}), "--secret"));
}

/// It would turn the secret off, and let everybody in, without a word.
BOOST_AUTO_TEST_CASE(an_empty_secret_is_refused_wherever_it_comes_from) {
  temporary_directory directory;
  auto file = directory.path() + "/secret";
  for (auto* content : {"\n", " \r\nsecond\n"}) {
    std::ofstream(file) << content;
    BOOST_TEST(contains(mistake({"--secret-file", file}), "--secret-file"));
    BOOST_TEST(contains(mistake({"--secret-file", file}), file));
  }
  BOOST_TEST(contains(mistake({"--secret", ""}), "--secret: it is empty"));
  auto config = directory.path() + "/cluster.ini";
  std::ofstream(config) << "secret = \"\"\n";
  BOOST_TEST(contains(mistake({"--cluster-config", config}), "--secret: it is empty"));
  BOOST_TEST(parse({}).secret.empty());
  for (auto* name : {"SLUICE_SECRET", "SLUICE_SECRET_FILE"}) {
    environment_variable empty(name, "");
    BOOST_TEST(contains(mistake({}), std::string(name) + ": it is empty"));
    BOOST_TEST(parse({"--secret", "s"}).secret == "s");
  }
  environment_variable blank("SLUICE_SECRET", " ");
  BOOST_TEST(contains(mistake({}), "it is empty"));
}

BOOST_AUTO_TEST_CASE(wrong_values_are_named) {
  BOOST_TEST(contains(mistake({"--coordinator", "host:port"}), "--coordinator"));
  BOOST_TEST(contains(mistake({"--coordinator", "host:70000"}), "host:70000"));
  BOOST_TEST(contains(mistake({"--slots", "0"}), "--slots"));
  BOOST_TEST(contains(mistake({"--slots", "many"}), "--slots"));
  BOOST_TEST(mistake({"--compression", "gzip"})
             == "--compression: \"gzip\" is none of lz4, none, zstd");
  BOOST_TEST(contains(mistake({"--heartbeat-timeout", "-1"}), "--heartbeat-timeout"));
  BOOST_TEST(contains(mistake({"--data-port", "70000"}), "--data-port"));
  environment_variable slots("SLUICE_SLOTS", "none");
  BOOST_TEST(contains(mistake({}), "none"));
}

BOOST_AUTO_TEST_CASE(a_program_ends_with_2_for_a_wrong_option_and_says_what_is_right) {
  auto [code, output] = end_of_program_with("--role=frob");
  BOOST_TEST(code == 2);
  BOOST_TEST(contains(output, "--role: \"frob\" is none of client, coordinator, local, worker"),
             output);
  BOOST_TEST(end_of_program_with("--role=local").first == 77);
  BOOST_TEST(end_of_program_with("--help").first == 0);
}

BOOST_AUTO_TEST_CASE(what_does_not_go_together_is_named) {
  BOOST_TEST(objection(options()).empty());
  options o;
  o.bind = "somewhere";
  BOOST_TEST(contains(objection(o), "--bind: \"somewhere\""));
  o.bind = "10.1.2.3";
  BOOST_TEST(contains(objection(o), "--allow-insecure"));
  o.allow_insecure = true;
  BOOST_TEST(objection(o).empty());
  o.bind = "::1";
  o.allow_insecure = false;
  BOOST_TEST(objection(o).empty());
  o.heartbeat_timeout = milliseconds(1);
  BOOST_TEST(contains(objection(o), "--heartbeat-timeout"));

  temporary_directory directory;
  auto file = directory.path() + "/file";
  std::ofstream(file) << "x";
  options t;
  t.tls.emplace();
  t.tls->certificate = file;
  BOOST_TEST(contains(objection(t), "--tls-key"));
  t.tls->key = directory.path() + "/none";
  BOOST_TEST(contains(objection(t), directory.path() + "/none"));
  t.tls->key = file;
  BOOST_TEST(contains(objection(t), "--tls-ca"));
  t.tls->ca = file;
  BOOST_TEST(contains(objection(t), "cannot use the CA " + file));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
