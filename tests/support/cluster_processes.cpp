#include "support/cluster_processes.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace sluice::testing {

namespace fs = std::filesystem;

std::uint16_t free_port() {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor a(io, {boost::asio::ip::address_v4::loopback(), 0});
  return a.local_endpoint().port();
}

cluster_processes::cluster_processes(words command, std::string directory)
  : command_(std::move(command)), directory_(std::move(directory)), port_(free_port()) {}

cluster_processes::~cluster_processes() = default;

std::unique_ptr<child_process> cluster_processes::start(const std::string& role,
                                                        const settings& extra,
                                                        const words& launcher,
                                                        const words& command) {
  settings environment{{"SLUICE_ROLE", role},
                       {"SLUICE_COORDINATOR", "127.0.0.1:" + std::to_string(port_)},
                       {"SLUICE_HEARTBEAT_TIMEOUT", "2"},
                       {"SLUICE_JOIN_TIMEOUT", "60"},
                       {"SLUICE_LOG", "info"}};
  if (role == "coordinator") environment["SLUICE_DATA_DIR"] = directory_ + "/jobs";
  for (auto& [name, value] : extra) environment[name] = value;
  // Each of these becomes the next: there is no process between the test and the program.
  words all = launcher;
  all.push_back("/usr/bin/env");
  for (auto& [name, value] : environment) all.push_back(name + "=" + value);
  all.insert(all.end(), command.begin(), command.end());
  auto file = directory_ + "/log-" + std::to_string(started_++) + "-" + role + ".txt";
  return std::make_unique<child_process>(all.front(), words(all.begin() + 1, all.end()), file);
}

void cluster_processes::start_coordinator(const settings& extra, const words& launcher) {
  coordinator_ = start("coordinator", extra, launcher, command_);
}

void cluster_processes::start_worker(const settings& extra, const words& launcher) {
  workers_.push_back({extra, launcher, start("worker", extra, launcher, command_)});
}

void cluster_processes::start_worker(int index) {
  auto& w = workers_.at(static_cast<std::size_t>(index));
  w.process = start("worker", w.extra, w.launcher, command_);
}

void cluster_processes::start_worker_of(const words& command) {
  workers_.push_back({{}, {}, start("worker", {}, {}, command)});
}

int cluster_processes::run_second_coordinator(std::chrono::milliseconds limit) {
  auto port = std::to_string(free_port());
  auto second = start("coordinator", {{"SLUICE_COORDINATOR", "127.0.0.1:" + port}}, {}, command_);
  auto status = second->wait_for(limit);
  return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
}

namespace {

std::optional<int> exit_code(child_process& p, std::chrono::milliseconds limit) {
  auto status = p.wait_for(limit);
  if (!status) return std::nullopt;
  return WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
}

} // namespace

std::optional<int> cluster_processes::wait_for_coordinator(std::chrono::milliseconds limit) {
  return exit_code(*coordinator_, limit);
}

std::optional<int> cluster_processes::wait_for_worker(int index, std::chrono::milliseconds limit) {
  return exit_code(worker(index), limit);
}

std::string cluster_processes::log() const {
  std::ostringstream out;
  for (int i = 0; i < started_; ++i)
    for (auto* role : {"coordinator", "worker"}) {
      std::ifstream in(directory_ + "/log-" + std::to_string(i) + "-" + role + ".txt");
      if (in) out << "-- " << role << ' ' << i << '\n' << in.rdbuf();
      out.clear(); // an empty file is no failure
    }
  return out.str();
}

bool cluster_processes::wait_for_log(const std::string& text,
                                     std::chrono::milliseconds limit) const {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (log().find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

} // namespace sluice::testing
