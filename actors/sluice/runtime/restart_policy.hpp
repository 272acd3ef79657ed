/// Whether and when a failed job is started again.
#pragma once

#include "sluice/plan/config.hpp"

#include <deque>
#include <optional>

namespace sluice::runtime {

/// Applies a `restart_strategy`. Owner: the job actor.
class restart_policy {
public:
  explicit restart_policy(restart_strategy strategy) : strategy_(std::move(strategy)) {}

  /// A failure happened at `now`. Returns the delay before the next attempt, or nothing to give up.
  std::optional<duration> next_delay(timestamp now);

private:
  restart_strategy strategy_;
  std::uint32_t attempts_ = 0;
  duration current_{0};
  timestamp last_failure_ = min_timestamp;
  std::deque<timestamp> failures_;
};

} // namespace sluice::runtime
