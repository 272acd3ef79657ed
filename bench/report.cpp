#include "report.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace bench {

namespace {

std::string millions(double rate) { return fmt::format("{:.1f}", rate / 1e6); }

} // namespace

void print_header() {
  fmt::print("{:<20} {:>3} {:>13} {:>10} {:>10} {:>10} {:>10} {:>6}\n", "", "", "", "Sluice", "",
             "loop", "", "");
  fmt::print("{:<20} {:>3} {:>13} {:>10} {:>10} {:>10} {:>10} {:>6}\n", "job (M records/s)", "p",
             "records", "median", "best", "median", "best", "ratio");
  std::fflush(stdout);
}

void print_row(const comparison& c) {
  fmt::print("{:<20} {:>3} {:>13} {:>10} {:>10} {:>10} {:>10} {:>6.2f}\n", c.job, c.parallelism,
             c.records, millions(c.sluice.median), millions(c.sluice.best), millions(c.loop.median),
             millions(c.loop.best), c.ratio());
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
