#include "local_cluster.hpp"

#include "coordinator_link.hpp"
#include "exit_status.hpp"
#include "own_process.hpp"
#include "signal_wait.hpp"
#include "tell.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace sluice::cli {

namespace fs = std::filesystem;

namespace {

constexpr auto longest_start = std::chrono::seconds(60);
constexpr auto longest_end = std::chrono::seconds(10);
constexpr auto look_interval = std::chrono::milliseconds(200);

std::string new_directory() {
  auto pattern = (fs::temp_directory_path() / "sluice-cluster-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw io_error("cannot make a directory like " + pattern);
  return pattern;
}

void set_or_clear(const char* name, const std::string& value) {
  if (value.empty())
    ::unsetenv(name);
  else
    ::setenv(name, value.c_str(), 1);
}

/// What all processes of the cluster have in common. By the environment: command lines are for
/// everybody to see.
void prepare_environment(const cluster::options& o) {
  for (auto* name :
       {"SLUICE_BIND", "SLUICE_ADVERTISE", "SLUICE_DATA_PORT", "SLUICE_PORT", "SLUICE_SLOTS",
        "SLUICE_DATA_DIR", "SLUICE_SECRET_FILE", "SLUICE_CLUSTER_CONFIG"})
    ::unsetenv(name);
  ::setenv("SLUICE_COORDINATOR", fmt::format("127.0.0.1:{}", o.coordinator_port).c_str(), 1);
  set_or_clear("SLUICE_SECRET", o.secret);
  auto tls = o.tls.value_or(net::tls_files{});
  set_or_clear("SLUICE_TLS_CERT", tls.certificate);
  set_or_clear("SLUICE_TLS_KEY", tls.key);
  set_or_clear("SLUICE_TLS_CA", tls.ca);
  if (std::string_view(std::getenv("SLUICE_LOG")) == "off") ::setenv("SLUICE_LOG", "info", 1);
}

std::string last_lines(const std::string& file) {
  constexpr std::size_t most = 5;
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::string text;
  for (auto i = lines.size() > most ? lines.size() - most : 0; i < lines.size(); ++i)
    text += "  " + lines[i] + '\n';
  return text;
}

class local_cluster {
public:
  explicit local_cluster(const local_cluster_options& o)
    : o_(o), directory_(fs::absolute(o.data_dir.empty() ? new_directory() : o.data_dir)) {
    fs::create_directories(directory_ / "logs");
    prepare_environment(o.network);
    // Before anything makes threads: they are forked.
    start("coordinator", {"coordinator", "--data-dir", (directory_ / "jobs").string()});
    for (int i = 1; i <= o.workers; ++i)
      start(fmt::format("worker {}", i),
            {"worker", "--slots", std::to_string(o.slots), "--data-dir",
             (directory_ / fmt::format("worker-{}", i)).string()});
  }

  int run() {
    if (!wait_for_workers()) return signals_.wait_for({}) ? exit_done : exit_failed;
    say_how_to_use_it();
    while (!signals_.wait_for(look_interval))
      if (!look_after_processes()) return exit_failed;
    fmt::print("ending the cluster\n");
    return exit_done;
  }

  ~local_cluster() {
    signals_.restore();
    // The coordinator first: what its workers do then is no failure to it.
    for (auto& p : processes_) p.stop(longest_end);
  }

private:
  void start(std::string name, std::vector<std::string> arguments) {
    auto file = name;
    std::replace(file.begin(), file.end(), ' ', '-');
    processes_.emplace_back(std::move(name), std::move(arguments),
                            (directory_ / "logs" / (file + ".log")).string(), signals_);
    told_.push_back(false);
  }

  /// False: one has ended, or it took too long, as has been told; or Ctrl-C.
  bool wait_for_workers() {
    coordinator_link coordinator(o_.network);
    auto give_up = std::chrono::steady_clock::now() + longest_start;
    std::string problem = "not all workers have joined";
    while (std::chrono::steady_clock::now() < give_up) {
      if (signals_.wait_for(look_interval)) return false;
      for (auto& p : processes_)
        if (auto end = p.end()) {
          tell("sluice: {} {}; its log, {}, ends with\n{}", p.name(), *end, p.log(),
               last_lines(p.log()));
          return false;
        }
      try {
        auto workers = boost::json::parse(coordinator.ask("workers.list")).as_array().size();
        if (workers >= static_cast<std::size_t>(o_.workers)) return true;
      } catch (const coordinator_unreachable& e) {
        problem = e.what();
      }
    }
    tell("sluice: the cluster does not come up: {}; see {}\n", problem,
         (directory_ / "logs").string());
    return false;
  }

  void say_how_to_use_it() const {
    fmt::print("a cluster runs at 127.0.0.1:{}: workers: {}, slots of each: {}\n\n",
               o_.network.coordinator_port, o_.workers, o_.slots);
    for (auto& p : processes_) fmt::print("{:<12} process {:<8} {}\n", p.name(), p.pid(), p.log());
    fmt::print("\nin another terminal:\n"
               "  export SLUICE_COORDINATOR=127.0.0.1:{}\n"
               "  sluice workers list\n"
               "  sluice sql job.sql\n"
               "  sluice jobs list\n"
               "Ctrl-C ends it; its jobs are kept in {}\n",
               o_.network.coordinator_port, (directory_ / "jobs").string());
    std::fflush(stdout);
  }

  /// Says who has ended. False: the coordinator has.
  bool look_after_processes() {
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      auto& p = processes_[i];
      auto end = p.end();
      if (!end || told_[i]) continue;
      told_[i] = true;
      if (signals_.wait_for({})) return true; // Ctrl-C of a terminal is for all of them
      tell("sluice: {} {}; its log: {}\n", p.name(), *end, p.log());
    }
    return !told_[0];
  }

  local_cluster_options o_;
  fs::path directory_;
  signal_wait signals_;
  std::vector<own_process> processes_; ///< the coordinator first
  std::vector<bool> told_;
};

} // namespace

int run_local_cluster(const local_cluster_options& o) {
  check_options(o.network);
  auto& host = o.network.coordinator_host;
  if (host != "127.0.0.1" && host != "localhost")
    throw usage_error(
      fmt::format("cluster up: the cluster is on this machine, and --coordinator or "
                  "SLUICE_COORDINATOR says {}",
                  host));
  return local_cluster(o).run();
}

} // namespace sluice::cli
