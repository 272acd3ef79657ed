#include "measure.hpp"
#include "process_usage.hpp"
#include "stopwatch.hpp"
#include "suites.hpp"

#include "sluice/api/environment.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

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

/// Starts this program again with that command, with `out` as its standard output.
pid_t start_child(std::string command, const pipe_ends& out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, out.read);
  posix_spawn_file_actions_addclose(&actions, out.write);
  std::string program = "sluice-bench";
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

process_run run_process(const char* command) {
  stopwatch time;
  pipe_ends out;
  auto child = start_child(command, out);
  out.close_write();
  auto text = read_all(out.read);
  int status = 0;
  while (wait4(child, &status, 0, nullptr) < 0)
    if (errno != EINTR) fail(errno, "wait4");
  auto seconds = time.seconds();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(fmt::format("{}: the process ended with status {}", command, status));
  return {seconds * 1e3, std::stod(text) / 1024};
}

void measure(const char* suite, const char* what, const char* command, const options& o) {
  auto repeat = o.repeat.value_or(20);
  run_process(command); // fills the page cache
  std::vector<double> times;
  double peak = 0;
  for (std::uint32_t i = 0; i < repeat; ++i) {
    auto run = run_process(command);
    times.push_back(run.milliseconds);
    peak = std::max(peak, run.peak_mb);
  }
  auto worst = *std::max_element(times.begin(), times.end());
  if (o.json)
    fmt::print(R"({{"suite": "{}", "processes": {}, )"
               R"("wall_ms": {{"median": {:.2f}, "max": {:.2f}}}, "max_rss_mb": {:.1f}}})"
               "\n",
               suite, repeat, median(times), worst, peak);
  else
    fmt::print("{}: {} processes with {}\n"
               "  wall time {:.1f} ms (median), {:.1f} ms (max); memory {:.1f} MB (max)\n",
               suite, repeat, what, median(times), worst, peak);
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

void run_sql_child() {
  sluice::table::table_environment tables;
  auto rows = tables.execute_sql("SELECT * FROM (VALUES (1)) AS t (a) WHERE a < 0").collect_text();
  if (!rows.empty()) throw std::runtime_error("sql_empty_query: wrong result");
  fmt::print("{}\n", peak_resident_kb());
}

void run_startup(const options& o) {
  measure("startup", "a job of 10 records", "internal-startup", o);
}

void run_sql_empty_query(const options& o) {
  measure("sql_empty_query", "a query without rows", "internal-sql", o);
}

} // namespace bench
