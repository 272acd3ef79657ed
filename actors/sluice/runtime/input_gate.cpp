#include "sluice/runtime/input_gate.hpp"

#include <algorithm>
#include <utility>

namespace sluice::runtime {

void input_gate::enqueue(std::uint32_t i, channel_element element) {
  auto& c = channels_.at(i);
  if (element.kind == channel_element::type::records)
    SLUICE_CHECK(++c.queued_batches <= c.max_batches, "channel {} got a batch without credit", i);
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
  next result{i, std::move(c.queue.front()), c.restored > 0};
  c.queue.pop_front();
  if (result.restored)
    --c.restored;
  else if (result.element.kind == channel_element::type::records)
    --c.queued_batches;
  return result;
}

void input_gate::restore(std::uint32_t i, channel_element element) {
  auto& c = channels_.at(i);
  SLUICE_CHECK(c.queue.size() == c.restored, "channel {} has live elements already", i);
  c.queue.push_back(std::move(element));
  ++c.restored;
  ready_.push_back(i);
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

bool input_gate::input_ended(std::uint32_t input) const noexcept {
  return std::all_of(channels_.begin(), channels_.end(), [input](const channel& c) {
    return c.input != input || c.ended || c.feedback;
  });
}

std::optional<barrier> input_gate::complete_if_all(std::optional<alignment>& a) {
  if (!a) return std::nullopt;
  for (std::size_t i = 0; i < channels_.size(); ++i)
    if (!a->seen[i] && !channels_[i].ended && !channels_[i].feedback) return std::nullopt;
  auto mark = a->mark;
  if (mark.kind == barrier_kind::checkpoint) settled_ = std::max(settled_, mark.id);
  a.reset();
  release();
  return mark;
}

std::optional<barrier> input_gate::align(std::uint32_t i, barrier mark, bool hold) {
  auto probe = mark.kind == barrier_kind::loop_probe;
  auto& current = probe ? probing_ : aligning_;
  if (!probe && mark.id <= settled_) return std::nullopt;
  if (current && mark.id < current->mark.id) return std::nullopt;
  if (!current || mark.id > current->mark.id) {
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
  if (id >= settled_) { // else they are those of a later checkpoint
    for (auto& c : channels_) c.overtaken = false;
    num_overtaken_ = 0;
    settled_ = id;
  }
  if (aligning_ && aligning_->mark.id <= id) {
    aligning_.reset();
    release();
  }
}

void input_gate::overtake(const barrier& mark,
                          const std::function<void(std::uint32_t, const channel_element&)>& log) {
  using type = channel_element::type;
  num_overtaken_ = 0;
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    auto& c = channels_[i];
    c.overtaken = false;
    if (c.feedback || c.ended) continue;
    if (aligning_ && aligning_->mark.id == mark.id && aligning_->seen[i]) continue;
    c.overtaken = true;
    for (std::size_t k = 0; c.overtaken && k < c.queue.size(); ++k) {
      auto& e = c.queue[k];
      if (e.kind == type::end_of_input) {
        c.overtaken = false;
      } else if (e.kind != type::barrier) {
        log(i, e);
      } else if (e.mark.kind == barrier_kind::checkpoint && e.mark.id == mark.id) {
        remove(i, k);
        c.overtaken = false;
      }
    }
    num_overtaken_ += c.overtaken;
  }
  settled_ = std::max(settled_, mark.id);
  if (aligning_ && aligning_->mark.id <= mark.id) {
    aligning_.reset();
    release();
  }
}

void input_gate::caught_up(std::uint32_t i) {
  if (!std::exchange(channels_[i].overtaken, false)) return;
  --num_overtaken_;
}

/// Takes an element out of the middle of a queue.
void input_gate::remove(std::uint32_t i, std::size_t position) {
  auto& c = channels_[i];
  c.queue.erase(c.queue.begin() + static_cast<std::ptrdiff_t>(position));
  if (c.held) {
    --c.held_elements;
    return;
  }
  auto at = std::find(ready_.begin(), ready_.end(), i);
  for (; position > 0; --position) at = std::find(at + 1, ready_.end(), i);
  ready_.erase(at);
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
