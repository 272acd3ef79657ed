#include "own_process.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

namespace sluice::cli {

namespace {

constexpr auto this_program = "/proc/self/exe";
constexpr int cannot_exec = 127;

} // namespace

own_process::own_process(std::string name, std::vector<std::string> arguments, std::string log,
                         const signal_wait& signals)
  : name_(std::move(name)), log_(std::move(log)) {
  auto file = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw io_error(fmt::format("cannot open {}: {}", log_, std::strerror(errno)));
  std::vector<char*> argv{const_cast<char*>("sluice")};
  for (auto& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);
  auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(cannot_exec);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    signals.restore();
    ::execv(this_program, argv.data());
    ::_exit(cannot_exec);
  }
  auto error = errno;
  ::close(file);
  if (pid_ < 0) throw io_error(fmt::format("cannot start {}: {}", name_, std::strerror(error)));
}

own_process::own_process(own_process&& other) noexcept
  : name_(std::move(other.name_)), log_(std::move(other.log_)), pid_(std::exchange(other.pid_, 0)),
    status_(other.status_) {}

own_process::~own_process() { stop(std::chrono::seconds(10)); }

std::optional<std::string> own_process::end() {
  int status = 0;
  if (!status_ && pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  if (!status_) return std::nullopt;
  if (WIFSIGNALED(*status_)) return fmt::format("was ended by signal {}", WTERMSIG(*status_));
  return fmt::format("has ended with status {}", WEXITSTATUS(*status_));
}

void own_process::stop(std::chrono::milliseconds limit) {
  constexpr auto pause = std::chrono::milliseconds(10);
  if (pid_ <= 0 || end()) return;
  ::kill(pid_, SIGTERM);
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!end()) {
    if (std::chrono::steady_clock::now() > deadline) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(pause);
  }
}

} // namespace sluice::cli
