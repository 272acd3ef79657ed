#include "interrupt.hpp"

#include <chrono>
#include <csignal>
#include <exception>

namespace sluice::cli {

namespace {

volatile std::sig_atomic_t signalled = 0;

void remember(int signal) {
  if (signalled != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  signalled = 1;
}

} // namespace

interrupt_guard::interrupt_guard() {
  signalled = 0;
  std::signal(SIGINT, remember);
  std::signal(SIGTERM, remember);
}

interrupt_guard::~interrupt_guard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool interrupt_guard::interrupted() const noexcept { return signalled != 0; }

void cancel_and_wait(job_handle job) noexcept {
  constexpr auto patience = std::chrono::seconds(5);
  try {
    job.cancel();
    job.wait_for(patience);
  } catch (const std::exception&) { // cancelled as it should be, or failed before
  }
}

} // namespace sluice::cli
