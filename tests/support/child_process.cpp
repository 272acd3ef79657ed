#include "support/child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace sluice::testing {

namespace {

/// Whether a process has a handler for a signal, or holds it back to wait for it.
bool handles(pid_t pid, int signal) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if ((line.starts_with("SigCgt:") || line.starts_with("SigBlk:"))
        && (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1) != 0)
      return true;
  return false;
}

} // namespace

child_process::child_process(const std::string& program, const std::vector<std::string>& arguments,
                             const std::string& output) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (auto& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (!output.empty()) {
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  }
  auto error = ::posix_spawnp(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + program);
}

child_process::~child_process() { kill(); }

std::optional<int> child_process::wait_for(std::chrono::milliseconds limit) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!status_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
    if (std::chrono::steady_clock::now() >= deadline) break;
    if (!status_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return status_;
}

void child_process::signal_when_ready(int signal) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!status_ && !handles(pid_, signal)) {
    if (wait_for(std::chrono::milliseconds(1))) return;
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("the child does not handle signal " + std::to_string(signal));
  }
  if (!status_) ::kill(pid_, signal);
}

void child_process::interrupt() { signal_when_ready(SIGINT); }
void child_process::terminate() { signal_when_ready(SIGTERM); }

void child_process::signal_stop() {
  if (!status_) ::kill(pid_, SIGSTOP);
}

void child_process::signal_continue() {
  if (!status_) ::kill(pid_, SIGCONT);
}

void child_process::kill() {
  if (status_) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  status_ = status;
}

std::size_t child_process::peak_memory() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  throw std::runtime_error("the process has ended");
}

} // namespace sluice::testing
