#include "sluice/runtime/flow_control.hpp"

#include <algorithm>

namespace sluice::runtime {

namespace {

constexpr std::uint32_t min_window_batches = 2; // one under way while another is worked on
constexpr std::uint32_t initial_batch_records = 32;
constexpr auto shortest_period = std::chrono::milliseconds(1);
constexpr auto longest_period = std::chrono::milliseconds(50);

window window_for(double records, window full) {
  auto batch = static_cast<double>(full.records);
  if (records >= batch * full.batches) return full;
  if (records >= batch * min_window_batches)
    return {static_cast<std::uint32_t>(records / batch), full.records};
  auto per_batch = static_cast<std::uint32_t>(records / min_window_batches);
  return {min_window_batches, std::max(per_batch, 1u)};
}

} // namespace

void buffer_debloater::add_channel(window full, bool adaptive) {
  channels_.push_back({full, adaptive});
  auto at_start = initial(adaptive ? target_ : duration(0), full);
  granted_.push_back(at_start);
  wanted_.push_back(at_start);
}

window buffer_debloater::initial(duration target, window full) {
  if (target.count() == 0) return full;
  return {min_window_batches, std::min(full.records, initial_batch_records)};
}

void buffer_debloater::update(time_point now, std::uint64_t active_ns) {
  auto spent = active_ns - std::min(active_ns, last_active_ns_);
  // At least a nanosecond: a clock that stands still means as fast as can be.
  auto fresh
    = static_cast<double>(records_) * 1e9 / static_cast<double>(std::max<std::uint64_t>(spent, 1));
  rate_ = rate_ == 0 ? fresh : (rate_ + fresh) / 2;
  records_ = 0;
  last_active_ns_ = active_ns;
  // Often at first, as the first guess rests on little.
  period_
    = std::clamp<std::chrono::steady_clock::duration>(period_ * 2, shortest_period, longest_period);
  next_ = now + period_;
  auto adaptive
    = std::count_if(channels_.begin(), channels_.end(), [](auto& c) { return c.adaptive; });
  if (adaptive == 0) return;
  auto seconds = static_cast<double>(target_.count()) / 1e6;
  auto share = rate_ * seconds / static_cast<double>(adaptive);
  for (std::size_t i = 0; i < channels_.size(); ++i)
    if (channels_[i].adaptive) wanted_[i] = window_for(share, channels_[i].full);
}

std::uint64_t buffer_debloater::records_in_windows() const noexcept {
  std::uint64_t n = 0;
  for (auto& w : granted_) n += std::uint64_t{w.batches} * w.records;
  return n;
}

} // namespace sluice::runtime
