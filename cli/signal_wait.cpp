#include "signal_wait.hpp"

namespace sluice::cli {

signal_wait::signal_wait() {
  sigemptyset(&waited_);
  for (int signal : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&waited_, signal);
  pthread_sigmask(SIG_BLOCK, &waited_, &before_);
}

signal_wait::~signal_wait() { restore(); }

bool signal_wait::wait_for(std::chrono::milliseconds limit) {
  if (over_) return true;
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(limit - seconds);
  timespec time{seconds.count(), rest.count()};
  auto signal = ::sigtimedwait(&waited_, nullptr, &time);
  over_ = signal == SIGINT || signal == SIGTERM;
  return over_;
}

void signal_wait::restore() const { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

} // namespace sluice::cli
