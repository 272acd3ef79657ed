/// sluice-bench: Sluice against the plain C++ loop that does the same job.
#include "measure.hpp"
#include "report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

namespace {

constexpr int usage_error = 2;

void list() {
  for (auto& j : bench::jobs()) fmt::print("{:<20} {}\n", j.name, j.summary);
}

const bench::job* find_job(const std::string& name) {
  auto all = bench::jobs();
  auto found = std::find_if(all.begin(), all.end(), [&](auto& j) { return j.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string valid_names() {
  std::vector<std::string_view> names;
  for (auto& j : bench::jobs()) names.push_back(j.name);
  names.push_back("all");
  return fmt::format("{}", fmt::join(names, ", "));
}

int run(const std::vector<std::string>& names, const bench::run_options& options, bool json) {
  std::vector<const bench::job*> chosen;
  for (auto& name : names) {
    if (name == "all") {
      for (auto& j : bench::jobs()) chosen.push_back(&j);
    } else if (auto* j = find_job(name)) {
      chosen.push_back(j);
    } else {
      fmt::print(stderr, "sluice-bench: no benchmark is called \"{}\"; there are: {}\n", name,
                 valid_names());
      return usage_error;
    }
  }
  if (!json) bench::print_header();
  for (auto* j : chosen) {
    auto result = bench::compare(*j, options);
    json ? bench::print_json(result) : bench::print_row(result);
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Benchmarks of Sluice, each against a plain C++ loop", "sluice-bench");
  app.require_subcommand(1);
  auto* list_command = app.add_subcommand("list", "Lists the benchmarks");
  auto* run_command = app.add_subcommand("run", "Runs benchmarks");

  std::vector<std::string> names;
  bench::run_options options;
  bool json = false;
  run_command->add_option("NAME", names, "Benchmarks, or \"all\"")->required();
  run_command->add_option("--parallelism", options.parallelism, "Subtasks per operator")
    ->check(CLI::Range(1, 128));
  run_command->add_option("--records", options.records, "Records per run")
    ->check(CLI::PositiveNumber);
  run_command->add_option("--repeat", options.repeat, "Measured runs of each, in turns")
    ->check(CLI::Range(1, 1'000'000))
    ->capture_default_str();
  run_command->add_flag("--json", json, "Print one JSON object a line");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : usage_error;
  }
  try {
    if (*list_command) list();
    return *run_command ? run(names, options, json) : 0;
  } catch (const std::exception& e) {
    fmt::print(stderr, "sluice-bench: {}\n", e.what());
    return 1;
  }
}
