/// Queries of Nexmark as running results into nothing, beside the bare generator.
#include "measure.hpp"
#include "nexmark/run_query.hpp"
#include "suites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unistd.h>
#include <vector>

namespace bench {

namespace {

namespace fs = std::filesystem;

/// Every field of every event, into nothing: the yardstick.
constexpr std::string_view bare_generator = R"sql(
CREATE TEMPORARY TABLE everything (event_type INT, person ROW<id BIGINT, name VARCHAR,
  emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR, state VARCHAR, dateTime TIMESTAMP(3),
  extra VARCHAR>, auction ROW<id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT,
  reserve BIGINT, dateTime TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  extra VARCHAR>, bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR,
  url VARCHAR, dateTime TIMESTAMP(3), extra VARCHAR>) WITH (${sink});
INSERT INTO everything SELECT event_type, person, auction, bid FROM nexmark)sql";

/// A directory that is gone with it.
class own_directory {
public:
  own_directory()
    : path_(fs::temp_directory_path() / fmt::format("sluice-nexmark-{}", ::getpid())) {}
  own_directory(const own_directory&) = delete;
  own_directory& operator=(const own_directory&) = delete;
  ~own_directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

private:
  fs::path path_;
};

rates rates_of(std::uint64_t events, const std::vector<nexmark::run_times>& runs) {
  std::vector<double> speeds;
  std::vector<double> costs;
  auto n = static_cast<double>(events);
  for (const auto& r : runs) {
    speeds.push_back(n / r.seconds);
    costs.push_back(r.cpu_seconds * 1e9 / n);
  }
  return {median(speeds), *std::max_element(speeds.begin(), speeds.end()), median(costs)};
}

} // namespace

void run_nexmark_query(std::string_view name, const options& o) {
  const auto* query = nexmark::find_query(name);
  own_directory directory;
  nexmark::run_settings settings;
  settings.parallelism = o.parallelism.value_or(2);
  settings.fill.events = o.records.value_or(2'000'000);
  settings.fill.sink = nexmark::blackhole();
  settings.fill.directory = directory.path();
  std::vector<nexmark::run_times> runs;
  std::vector<nexmark::run_times> bare_runs;
  for (std::uint32_t i = 0; i < o.repeat.value_or(3); ++i) {
    runs.push_back(nexmark::run_script(query->sql, settings));
    bare_runs.push_back(nexmark::run_script(bare_generator, settings));
  }
  auto events = settings.fill.events;
  auto ours = rates_of(events, runs);
  auto bare = rates_of(events, bare_runs);
  auto ratio = ours.median / bare.median;
  if (o.json)
    fmt::print(R"({{"suite": "nexmark_{}", "parallelism": {}, "records": {}, )"
               R"("sluice": {{"median": {:.0f}, "best": {:.0f}, "cpu_ns": {:.0f}}}, )"
               R"("generator": {{"median": {:.0f}, "best": {:.0f}, "cpu_ns": {:.0f}}}, )"
               R"("ratio": {:.4f}}})"
               "\n",
               name, settings.parallelism, events, ours.median, ours.best, ours.cpu_ns, bare.median,
               bare.best, bare.cpu_ns, ratio);
  else
    fmt::print("nexmark_{:<4} {} events, {} subtasks: {:5.2f} M events/s (median), {:5.2f} (best), "
               "{:4.0f} ns of CPU each; bare generator {:5.2f}, {:4.0f} ns; ratio {:.2f}\n",
               name, events, settings.parallelism, ours.median / 1e6, ours.best / 1e6, ours.cpu_ns,
               bare.median / 1e6, bare.cpu_ns, ratio);
}

} // namespace bench
