/// The receiving ends of a task's channels: queues, event time, barrier alignment.
#pragma once

#include "sluice/runtime/messages.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace sluice::runtime {

/// Queues what arrives and says what to handle next.
///
/// Owner: one task. Invariant: per channel, elements come out in the order they went in. What a
/// channel queues is bounded by the credit that its sender was given.
class input_gate {
public:
  struct channel {
    std::uint32_t input = 0; ///< of the chain's head
    bool feedback = false;   ///< closes a loop: no say in event time, barriers or the end
    std::deque<channel_element> queue;
    std::uint32_t max_batches = max_window_batches;
    std::uint32_t queued_batches = 0;
    timestamp watermark = min_timestamp;
    bool idle = false;
    bool ended = false;
    bool held = false; ///< its barrier came, others' have not
    std::uint64_t held_elements = 0;
    std::uint64_t restored = 0; ///< elements at the queue's front that a checkpoint brought
    bool overtaken = false; ///< the checkpoint was taken and its barrier has not come: see overtake
  };

  /// What to do next.
  struct next {
    std::uint32_t channel = 0;
    channel_element element;
    bool restored = false; ///< no sender gave credit for it
  };

  void add_channel(channel c) { channels_.push_back(std::move(c)); }
  std::size_t size() const noexcept { return channels_.size(); }
  const channel& at(std::uint32_t i) const { return channels_.at(i); }

  /// An element has arrived.
  void enqueue(std::uint32_t i, channel_element element);

  /// An element that waited here when the checkpoint was taken that the task starts from. Comes
  /// before all that arrives. REQUIRES: nothing has arrived in the channel.
  void restore(std::uint32_t i, channel_element element);

  bool has_next() const noexcept { return !ready_.empty(); }

  /// REQUIRES: has_next().
  next take();

  // -- event time
  // ----------------------------------------------------------------------------------

  /// Channel `i` says that its time is `w`. Returns the new combined time if that advanced.
  std::optional<timestamp> advance(std::uint32_t i, timestamp w);

  /// Channel `i` has become idle or active.
  std::optional<timestamp> set_idle(std::uint32_t i, bool idle);

  /// Whether all channels that still run are idle.
  bool all_idle() const noexcept;

  timestamp watermark() const noexcept { return combined_; }

  /// Channel `i` will bring nothing more. Returns the new combined time if that advanced.
  std::optional<timestamp> end(std::uint32_t i);
  bool all_ended() const noexcept;

  /// Whether all channels of input `input` of the chain's head have ended.
  bool input_ended(std::uint32_t input) const noexcept;

  // -- barriers
  // ------------------------------------------------------------------------------------

  /// Channel `i` brought `mark`. Returns it once all channels but those of feedback have brought it
  /// or have ended. With `hold`, channels that brought it wait for the others.
  ///
  /// A probe of a loop waits for inputs from outside of the loop, too: they never bring it, and
  /// while they go on the loop is not empty.
  std::optional<barrier> align(std::uint32_t i, barrier mark, bool hold);

  /// A channel has ended: the barrier may be complete without it. To be called until it returns
  /// nothing, as a probe may be, too.
  std::optional<barrier> realign();

  /// The checkpoint is taken now, without waiting for the inputs that have not brought `mark`.
  /// Calls `log` for everything queued that the barrier overtakes, in order per channel, and takes
  /// the barriers out of the queues. Channels where it has not even arrived are `overtaken`.
  void overtake(const barrier& mark,
                const std::function<void(std::uint32_t, const channel_element&)>& log);

  /// Whether what arrives in channel `i` still belongs to the checkpoint that was taken.
  bool overtaken(std::uint32_t i) const { return channels_[i].overtaken; }
  bool any_overtaken() const noexcept { return num_overtaken_ > 0; }

  /// The overtaking barrier, or the end of input in its place, has arrived in channel `i`.
  void caught_up(std::uint32_t i);

  /// The checkpoint is off: nobody waits for it any more.
  void abort(checkpoint_id id);

  bool aligning() const noexcept { return aligning_.has_value(); }

  /// The newest checkpoint that was taken or given up: barriers up to it say nothing any more.
  checkpoint_id settled() const noexcept { return settled_; }

private:
  struct alignment {
    barrier mark;
    std::vector<bool> seen;
    bool hold;
  };

  std::optional<barrier> complete_if_all(std::optional<alignment>& a);
  void release();
  void remove(std::uint32_t i, std::size_t position);
  std::optional<timestamp> recompute();

  std::vector<channel> channels_;
  std::deque<std::uint32_t> ready_; ///< a channel number per element that may be taken
  std::optional<alignment> aligning_;
  std::optional<alignment> probing_;
  timestamp combined_ = min_timestamp;
  checkpoint_id settled_ = 0;
  std::size_t num_overtaken_ = 0;
};

} // namespace sluice::runtime
