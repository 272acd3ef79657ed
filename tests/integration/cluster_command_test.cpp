/// The `sluice` command and a cluster: roles, jobs, workers, SQL, exit statuses.
#include "support/command_cluster.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(cluster_command)

namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// The lines of all finished files below a directory.
std::vector<std::string> lines_below(const std::string& directory) {
  std::vector<std::string> lines;
  for (auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || entry.path().filename().string().starts_with(".")) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string csv_table(const std::string& name, const std::string& columns,
                      const std::string& path) {
  return fmt::format("CREATE TABLE {} ({}) WITH ('connector' = 'filesystem', 'path' = '{}', "
                     "'format' = 'csv');\n",
                     name, columns, path);
}

/// Numbers that go on for ever, into files of numbers. Needs two checkpoint settings, too.
std::string endless_script(const std::string& output, const std::string& checkpoints) {
  return fmt::format("SET 'execution.checkpointing.interval' = '200 ms';\n"
                     "SET 'execution.checkpointing.dir' = '{}';\n"
                     "CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen',\n"
                     "  'rows-per-second' = '500', 'fields.id.kind' = 'sequence',\n"
                     "  'fields.id.start' = '1', 'fields.id.end' = '1000000000');\n",
                     checkpoints)
         + csv_table("kept", "id BIGINT", output) + "INSERT INTO kept SELECT id FROM numbers;\n";
}

void check_no_number_is_there_twice(const std::string& directory) {
  auto lines = lines_below(directory);
  BOOST_TEST(!lines.empty());
  BOOST_TEST((std::adjacent_find(lines.begin(), lines.end()) == lines.end()));
}

/// A port of loopback that somebody listens on.
class listening_socket {
public:
  listening_socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    BOOST_TEST_REQUIRE(::bind(fd_, address, size) == 0);
    BOOST_TEST_REQUIRE(::listen(fd_, 1) == 0);
    BOOST_TEST_REQUIRE(::getsockname(fd_, address, &size) == 0);
    port_ = ntohs(at.sin_port);
  }
  ~listening_socket() { ::close(fd_); }
  listening_socket(const listening_socket&) = delete;

  std::uint16_t port() const noexcept { return port_; }

private:
  int fd_;
  std::uint16_t port_ = 0;
};

