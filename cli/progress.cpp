#include "progress.hpp"

#include "tell.hpp"

#include "sluice/runtime/log.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace sluice::cli {

namespace {

using namespace std::chrono_literals;
constexpr auto first_after = 300ms;
constexpr auto every = 100ms;

struct rows_so_far {
  std::uint64_t read = 0;
  std::uint64_t written = 0;
};

rows_so_far count_rows(const job_metrics& m) {
  rows_so_far rows;
  for (const auto& t : m.tasks) {
    if (t.is_source) rows.read += t.num_records_in;
    if (auto written = t.counters.find("records_written"); written != t.counters.end())
      rows.written += written->second;
  }
  return rows;
}

/// Lines of the log come from other threads while a line is shown. They go in its place and in one
/// piece (colours would make several), and it is drawn anew below them.
void log_over_progress() {
  static const bool once = [] {
    runtime::log().set_pattern("\r\033[K%Y-%m-%d %H:%M:%S.%e %l %v");
    return true;
  }();
  static_cast<void>(once);
}

} // namespace

std::string short_number(double value) {
  if (value >= 1e9) return fmt::format("{:.1f} G", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.1f} M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.0f} k", value / 1e3);
  return fmt::format("{:.0f}", value);
}

progress_line::progress_line(std::string label)
  : label_(std::move(label)), on_(isatty(STDERR_FILENO) != 0) {
  if (on_) log_over_progress();
}

progress_line::~progress_line() { clear(); }

void progress_line::update(const job_handle& job) {
  if (!on_) return;
  auto now = clock::now();
  if (now - start_ < first_after || now - last_ < every) return;
  last_ = now;
  auto rows = count_rows(job.metrics());
  auto seconds = std::chrono::duration<double>(now - start_).count();
  // The cursor goes back, so that also what others print begins at the edge.
  tell("\r\033[K{}: {} rows read ({}/s), {} written, {:.1f} s\r", label_,
       short_number(static_cast<double>(rows.read)),
       short_number(static_cast<double>(rows.read) / seconds),
       short_number(static_cast<double>(rows.written)), seconds);
  drawn_ = true;
}

void progress_line::clear() {
  if (!drawn_) return;
  tell("\r\033[K");
  drawn_ = false;
}

} // namespace sluice::cli
