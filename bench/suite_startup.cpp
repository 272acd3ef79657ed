#include "measure.hpp"
#include "process_usage.hpp"
#include "stopwatch.hpp"
#include "suites.hpp"

#include "sluice/api/environment.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace bench {

namespace {

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

/// Both ends of a pipe.
struct pipe_ends {
  pipe_ends() {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) fail(errno, "pipe");
    read = ends[0];
    write = ends[1];
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    close(read);
    close_write();
  }
  void close_write() {
    if (write >= 0) close(write);
    write = -1;
  }

  int read;
  int write;
};

/// Starts this program again as `internal-startup`, with `out` as its standard output.
pid_t start_child(const pipe_ends& out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, out.read);
  posix_spawn_file_actions_addclose(&actions, out.write);
  std::string program = "sluice-bench";
  std::string command = "internal-startup";
  std::array<char*, 3> arguments{program.data(), command.data(), nullptr};
  pid_t child = 0;
  auto error = posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail(error, "posix_spawn");
  return child;
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 256> buffer;
  for (;;) {
    auto n = read(file, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno, "read");
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

struct process_run {
  double milliseconds;
  double peak_mb;
};

process_run run_process() {
  stopwatch time;
  pipe_ends out;
  auto child = start_child(out);
  out.close_write();
  auto text = read_all(out.read);
  int status = 0;
  while (wait4(child, &status, 0, nullptr) < 0)
    if (errno != EINTR) fail(errno, "wait4");
  auto seconds = time.seconds();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(fmt::format("startup: the process ended with status {}", status));
  return {seconds * 1e3, std::stod(text) / 1024};
}

} // namespace

void run_startup_child() {
  sluice::stream_environment env;
  std::int64_t sum = 0;
  env.from_sequence(1, 10).map([](std::int64_t x) { return x * 2; }).add_sink([&](std::int64_t x) {
    sum += x;
  });
  env.execute("startup");
  if (sum != 110) throw std::runtime_error("startup: wrong result");
  fmt::print("{}\n", peak_resident_kb());
}

void run_startup(const options& o) {
  auto repeat = o.repeat.value_or(20);
  run_process(); // fills the page cache
  std::vector<double> times;
  double peak = 0;
  for (std::uint32_t i = 0; i < repeat; ++i) {
    auto run = run_process();
    times.push_back(run.milliseconds);
    peak = std::max(peak, run.peak_mb);
  }
  auto worst = *std::max_element(times.begin(), times.end());
  if (o.json)
    fmt::print(R"({{"suite": "startup", "processes": {}, )"
               R"("wall_ms": {{"median": {:.2f}, "max": {:.2f}}}, "max_rss_mb": {:.1f}}})"
               "\n",
               repeat, median(times), worst, peak);
  else
    fmt::print("startup: {} processes with a job of 10 records\n"
               "  wall time {:.1f} ms (median), {:.1f} ms (max); memory {:.1f} MB (max)\n",
               repeat, median(times), worst, peak);
}

} // namespace bench
