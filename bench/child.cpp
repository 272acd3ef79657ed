#include "child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::system_category(), what);
}

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

} // namespace

child::child(std::string command, std::string argument) {
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) fail("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string program = "sluice-bench";
  std::array<char*, 4> arguments{program.data(), command.data(), argument.data(), nullptr};
  auto error = posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  if (error != 0) throw std::system_error(error, std::system_category(), "posix_spawn");
  auto* answers = fdopen(out[0], "r");
  auto got = answers && std::fscanf(answers, "%lu", &first_number_) == 1;
  if (answers) std::fclose(answers);
  if (!got) throw std::runtime_error(command + " did not start");
}

child::~child() {
  if (input_ >= 0) close(input_);
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

void child::kill() {
  ::kill(pid_, SIGKILL);
  waitpid(std::exchange(pid_, -1), nullptr, 0);
}

double child::finish() {
  close(std::exchange(input_, -1));
  rusage usage{};
  int status = 0;
  if (wait4(std::exchange(pid_, -1), &status, 0, &usage) < 0) fail("wait4");
  if (status != 0) throw std::runtime_error("the other process failed");
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

void say_first_number(std::uint64_t number) {
  std::printf("%lu\n", number);
  std::fflush(stdout);
}

void wait_for_parent() {
  while (std::getchar() != EOF) {}
}

} // namespace bench
