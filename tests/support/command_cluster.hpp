/// A cluster that `sluice cluster up` runs, and commands for it.
#pragma once

#include "support/cluster_processes.hpp"
#include "support/sluice_command.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sluice::testing {

struct command_result {
  int code = -1; ///< -1: it did not end in time, or was killed
  std::string output;

  boost::json::value json() const { return boost::json::parse(output); }
};

inline command_result run_sluice(const std::vector<std::string>& arguments,
                                 std::chrono::seconds limit = std::chrono::seconds(90)) {
  sluice_command command(arguments);
  auto code = command.wait_for(limit);
  return {code.value_or(-1), command.output()};
}

inline std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Looks until `condition` holds; false if it does not for too long.
template <class Condition>
bool eventually(Condition condition, std::chrono::seconds limit = std::chrono::seconds(60)) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

/// Ended at the end of the scope.
class command_cluster {
public:
  using arguments = std::vector<std::string>;

  /// `security`: options that all processes and commands get.
  explicit command_cluster(int workers, int slots, arguments security = {})
    : port_(free_port()), security_(std::move(security)),
      up_(with_security({"cluster", "up", "-n", std::to_string(workers), "--slots",
                         std::to_string(slots), "--data-dir", directory_.path() + "/cluster",
                         "--port", std::to_string(port_)})) {}

  bool is_up() {
    return eventually([&] { return output().find("Ctrl-C ends it") != std::string::npos; });
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string output() const { return up_.output(); }
  std::string coordinator_log() const {
    return content_of(directory_.path() + "/cluster/logs/coordinator.log");
  }
  std::string log() const {
    auto text = output() + coordinator_log();
    for (int i = 1; i < 5; ++i)
      text += content_of(directory_.path() + "/cluster/logs/worker-" + std::to_string(i) + ".log");
    return text;
  }

  /// A command for this cluster.
  command_result run(arguments a) const {
    a.insert(a.end(), {"--coordinator", address()});
    return run_sluice(with_security(std::move(a)));
  }

  /// A script, by `sluice sql`.
  command_result sql(const std::string& script, arguments more = {}) const {
    temporary_directory directory;
    auto a = sluice_command::sql(directory, script);
    a.insert(a.end(), more.begin(), more.end());
    return run(std::move(a));
  }

  std::string status(int job) const {
    auto r = run({"jobs", "status", std::to_string(job), "--json"});
    return r.code == 0 ? std::string(r.json().at("status").as_string()) : r.output;
  }

  sluice_command& up() noexcept { return up_; }
  std::string directory() const { return directory_.path(); }

private:
  arguments with_security(arguments a) const {
    a.insert(a.end(), security_.begin(), security_.end());
    return a;
  }

  temporary_directory directory_;
  std::uint16_t port_;
  arguments security_;
  sluice_command up_;
};

} // namespace sluice::testing
