/// What a terminal shows while a job runs.
#pragma once

#include "sluice/plan/job_handle.hpp"

#include <chrono>
#include <string>

namespace sluice::cli {

/// A line on standard error that tells how far a job is: rows read and written, and how fast. Shows
/// nothing if standard error is no terminal, or in the first moments of a job.
class progress_line {
public:
  explicit progress_line(std::string label);
  ~progress_line();
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  /// Draws the line anew, at most ten times a second.
  void update(const job_handle& job);
  void clear();

private:
  using clock = std::chrono::steady_clock;

  std::string label_;
  bool on_;
  bool drawn_ = false;
  clock::time_point start_ = clock::now();
  clock::time_point last_ = start_;
};

/// `12.3 M`, `950`.
std::string short_number(double value);

} // namespace sluice::cli
