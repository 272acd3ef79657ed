/// The main demo: makes a dirty file of online sales, cleans it, and adds up the sales per
/// category.
///   sales_demo [generate | clean | summarise] [--rows N] [--seed N] [--output DIRECTORY]
#include "sales_jobs.hpp"
#include "terminal.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <limits>
#include <thread>

namespace fs = std::filesystem;

namespace {

struct settings {
  std::uint64_t rows = 50'000;
  std::uint64_t seed = 1;
  std::string output = "sales_data";
  std::uint32_t parallelism = std::max(1u, std::thread::hardware_concurrency());

  std::string raw_file() const { return output + "/sales_raw.csv"; }
  std::string clean_file() const { return output + "/sales_clean.csv"; }
};

/// 0 if there is no such file: the job that reads it says so.
std::uint64_t file_bytes(const std::string& path) {
  std::error_code error;
  auto bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

void generate(const settings& s) {
  fs::create_directories(s.output);
  terminal::wait_with_progress(sales::start_generate(s.raw_file(), s.rows, s.seed), "generate",
                               s.rows, terminal::records_sent);
  fmt::print("{}: {} rows of dirty sales\n", s.raw_file(), s.rows);
}

void clean(const settings& s) {
  auto job = sales::start_clean(s.raw_file(), s.clean_file(), s.parallelism);
  terminal::wait_with_progress(job, "clean", file_bytes(s.raw_file()), terminal::bytes_read);
  auto metrics = job.metrics();
  fmt::print("{}: {} rows kept, {} numbers repaired\n", s.clean_file(),
             terminal::records_sent(metrics), terminal::counted(metrics, "fields_nulled"));
}

void summarise(const settings& s) {
  auto results = sales::start_summarise(s.clean_file(), s.parallelism);
  terminal::wait_with_progress(results.job(), "summarise", file_bytes(s.clean_file()),
                               terminal::bytes_read);
  auto totals = results.to_vector();
  std::ranges::sort(totals, {}, &sales::category_sales::category);

  std::vector<std::vector<std::string>> table = {{"Category", "TotalSales"}};
  for (auto& t : totals) table.push_back({t.category, fmt::format("{:.2f}", t.total)});
  terminal::print_table(table);
  fmt::print("{} rows in set\n", totals.size());
}

int run_program(int argc, char** argv) {
  settings s;
  CLI::App app("Makes a dirty file of online sales, cleans it, adds up the sales per category.");
  app.require_subcommand(0, 1)->fallthrough(); // options may also follow the subcommand
  app.add_option("--rows", s.rows, "rows to make")
    ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000'000}))
    ->capture_default_str();
  app.add_option("--seed", s.seed, "the same seed makes the same rows")
    ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()))
    ->capture_default_str();
  app.add_option("--output", s.output, "directory of the files")
    ->take_last()
    ->capture_default_str();
  app.add_option("--parallelism", s.parallelism, "subtasks per operator")
    ->check(CLI::Range(1, 1024))
    ->capture_default_str();
  auto* only_generate = app.add_subcommand("generate", "only make the dirty file");
  auto* only_clean = app.add_subcommand("clean", "only clean it");
  auto* only_summarise = app.add_subcommand("summarise", "only add up the clean file");
  app.failure_message([](const CLI::App*, const CLI::Error& e) {
    return fmt::format("sales_demo: {} (--help tells more)\n", e.what());
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }

  bool all = app.get_subcommands().empty();
  if (all || *only_generate) generate(s);
  if (all || *only_clean) clean(s);
  if (all || *only_summarise) summarise(s);
  if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to standard output");
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  setenv("SLUICE_LOG", "off", 0); // a failure is told once, below, and not into the bar
  try {
    return run_program(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "sales_demo: " << e.what() << '\n';
    return 1;
  }
}
