#include "sluice/runtime/input_gate.hpp"

#include <algorithm>

namespace sluice::runtime {

void input_gate::enqueue(std::uint32_t i, channel_element element) {
  auto& c = channels_.at(i);
  if (element.kind == channel_element::type::records)
    SLUICE_CHECK(++c.queued_batches <= max_window_batches, "channel {} got a batch without credit",
                 i);
  c.queue.push_back(std::move(element));
  if (c.held)
    ++c.held_elements;
  else
    ready_.push_back(i);
}

input_gate::next input_gate::take() {
  auto i = ready_.front();
  ready_.pop_front();
  auto& c = channels_[i];
  next result{i, std::move(c.queue.front())};
  c.queue.pop_front();
  if (result.element.kind == channel_element::type::records) --c.queued_batches;
  return result;
}

std::optional<timestamp> input_gate::advance(std::uint32_t i, timestamp w) {
  auto& c = channels_[i];
  if (c.feedback || w <= c.watermark) return std::nullopt;
  c.watermark = w;
  c.idle = false;
  return recompute();
}

std::optional<timestamp> input_gate::set_idle(std::uint32_t i, bool idle) {
  channels_[i].idle = idle;
  return recompute();
}

bool input_gate::all_idle() const noexcept {
  bool any = false;
  for (auto& c : channels_) {
    if (c.feedback || c.ended) continue;
    if (!c.idle) return false;
    any = true;
  }
  return any;
}

std::optional<timestamp> input_gate::recompute() {
  auto least = max_timestamp;
  bool any = false;
  for (auto& c : channels_) {
    if (c.feedback || c.ended || c.idle) continue;
    least = std::min(least, c.watermark);
    any = true;
  }
  if (!any || least <= combined_) return std::nullopt;
  combined_ = least;
  return combined_;
}

std::optional<timestamp> input_gate::end(std::uint32_t i) {
  channels_[i].ended = true;
  return recompute();
}

bool input_gate::all_ended() const noexcept {
  return std::all_of(channels_.begin(), channels_.end(),
                     [](const channel& c) { return c.ended || c.feedback; });
}

bool input_gate::expects(const channel& c, const barrier& mark) const {
  if (c.ended) return false;
  if (mark.kind == barrier_kind::checkpoint) return !c.feedback;
  return std::find(c.loops.begin(), c.loops.end(), mark.loop) != c.loops.end();
}

std::optional<barrier> input_gate::complete_if_all(std::optional<alignment>& a) {
  if (!a) return std::nullopt;
  for (std::size_t i = 0; i < channels_.size(); ++i)
    if (!a->seen[i] && expects(channels_[i], a->mark)) return std::nullopt;
  auto mark = a->mark;
  a.reset();
  release();
  return mark;
}

std::optional<barrier> input_gate::align(std::uint32_t i, barrier mark, bool hold) {
  auto probe = mark.kind == barrier_kind::loop_probe;
  auto& current = probe ? probing_ : aligning_;
  if (!probe && mark.id <= last_aborted_) return std::nullopt;
  if (current && mark.id < current->mark.id) return std::nullopt;
  if (!current || mark.id > current->mark.id || mark.loop != current->mark.loop) {
    if (current) {
      current.reset(); // the older checkpoint was given up
      release();
    }
    current = alignment{mark, std::vector<bool>(channels_.size()), hold && !probe};
  }
  current->seen[i] = true;
  if (current->hold) {
    // Everything queued behind the barrier waits for the other channels.
    auto& c = channels_[i];
    c.held = true;
    auto kept = std::remove(ready_.begin(), ready_.end(), i);
    c.held_elements = static_cast<std::uint64_t>(ready_.end() - kept);
    ready_.erase(kept, ready_.end());
  }
  return complete_if_all(current);
}

std::optional<barrier> input_gate::realign() {
  if (auto mark = complete_if_all(aligning_)) return mark;
  return complete_if_all(probing_);
}

void input_gate::abort(checkpoint_id id) {
  last_aborted_ = std::max(last_aborted_, id);
  if (aligning_ && aligning_->mark.id <= id) {
    aligning_.reset();
    release();
  }
}

void input_gate::release() {
  if (aligning_ && aligning_->hold) return; // a probe ended while a checkpoint still aligns
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    auto& c = channels_[i];
    if (!c.held) continue;
    c.held = false;
    for (; c.held_elements > 0; --c.held_elements) ready_.push_back(i);
  }
}

} // namespace sluice::runtime