std::vector<pid_t> processes_of(const std::string& text) {
  std::vector<pid_t> all;
  std::regex process("process ([0-9]+)");
  for (std::sregex_iterator at(text.begin(), text.end(), process), end; at != end; ++at)
    all.push_back(std::stoi((*at)[1]));
  return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_batch_job_of_sql_runs_on_two_workers) {
  command_cluster cluster(2, 2);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  auto input = cluster.directory() + "/in";
  auto output = cluster.directory() + "/out";
  std::map<int, long> expected;
  fs::create_directories(input);
  for (int file = 0; file < 4; ++file) {
    std::ofstream out(fmt::format("{}/{}.csv", input, file));
    for (int i = 0; i < 2000; ++i) {
      out << i % 17 << ',' << i + file << '\n';
      expected[i % 17] += i + file;
    }
  }
  auto r
    = cluster.sql(csv_table("sales", "k INT, amount BIGINT", input)
                    + csv_table("sums", "k INT, total BIGINT, made_at TIMESTAMP_LTZ(6)", output)
                    + "INSERT INTO sums SELECT k, SUM(amount), CURRENT_TIMESTAMP FROM sales "
                      "GROUP BY k;\n",
                  {"--mode", "batch", "-p", "4"});
  BOOST_TEST(r.code == 0, r.output << cluster.log());
  std::map<int, long> found;
  std::set<std::string> times; // of the submission: the same in both processes
  for (auto& line : lines_below(output)) {
    auto first = line.find(',');
    auto second = line.find(',', first + 1);
    found[std::stoi(line)] = std::stol(line.substr(first + 1));
    times.insert(line.substr(second + 1));
  }
  BOOST_TEST((found == expected));
  BOOST_TEST(times.size() == 1u);
  for (int i : {1, 2})
    BOOST_TEST(content_of(fmt::format("{}/cluster/logs/worker-{}.log", cluster.directory(), i))
                 .find("tasks here")
               != std::string::npos);

  auto jobs = cluster.run({"jobs", "list", "--json"}).json().as_array();
  BOOST_TEST_REQUIRE(jobs.size() == 1u);
  BOOST_TEST(jobs[0].at("status").as_string() == "finished");
  auto people = cluster.run({"jobs", "list"});
  BOOST_TEST(people.output.starts_with("JOB  NAME"), people.output);
  BOOST_TEST(people.output.find("finished") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ctrl_c_ends_all_processes_of_a_local_cluster) {
  command_cluster cluster(2, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  auto workers = cluster.run({"workers", "list", "--json"});
  BOOST_TEST(workers.code == 0, workers.output);
  BOOST_TEST(workers.json().as_array().size() == 2u);
  auto processes = processes_of(cluster.output());
  BOOST_TEST(processes.size() == 3u, cluster.output());
  cluster.up().process().signal(SIGINT);
  BOOST_TEST((cluster.up().wait_for(seconds(30)) == 0), cluster.log());
  for (auto pid : processes) BOOST_TEST((::kill(pid, 0) == -1 && errno == ESRCH));
}

BOOST_AUTO_TEST_CASE(a_local_cluster_that_is_killed_leaves_no_process) {
  command_cluster cluster(2, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  auto processes = processes_of(cluster.output());
  BOOST_TEST_REQUIRE(processes.size() == 3u, cluster.output());
  cluster.up().process().kill();
  for (auto pid : processes)
    BOOST_TEST(eventually([&] { return ::kill(pid, 0) == -1 && errno == ESRCH; }, seconds(30)),
               "process " << pid << " runs on" << cluster.log());
}

BOOST_AUTO_TEST_CASE(jobs_are_saved_rescaled_stopped_resumed_and_cancelled) {
  command_cluster cluster(2, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  auto output = cluster.directory() + "/out";
  auto script = endless_script(output, cluster.directory() + "/checkpoints");
  auto started = cluster.sql(script, {"--detach"});
  BOOST_TEST_REQUIRE(started.code == 0, started.output << cluster.log());
  BOOST_TEST(started.output.starts_with("job 1: "), started.output);
  BOOST_TEST(eventually([&] { return cluster.status(1) == "running"; }), cluster.log());
  // The first checkpoint may be refused while tasks start.
  command_result r;
  BOOST_TEST(eventually([&] {
               return (r = cluster.run({"jobs", "checkpoint", "1"})).code == 0;
             }),
             r.output << cluster.log());

  auto saved = cluster.run({"jobs", "savepoint", "1", cluster.directory() + "/saved", "--json"});
  BOOST_TEST_REQUIRE(saved.code == 0, saved.output << cluster.log());
  BOOST_TEST(fs::exists(std::string(saved.json().at("path").as_string())));

  r = cluster.run({"jobs", "rescale", "1", "2"});
  BOOST_TEST(r.code == 0, r.output << cluster.log());
  BOOST_TEST(eventually([&] {
               auto answer = cluster.run({"jobs", "status", "1", "--json"});
               if (answer.code != 0) return false;
               auto status = answer.json();
               auto* tasks = status.as_object().if_contains("tasks");
               return status.at("status").as_string() == "running" && tasks
                      && std::any_of(tasks->as_array().begin(), tasks->as_array().end(),
                                     [](auto& t) { return t.at("subtask").as_int64() == 1; });
             }),
             cluster.log());
  BOOST_TEST(cluster.run({"jobs", "status", "1"}).output.find("SUBTASK") != std::string::npos);

  BOOST_TEST(eventually([&] {
               r = cluster.run({"jobs", "stop", "1", cluster.directory() + "/stopped", "--json"});
               return r.code == 0;
             }),
             r.output << cluster.log());
  BOOST_TEST(eventually([&] { return cluster.status(1) == "finished"; }), cluster.log());
  check_no_number_is_there_twice(output);
  auto written = lines_below(output).size();

  auto resumed = cluster.sql(
    script, {"--detach", "--set",
             "execution.state-recovery.path=" + std::string(r.json().at("path").as_string())});
  BOOST_TEST_REQUIRE(resumed.code == 0, resumed.output << cluster.log());
  BOOST_TEST(eventually([&] { return lines_below(output).size() > written; }), cluster.log());
  r = cluster.run({"jobs", "cancel", "2"});
  BOOST_TEST(r.code == 0, r.output);
  BOOST_TEST(eventually([&] { return cluster.status(2) == "cancelled"; }), cluster.log());
  check_no_number_is_there_twice(output);
}

BOOST_AUTO_TEST_CASE(jobs_do_not_share_a_checkpoint_directory) {
  command_cluster cluster(2, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  auto dir = cluster.directory();
  BOOST_TEST(cluster.sql(endless_script(dir + "/a", dir + "/chk"), {"--detach"}).code == 0);
  BOOST_TEST(eventually([&] { return cluster.status(1) == "running"; }), cluster.log());
  auto second = cluster.sql(endless_script(dir + "/b", dir + "/chk"), {});
  BOOST_TEST(second.code == 1);
  BOOST_TEST(second.output.find("/chk is in use by job") != std::string::npos, second.output);
  BOOST_TEST(cluster.run({"jobs", "cancel", "1"}).code == 0);
  BOOST_TEST(eventually([&] { return cluster.status(1) == "cancelled"; }), cluster.log());
  BOOST_TEST(cluster.sql(endless_script(dir + "/b", dir + "/chk"), {"--detach"}).code == 0);
  BOOST_TEST(eventually([&] { return cluster.status(3) == "running"; }), cluster.log());
}

BOOST_AUTO_TEST_CASE(a_job_that_waits_for_slots_can_be_rescaled_to_those_that_are_there) {
  command_cluster cluster(1, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  auto script = endless_script(cluster.directory() + "/out", cluster.directory() + "/chk");
  BOOST_TEST(cluster.sql(script, {"--detach", "-p", "3"}).code == 0);
  BOOST_TEST(eventually([&] { return cluster.status(1).starts_with("waiting"); }), cluster.log());
  auto r = cluster.run({"jobs", "savepoint", "1", cluster.directory() + "/saved"});
  BOOST_TEST(r.code == 1);
  BOOST_TEST(r.output.find("it waits for slots") != std::string::npos, r.output);
  r = cluster.run({"jobs", "rescale", "1", "2"});
  BOOST_TEST(r.code == 1);
  BOOST_TEST(r.output.find("it would need 2 slots, and all workers together have 1")
               != std::string::npos,
             r.output);
  r = cluster.run({"jobs", "rescale", "1", "1"});
  BOOST_TEST(r.code == 0, r.output << cluster.log());
  BOOST_TEST(eventually([&] { return cluster.status(1) == "running"; }), cluster.log());
}

BOOST_AUTO_TEST_CASE(why_a_job_is_restarted_is_told_to_those_who_wait) {
  command_cluster cluster(1, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  temporary_directory directory;
  auto dir = cluster.directory();
  auto script = sluice_command::sql(
    directory, "SET 'execution.checkpointing.interval' = '100 ms';\n"
               "SET 'execution.checkpointing.dir' = '"
                 + dir + "/chk';\nCREATE TABLE words (w STRING) WITH ('connector' = 'datagen',\n"
                 + "  'fields.w.length' = '3');\n" + csv_table("kept", "n BIGINT", dir + "/out")
                 + "INSERT INTO kept SELECT CAST(w AS BIGINT) FROM words;\n");
  script.insert(script.end(), {"--coordinator", cluster.address()});
  sluice_command client(script);
  BOOST_TEST(eventually([&] {
               return client.output().find("note: job 1 restarts (1): ") != std::string::npos;
             }),
             client.output() << cluster.log());
  auto status = cluster.run({"jobs", "status", "1", "--json"});
  BOOST_TEST(status.output.find("last_failure") != std::string::npos, status.output);
  client.process().interrupt();
  BOOST_TEST((client.wait_for(seconds(20)) == 130), client.output() << cluster.log());
}

BOOST_AUTO_TEST_CASE(a_worker_that_runs_a_program_of_its_own_is_refused) {
  command_cluster cluster(1, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  temporary_directory directory;
  auto out = directory.path() + "/log";
  child_process program("/usr/bin/env",
                        {"SLUICE_ROLE=worker", "SLUICE_COORDINATOR=" + cluster.address(),
                         SLUICE_KILL_JOB, directory.path() + "/chk", directory.path() + "/out",
                         "100", "1"},
                        out);
  auto status = program.wait_for(seconds(20));
  std::ifstream log(out);
  std::string text{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
  BOOST_TEST((status && WIFEXITED(*status) && WEXITSTATUS(*status) != 0), text);
  BOOST_TEST(text.find("the worker a program of its own") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(ctrl_c_cancels_the_job_that_is_waited_for) {
  command_cluster cluster(1, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  temporary_directory directory;
  auto script = sluice_command::sql(
    directory, endless_script(cluster.directory() + "/out", cluster.directory() + "/checkpoints"));
  script.insert(script.end(), {"-p", "2", "--coordinator", cluster.address()});
  sluice_command client(script);
  BOOST_TEST(eventually([&] {
               return client.output().find("job 1: waiting for 2 slots (1 free)")
                      != std::string::npos;
             }),
             client.output() << cluster.log());
  client.process().interrupt();
  BOOST_TEST((client.wait_for(seconds(20)) == 130), client.output() << cluster.log());
  BOOST_TEST(client.output().find("cancelled") != std::string::npos, client.output());
  BOOST_TEST(cluster.status(1) == "cancelled", cluster.log());
}

BOOST_AUTO_TEST_CASE(exit_statuses_tell_scripts_what_happened) {
  command_cluster cluster(1, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  auto missing = cluster.run({"jobs", "status", "99", "--json"});
  BOOST_TEST(missing.code == 1);
  BOOST_TEST(missing.output.find("there is no job 99") != std::string::npos, missing.output);
  BOOST_TEST(cluster.run({"jobs", "cancel", "99"}).code == 1);
  BOOST_TEST(cluster.run({"jobs", "list"}).output == "no jobs\n");

  BOOST_TEST(cluster.run({"jobs", "frobnicate"}).code == 2);
  BOOST_TEST(cluster.run({"jobs", "status"}).code == 2);
  BOOST_TEST(cluster.run({"jobs", "rescale", "1", "none"}).code == 2);
  BOOST_TEST(run_sluice({"jobs", "list", "--coordinator", "host:none"}).code == 2);
  BOOST_TEST(run_sluice({"worker", "--slots", "0"}).code == 2);
  BOOST_TEST(run_sluice({"coordinator", "--bind", "0.0.0.0"}).code == 2);
  BOOST_TEST(run_sluice({"sql", "--detach", "-e", "SELECT 1"}).code == 2);
  for (auto* command : {"coordinator", "worker"})
    BOOST_TEST(run_sluice({command, "--secret", ""}).code == 2);

  auto nobody = "127.0.0.1:" + std::to_string(free_port());
  for (auto& command : std::vector<std::vector<std::string>>{
         {"jobs", "list"}, {"workers", "list"}, {"sql", "-e", "SELECT 1"}}) {
    auto a = command;
    a.insert(a.end(), {"--coordinator", nobody});
    auto r = run_sluice(a);
    BOOST_TEST(r.code == 3, r.output);
    BOOST_TEST(r.output.find("cannot connect to " + nobody) != std::string::npos, r.output);
  }
  for (auto* command : {"coordinator", "worker", "jobs", "workers", "cluster", "sql"}) {
    auto help = run_sluice({command, "--help"});
    BOOST_TEST(help.code == 0);
    BOOST_TEST(help.output.find("SLUICE_COORDINATOR") != std::string::npos, help.output);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_that_cannot_have_its_directory_ends_at_once) {
  temporary_directory directory;
  auto nobody = "127.0.0.1:" + std::to_string(free_port());
  auto worker = [&](const std::string& data) {
    return std::vector<std::string>{"worker", "--coordinator", nobody, "--data-dir", data};
  };
  auto file = directory.path() + "/file";
  std::ofstream(file) << "x";
  auto r = run_sluice(worker(file), seconds(30));
  BOOST_TEST(r.code == 1, r.output);
  BOOST_TEST(r.output.find("cannot create " + file) != std::string::npos, r.output);

  auto shared = directory.path() + "/shared";
  sluice_command first(worker(shared));
  BOOST_TEST_REQUIRE(
    eventually([&] { return first.output().find("no coordinator yet") != std::string::npos; }),
    first.output());
  r = run_sluice(worker(shared), seconds(30));
  BOOST_TEST(r.code == 1, r.output);
  BOOST_TEST(r.output.find("another worker uses " + shared) != std::string::npos, r.output);
  first.process().kill();
  sluice_command next(worker(shared)); // the lock has gone with its process
  BOOST_TEST(
    eventually([&] { return next.output().find("no coordinator yet") != std::string::npos; }),
    next.output());
}

BOOST_AUTO_TEST_CASE(what_is_no_number_of_a_job_is_refused) {
  auto nobody = "127.0.0.1:" + std::to_string(free_port());
  for (std::string job : {"-1", "+1", "1x", "0x1", "1.5", "18446744073709551616"}) {
    auto r = run_sluice({"jobs", "--coordinator", nobody, "status", "--", job});
    BOOST_TEST(r.code == 2, r.output);
    BOOST_TEST(r.output.find("\"" + job + "\" is no number of a job") != std::string::npos,
               r.output);
  }
}

BOOST_AUTO_TEST_CASE(an_option_of_sql_leaves_the_file_behind_it_alone) {
  temporary_directory directory;
  auto script = sluice_command::sql(directory, "SELECT 'of the file';\n");
  const std::vector<std::string> set{"--set", "parallelism.default=1"};
  const std::vector<std::string> statement{"-e", "SELECT 'of the option'"};
  auto run = [&](const std::vector<std::vector<std::string>>& options) {
    std::vector<std::string> a{"sql"};
    for (auto& o : options) a.insert(a.end(), o.begin(), o.end());
    a.push_back(script.back());
    return run_sluice(a);
  };
  auto r = run({set, {"--set", "table.local-time-zone=UTC"}});
  BOOST_TEST(r.code == 0, r.output);
  BOOST_TEST(r.output.find("of the file") != std::string::npos, r.output);
  r = run({set, statement, {"--execute", "SELECT 'once more'"}});
  BOOST_TEST(r.code == 0, r.output);
  for (auto* part : {"of the file", "of the option", "once more"})
    BOOST_TEST(r.output.find(part) != std::string::npos, r.output);
}

BOOST_AUTO_TEST_CASE(all_commands_of_a_machine_read_one_file) {
  temporary_directory directory;
  auto file = directory.path() + "/cluster.ini";
  auto nobody = "127.0.0.1:" + std::to_string(free_port());
  std::ofstream(file) << "coordinator = \"" << nobody << "\"\nslots = 2\nheartbeat-timeout = 3\n";
  const std::vector<std::vector<std::string>> commands{
    {"jobs", "list"}, {"workers", "list"}, {"sql", "-e", "SELECT 1"}};
  for (auto a : commands) {
    a.insert(a.end(), {"--cluster-config", file});
    auto r = run_sluice(a);
    BOOST_TEST(r.code == 3, r.output);
    BOOST_TEST(r.output.find("cannot connect to " + nobody) != std::string::npos, r.output);
  }
  std::ofstream(file) << "slotz = 2\n";
  for (auto a : commands) {
    a.insert(a.end(), {"--cluster-config", file});
    auto r = run_sluice(a);
    BOOST_TEST(r.code == 2, r.output);
    BOOST_TEST(r.output.find(file + ":1: ") != std::string::npos, r.output);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_whose_port_is_taken_ends_at_once) {
  listening_socket taken;
  auto nobody = "127.0.0.1:" + std::to_string(free_port());
  auto r = run_sluice({"worker", "--coordinator", nobody, "--data-port",
                       std::to_string(taken.port()), "--join-timeout", "300"},
                      seconds(30));
  BOOST_TEST(r.code == 1, r.output);
  BOOST_TEST(r.output.find(
               fmt::format("cannot listen at 127.0.0.1:{}: Address already in use", taken.port()))
               != std::string::npos,
             r.output);
  BOOST_TEST(r.output.find("no coordinator") == std::string::npos, r.output);
}

BOOST_AUTO_TEST_CASE(a_coordinator_that_is_killed_is_told_in_plain_words) {
  command_cluster cluster(1, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  temporary_directory directory;
  auto script = sluice_command::sql(
    directory, endless_script(cluster.directory() + "/out", cluster.directory() + "/checkpoints"));
  script.insert(script.end(), {"--coordinator", cluster.address()});
  sluice_command client(script);
  BOOST_TEST_REQUIRE(eventually([&] { return cluster.status(1) == "running"; }), cluster.log());
  cluster.up().process().kill();
  BOOST_TEST(eventually([&] {
               return client.output().find("looking for the coordinator") != std::string::npos;
             }),
             client.output());
  for (auto* inside : {"system_error", "exit_reason", "runtime_error", "caf"})
    BOOST_TEST(client.output().find(inside) == std::string::npos, client.output());
}

BOOST_AUTO_TEST_CASE(what_sql_cannot_do_on_a_cluster_and_what_fails_there_is_said) {
  command_cluster cluster(1, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  auto r = cluster.sql("SELECT 1;");
  BOOST_TEST(r.code == 1);
  BOOST_TEST(r.output.find("not supported: results of a SELECT from a cluster; INSERT INTO a table "
                           "instead")
               != std::string::npos,
             r.output);

  auto input = cluster.directory() + "/in";
  fs::create_directories(input);
  std::ofstream(input + "/a.csv") << "1\nno number\n";
  auto tables = csv_table("numbers", "n INT", input)
                + csv_table("kept", "n INT", cluster.directory() + "/out");
  r = cluster.sql(tables + "SHOW TABLES; EXPLAIN SELECT n FROM numbers;");
  BOOST_TEST(r.code == 0, r.output);
  BOOST_TEST(r.output.find("Job Graph") != std::string::npos, r.output);

  r = cluster.sql(tables + "INSERT INTO kept SELECT nothing FROM numbers;");
  BOOST_TEST(r.code == 1);
  BOOST_TEST(r.output.find("Column 'nothing' not found") != std::string::npos, r.output);
  BOOST_TEST(cluster.run({"jobs", "list"}).output == "no jobs\n");

  r = cluster.sql(tables + "INSERT INTO kept SELECT n FROM numbers;", {"--mode", "batch"});
  BOOST_TEST(r.code == 1);
  BOOST_TEST(r.output.find("a.csv") != std::string::npos, r.output);
  BOOST_TEST(r.output.find(", worker ") != std::string::npos, r.output);
  BOOST_TEST(cluster.status(1) == "failed");
}

BOOST_AUTO_TEST_CASE(the_session_before_an_insert_and_a_table_made_of_a_query_go_along) {
  command_cluster cluster(2, 1);
  BOOST_TEST_REQUIRE(cluster.is_up(), cluster.log());
  auto dir = cluster.directory();
  auto r = cluster.sql(
    fmt::format("SET 'parallelism.default' = '2';\n"
                "CREATE DATABASE shop; USE shop;\n"
                "CREATE TABLE made WITH ('connector' = 'filesystem', 'path' = '{0}/made',\n"
                "  'format' = 'csv') AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t (n, s);\n"
                "CREATE VIEW doubled AS SELECT n * 2 AS n FROM made;\n"
                "CREATE TABLE one (n INT) WITH ('connector' = 'filesystem',\n"
                "  'path' = '{0}/one', 'format' = 'csv');\n"
                "CREATE TABLE two (n INT) WITH ('connector' = 'filesystem',\n"
                "  'path' = '{0}/two', 'format' = 'csv');\n"
                "EXECUTE STATEMENT SET BEGIN\n"
                "  INSERT INTO one SELECT n FROM doubled;\n"
                "  INSERT INTO two SELECT n + 1 FROM doubled;\n"
                "END;\n",
                dir),
    {"--mode", "batch"});
  BOOST_TEST_REQUIRE(r.code == 0, r.output << cluster.log());
  BOOST_TEST((lines_below(dir + "/made") == std::vector<std::string>{"1,a", "2,b"}));
  BOOST_TEST((lines_below(dir + "/one") == std::vector<std::string>{"2", "4"}));
  BOOST_TEST((lines_below(dir + "/two") == std::vector<std::string>{"3", "5"}));
}

BOOST_AUTO_TEST_CASE(a_coordinator_that_is_ended_leaves_its_jobs_to_the_next) {
  temporary_directory directory;
  auto port = std::to_string(free_port());
  auto address = "127.0.0.1:" + port;
  const std::vector<std::string> coordinator{"coordinator", "--port", port, "--data-dir",
                                             directory.path() + "/jobs"};
  auto first = std::make_unique<sluice_command>(coordinator);
  sluice_command worker({"worker", "--coordinator", address});
  auto output = directory.path() + "/out";
  auto logs = [&] { return first->output() + worker.output(); };
  auto status = [&] {
    auto r = run_sluice({"jobs", "status", "1", "--json", "--coordinator", address});
    return r.code == 0 ? std::string(r.json().at("status").as_string()) : std::string();
  };
  BOOST_TEST_REQUIRE(eventually([&] {
                       return run_sluice({"workers", "list", "--coordinator", address}).code == 0;
                     }),
                     logs());
  auto script = sluice_command::sql(directory, endless_script(output, directory.path() + "/cp"));
  script.insert(script.end(), {"--coordinator", address});
  sluice_command client(script);
  BOOST_TEST_REQUIRE(eventually([&] { return fs::exists(output) && !lines_below(output).empty(); }),
                     client.output() << logs());

  auto times_joined = [&] {
    auto log = worker.output();
    auto line = "joined the coordinator at " + address + ", slots: 1";
    int n = 0;
    for (auto at = log.find(line); at != log.npos; at = log.find(line, at + 1)) ++n;
    return n;
  };
  BOOST_TEST(times_joined() == 1, worker.output());

  first->process().signal(SIGTERM);
  BOOST_TEST((first->wait_for(seconds(20)) == 0), logs());
  auto written = lines_below(output).size();
  first = std::make_unique<sluice_command>(coordinator);
  BOOST_TEST(eventually([&] { return lines_below(output).size() > written; }), logs());
  BOOST_TEST(status() == "running", logs());
  BOOST_TEST(times_joined() == 2, worker.output());
  BOOST_TEST(run_sluice({"jobs", "cancel", "1", "--coordinator", address}).code == 0);
  BOOST_TEST(eventually([&] { return status() == "cancelled"; }), logs());
  BOOST_TEST((client.wait_for(seconds(20)) == 1), client.output()); // it has waited all the time
  BOOST_TEST(client.output().find("the coordinator is back") != std::string::npos, client.output());
  BOOST_TEST(client.output().find("was cancelled") != std::string::npos, client.output());
  check_no_number_is_there_twice(output);

  worker.process().signal(SIGTERM);
  BOOST_TEST((worker.wait_for(seconds(20)) == 0), worker.output());
  first->process().signal(SIGTERM);
  BOOST_TEST((first->wait_for(seconds(20)) == 0), first->output());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
