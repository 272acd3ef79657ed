/// How actor systems are set up.
#pragma once

#include <caf/actor_system_config.hpp>

#include <cstdint>

namespace sluice::runtime {

/// Settings of a system that runs jobs. `threads`: that run actors; 0: as many as there are cores.
caf::actor_system_config make_actor_config(std::uint32_t threads);

/// Threads that are started meanwhile wake at their time, and not up to 50 us later, which is the
/// leeway that Linux gives itself. One of them is CAF's clock, which all that waits for a time
/// waits for: the due records of a rate-limited source, buffer timeouts, timers.
class precise_timers {
public:
  precise_timers() noexcept;
  precise_timers(const precise_timers&) = delete;
  precise_timers& operator=(const precise_timers&) = delete;
  ~precise_timers();

private:
  int before_;
};

} // namespace sluice::runtime
