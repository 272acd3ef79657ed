#include "sluice/runtime/restart_policy.hpp"

#include <algorithm>

namespace sluice::runtime {

std::optional<duration> restart_policy::next_delay(timestamp now) {
  if (auto* fixed = std::get_if<fixed_delay_restart>(&strategy_)) {
    if (attempts_++ >= fixed->attempts) return std::nullopt;
    return fixed->delay;
  }
  if (auto* exponential = std::get_if<exponential_delay_restart>(&strategy_)) {
    auto calm
      = last_failure_ != min_timestamp && now - last_failure_ >= exponential->reset_after.count();
    if (current_.count() == 0 || calm) {
      current_ = exponential->initial;
    } else {
      auto next = static_cast<double>(current_.count()) * exponential->multiplier;
      current_
        = std::min(exponential->maximum, duration(static_cast<std::int64_t>(std::min(next, 9e15))));
    }
    last_failure_ = now;
    return current_;
  }
  if (auto* rate = std::get_if<failure_rate_restart>(&strategy_)) {
    failures_.push_back(now);
    while (!failures_.empty() && now - failures_.front() > rate->interval.count())
      failures_.pop_front();
    if (failures_.size() > rate->max_failures) return std::nullopt;
    return rate->delay;
  }
  return std::nullopt;
}

} // namespace sluice::runtime
