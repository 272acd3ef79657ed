#include "report.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace bench {

namespace {

std::string millions(double rate) { return fmt::format("{:.1f}", rate / 1e6); }

} // namespace

void print_header() {
  fmt::print("{:<18} {:>3} {:>11} {:>8} {:>8} {:>7} {:>9} {:>8} {:>7} {:>7}\n", "", "", "",
             "Sluice", "", "", "loop", "", "", "");
  fmt::print("{:<18} {:>3} {:>11} {:>8} {:>8} {:>7} {:>9} {:>8} {:>7} {:>7}\n", "M records/s", "p",
             "records", "median", "best", "CPU ns", "median", "best", "CPU ns", "ratio");
  std::fflush(stdout);
}

void print_row(const comparison& c) {
  fmt::print("{:<18} {:>3} {:>11} {:>8} {:>8} {:>7.2f} {:>9} {:>8} {:>7.2f} {:>7.2f}\n", c.job,
             c.parallelism, c.records, millions(c.sluice.median), millions(c.sluice.best),
             c.sluice.cpu_ns, millions(c.loop.median), millions(c.loop.best), c.loop.cpu_ns,
             c.ratio());
  std::fflush(stdout);
}

void print_json(const comparison& c) {
  fmt::print(R"({{"job": "{}", "parallelism": {}, "records": {}, )"
             R"("sluice": {{"median": {:.0f}, "best": {:.0f}}}, )"
             R"("loop": {{"median": {:.0f}, "best": {:.0f}}}, "ratio": {:.4f}}})"
             "\n",
             c.job, c.parallelism, c.records, c.sluice.median, c.sluice.best, c.loop.median,
             c.loop.best, c.ratio());
  std::fflush(stdout);
}

} // namespace bench
