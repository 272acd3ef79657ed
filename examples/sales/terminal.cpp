#include "terminal.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace terminal {

namespace {

void draw_bar(const std::string& label, double share) {
  constexpr std::size_t width = 40;
  auto filled = static_cast<std::size_t>(share * width);
  std::cerr << fmt::format("\r{:<12} [{}{}] {:3.0f} %", label, std::string(filled, '#'),
                           std::string(width - filled, ' '), share * 100);
}

} // namespace

void wait_with_progress(sluice::job_handle job, const std::string& label, std::uint64_t total,
                        const std::function<std::uint64_t(const sluice::job_metrics&)>& done) {
  if (!isatty(STDERR_FILENO)) {
    job.wait();
    return;
  }
  const std::string erased = "\r" + std::string(70, ' ') + "\r";
  try {
    while (!job.wait_for(std::chrono::milliseconds(50))) {
      auto share = static_cast<double>(done(job.metrics()))
                   / static_cast<double>(std::max(total, std::uint64_t{1}));
      draw_bar(label, std::min(share, 1.0));
    }
  } catch (...) {
    std::cerr << erased;
    throw;
  }
  std::cerr << erased;
}

std::uint64_t counted(const sluice::job_metrics& metrics, const std::string& counter) {
  std::uint64_t sum = 0;
  for (auto& task : metrics.tasks)
    if (auto found = task.counters.find(counter); found != task.counters.end())
      sum += found->second;
  return sum;
}

std::uint64_t bytes_read(const sluice::job_metrics& metrics) {
  return counted(metrics, "bytes_read");
}

std::uint64_t records_sent(const sluice::job_metrics& metrics) {
  std::uint64_t sum = 0;
  for (auto& task : metrics.tasks) sum += task.num_records_out;
  return sum;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());

  std::string line = "+";
  for (auto width : widths) line += std::string(width + 2, '-') + '+';
  fmt::print("{}\n", line);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    fmt::print("| {:<{}} |", rows[r][0], widths[0]);
    for (std::size_t i = 1; i < widths.size(); ++i) fmt::print(" {:>{}} |", rows[r][i], widths[i]);
    fmt::print("\n");
    if (r == 0) fmt::print("{}\n", line);
  }
  fmt::print("{}\n", line);
}

} // namespace terminal
