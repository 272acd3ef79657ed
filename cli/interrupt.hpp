/// Ctrl-C: ends what runs, not the command.
#pragma once

#include "sluice/plan/job_handle.hpp"

namespace sluice::cli {

/// While one exists, the first SIGINT or SIGTERM is only remembered; a second one ends the process.
/// One at a time, on the main thread.
class interrupt_guard {
public:
  interrupt_guard();
  ~interrupt_guard();
  interrupt_guard(const interrupt_guard&) = delete;
  interrupt_guard& operator=(const interrupt_guard&) = delete;

  bool interrupted() const noexcept;
};

/// Cancels a job and waits for its end, but not for long: what still waits for brokers, say, is
/// left behind. Failures are of no interest any more.
void cancel_and_wait(job_handle job) noexcept;

} // namespace sluice::cli
