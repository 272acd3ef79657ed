/// Processing time behind one interface, so that tests drive it by hand.
#pragma once

#include "sluice/core/time.hpp"

#include <chrono>

namespace sluice {

/// Source of processing time.
///
/// Thread safety: `now()` may be called from any thread.
class clock {
public:
  virtual ~clock() = default;

  /// Microseconds since the Unix epoch.
  virtual timestamp now() const noexcept = 0;
};

/// The machine's wall clock.
class system_clock final : public clock {
public:
  timestamp now() const noexcept override {
    using namespace std::chrono;
    return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
};

} // namespace sluice
