#include "sluice/runtime/actor_config.hpp"

#include <algorithm>
#include <thread>

#include <sys/prctl.h>

namespace sluice::runtime {

namespace {

/// How many messages an actor handles before its worker looks at others.
constexpr std::size_t messages_per_turn = 10;

} // namespace

caf::actor_system_config make_actor_config(std::uint32_t threads) {
  caf::actor_system_config result;
  if (threads == 0) threads = std::max(2u, std::thread::hardware_concurrency());
  // Work sharing: see docs/decisions/0003 for throughput and latency of both policies.
  result.set("scheduler.policy", caf::atom("sharing"));
  result.set("scheduler.max-threads", static_cast<std::size_t>(threads));
  result.set("scheduler.max-throughput", messages_per_turn);
  return result;
}

precise_timers::precise_timers() noexcept : before_(::prctl(PR_GET_TIMERSLACK)) {
  ::prctl(PR_SET_TIMERSLACK, 1UL);
}

precise_timers::~precise_timers() {
  if (before_ > 0) ::prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(before_));
}

} // namespace sluice::runtime
