/// sluice-bench: Sluice against the plain C++ loop that does the same job.
#include "measure.hpp"
#include "nexmark/command.hpp"
#include "numbers.hpp"
#include "remote_programs.hpp"
#include "report.hpp"
#include "suites.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fnmatch.h>

namespace {

constexpr int usage_error = 2;

void list() {
  for (auto& j : bench::jobs()) fmt::print("{:<20} {}\n", j.name, j.summary);
  for (auto& s : bench::suites()) fmt::print("{:<20} {}\n", s.name, s.summary);
  fmt::print("{:<20} everything above\n", "all");
}

std::string valid_names() {
  std::vector<std::string_view> names;
  for (auto& j : bench::jobs()) names.push_back(j.name);
  for (auto& s : bench::suites()) names.push_back(s.name);
  names.push_back("all");
  return fmt::format("{}", fmt::join(names, ", "));
}

/// What `run` was asked for. The jobs come first, so that their table is in one piece.
struct selection {
  std::vector<const bench::job*> jobs;
  std::vector<const bench::suite*> suites;

  /// Whether there is such a benchmark; the name may be a pattern, as for files.
  bool add(const std::string& name) {
    auto before = jobs.size() + suites.size();
    auto fits = [&](std::string_view known) {
      return name == "all" || fnmatch(name.c_str(), std::string(known).c_str(), 0) == 0;
    };
    for (auto& j : bench::jobs())
      if (fits(j.name)) jobs.push_back(&j);
    for (auto& s : bench::suites())
      if (fits(s.name)) suites.push_back(&s);
    return jobs.size() + suites.size() > before;
  }
};

int run(const std::vector<std::string>& names, const bench::options& o) {
  selection chosen;
  for (auto& name : names) {
    if (chosen.add(name)) continue;
    std::cerr << fmt::format("sluice-bench: no benchmark is called \"{}\"; there are: {}\n", name,
                             valid_names());
    return usage_error;
  }
  if (!o.json && !chosen.jobs.empty()) bench::print_header();
  for (auto* j : chosen.jobs) {
    auto result = bench::compare(*j, o);
    o.json ? bench::print_json(result) : bench::print_row(result);
  }
  for (auto* s : chosen.suites) {
    s->run(o);
    std::fflush(stdout);
  }
  return 0;
}

/// Runs, and looks whether what was printed has arrived. Returns the exit status.
int guarded(const std::function<int()>& run) {
  try {
    auto code = run();
    std::cout.flush();
    // Of a flush that failed before, only the flag of the stream is left.
    if (!std::cout || std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw std::runtime_error("cannot write to standard output");
    return code;
  } catch (const std::exception& e) {
    std::cerr << "sluice-bench: " << e.what() << '\n';
    return 1;
  }
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Benchmarks of Sluice, most of them against a plain C++ loop", "sluice-bench");
  app.require_subcommand(1);
  auto* list_command = app.add_subcommand("list", "Lists the benchmarks");
  auto* run_command = app.add_subcommand("run", "Runs benchmarks");
  auto* child_command = app.add_subcommand("internal-startup")->group("");
  auto* sql_child_command = app.add_subcommand("internal-sql")->group("");

  auto* remote_child_command = app.add_subcommand("internal-remote")->group("");
  std::string remote_kind;
  remote_child_command->add_option("KIND", remote_kind)->required();
  auto* remote_job_command = app.add_subcommand("internal-remote-job")->group("");
  remote_job_command->add_option("JOB", remote_kind)->required();

  std::vector<std::string> names;
  bench::options o;
  run_command->add_option("NAME", names, "Benchmarks or patterns of them, or \"all\"")->required();
  run_command->add_option("--parallelism", o.parallelism, "Subtasks per operator")
    ->check(CLI::Range(1, 128));
  run_command->add_option("--records", o.records, "Records per run of a job")
    ->check(bench::at_least_one());
  run_command->add_option("--repeat", o.repeat, "Measured runs of each, in turns")
    ->check(CLI::Range(1, 1'000'000));
  run_command->add_flag("--json", o.json, "Print one JSON object a line");
  run_command
    ->add_option("--seconds", o.seconds, "How long latency, backpressure and checkpoint measure")
    ->check(bench::above_zero());
  run_command->add_option("--keys", o.keys, "Keys of checkpoint's state")
    ->check(bench::at_least_one());
  run_command->add_option("--directory", o.directory,
                          "Where checkpoint puts its files (default: the temporary directory)");

  std::function<void()> nexmark;
  bench::nexmark::add_command(app, nexmark);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return guarded([&] { return app.exit(e) == 0 ? 0 : usage_error; });
  }
  return guarded([&] {
    if (*list_command) list();
    if (*child_command) bench::run_startup_child();
    if (*sql_child_command) bench::run_sql_child();
    if (*remote_child_command) bench::run_remote_child(remote_kind);
    if (*remote_job_command) bench::run_remote_job(remote_kind);
    if (nexmark) nexmark();
    return *run_command ? run(names, o) : 0;
  });
}
