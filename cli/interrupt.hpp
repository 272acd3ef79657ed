/// Ctrl-C: ends what runs, not the command.
#pragma once

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

} // namespace sluice::cli
