/// User behaviours: running counts per category and behaviour over a file of JSON lines.
///   user_behaviors [--input FILE] [--events N] [--seed N]
/// Without an input file it makes one of its own: user_behaviors.jsonl.
#include "sluice/connect/file/json_file.hpp"
#include "sluice/sluice.hpp"

#include <CLI/CLI.hpp>
#include <boost/describe.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>

// [types
struct user_event {
  std::string user_id, item_id, category, behavior, ts;
};
BOOST_DESCRIBE_STRUCT(user_event, (), (user_id, item_id, category, behavior, ts))

struct behavior_stats {
  std::string category, behavior;
  std::int64_t behavior_count = 0;
  std::string update_time;
};
// types]

namespace {

/// Writes `num_events` random events, the same ones for the same seed.
void write_events(const std::string& path, std::uint64_t num_events, std::uint32_t seed) {
  constexpr std::array categories = {"electronics", "books", "clothing", "home", "sports"};
  constexpr std::array behaviors = {"click", "view", "add_to_cart", "purchase"};
  std::mt19937 random(seed);
  std::ofstream file(path);
  for (std::uint64_t n = 0; n < num_events; ++n) {
    auto user = 1 + random() % 99;
    auto item = 1 + random() % 199;
    auto* category = categories[random() % categories.size()];
    auto* behavior = behaviors[random() % behaviors.size()];
    auto seconds = n % 86'400;
    file << fmt::format(R"({{"user_id":"user_{}","item_id":"item_{}","category":"{}",)"
                        R"("behavior":"{}","ts":"2025-01-02 {:02}:{:02}:{:02}.{:03}"}})"
                        "\n",
                        user, item, category, behavior, seconds / 3600, seconds / 60 % 60,
                        seconds % 60, random() % 1000);
  }
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

int run_program(int argc, char** argv) {
  std::string input;
  std::uint64_t num_events = 1000;
  std::uint32_t seed = 1;
  CLI::App app("Counts what users did, per category and behaviour.");
  app.add_option("--input", input, "file of JSON lines to read");
  app.add_option("--events", num_events, "events to make, without --input")
    ->check(CLI::Range(0, 1'000'000'000))
    ->capture_default_str();
  app.add_option("--seed", seed, "the same seed makes the same events")
    ->check(CLI::Range(0, 1'000'000'000))
    ->capture_default_str();
  app.failure_message([](const CLI::App*, const CLI::Error& e) {
    return fmt::format("user_behaviors: {} (--help tells more)\n", e.what());
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (input.empty()) write_events(input = "user_behaviors.jsonl", num_events, seed);

  // [program
  sluice::stream_environment env;
  auto stats
    = env.from_source(sluice::json_file_source<user_event>(input))
        .map([](const user_event& e) {
          return behavior_stats{e.category, e.behavior, 1, e.ts};
        })
        .key_by([](const behavior_stats& s) { return std::pair(s.category, s.behavior); })
        .reduce([](const behavior_stats& a, const behavior_stats& b) {
          return behavior_stats{a.category, a.behavior, a.behavior_count + b.behavior_count,
                                std::max(a.update_time, b.update_time)};
        });
  // program]

  std::uint64_t num_updates = 0;
  std::map<std::string, behavior_stats> last;
  for (auto& s : stats.collect("user behaviors")) {
    last[s.category + ' ' + s.behavior] = s;
    ++num_updates;
  }
  for (auto& [key, s] : last) fmt::print("{} {} {}\n", key, s.behavior_count, s.update_time);
  fmt::print("{} keys after {} updates\n", last.size(), num_updates);
  if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to standard output");
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run_program(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "user_behaviors: " << e.what() << '\n';
    return 1;
  }
}
