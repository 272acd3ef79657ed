/// How much a task takes on: at once, and on its way to it.
#pragma once

#include "sluice/core/time.hpp"
#include "sluice/runtime/messages.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace sluice::runtime {

/// Bounds the time that a task spends on records before it looks at its mailbox: a batch of slow
/// records is handled in slices. Costs two comparisons per batch as long as records are fast.
class work_slicer {
public:
  using duration = std::chrono::steady_clock::duration;

  /// Most records to handle in one go. Starts with one: nobody knows yet what a record costs.
  std::size_t limit() const noexcept { return limit_; }

  /// `records` were handled in `took`.
  void handled(std::size_t records, duration took) noexcept {
    if (took > longest) [[unlikely]] {
      auto fits = records * static_cast<std::size_t>(longest.count())
                  / static_cast<std::size_t>(took.count());
      limit_ = fits > 0 ? fits : 1;
    } else if (took < longest / growth && records >= limit_ / 2 && limit_ < unlimited) {
      limit_ *= growth;
    }
  }

private:
  static constexpr duration longest = std::chrono::milliseconds(5);
  static constexpr std::size_t growth = 4;
  static constexpr std::size_t unlimited = std::size_t{1} << 30;

  std::size_t limit_ = 1;
};

/// What a sender may have under way, unprocessed: so many batches of at most so many records.
struct window {
  std::uint32_t batches = max_window_batches;
  std::uint32_t records = 0;

  friend bool operator==(const window&, const window&) = default;
};

/// Sizes the windows of a task's inputs so that what is under way is worth about a given time of
/// its work (Flink: buffer debloating). So barriers and watermarks are never far behind, and a
/// checkpoint that keeps what is in flight keeps little.
///
/// Owner: one task, which tells of each batch; a new size is computed at most every 50 ms.
class buffer_debloater {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `target` of zero: windows never change.
  explicit buffer_debloater(duration target = duration(0)) : target_(target) {}

  /// Adds a channel whose windows are at most `full`. One that is not `adaptive` keeps that.
  void add_channel(window full, bool adaptive);

  /// What a channel starts with at both ends: little, until the receiver has shown how fast it is.
  static window initial(duration target, window full);

  void handled(std::size_t records) noexcept { records_ += records; }
  bool due(time_point now) const noexcept { return now >= next_ && target_.count() > 0; }

  /// The task has worked, or waited for those behind it, for `active_ns` in all.
  void update(time_point now, std::uint64_t active_ns);

  const window& wanted(std::uint32_t channel) const { return wanted_[channel]; }

  /// The channel's window as its sender knows it.
  window& granted(std::uint32_t channel) { return granted_[channel]; }

  /// Records per second, smoothed; 0: not known yet.
  double rate() const noexcept { return rate_; }

  /// Records that may be under way in all channels together.
  std::uint64_t records_in_windows() const noexcept;

private:
  struct input {
    window full;
    bool adaptive;
  };

  duration target_;
  std::vector<input> channels_;
  std::vector<window> wanted_;
  std::vector<window> granted_;
  std::uint64_t records_ = 0;
  std::uint64_t last_active_ns_ = 0;
  time_point next_{};
  std::chrono::steady_clock::duration period_{};
  double rate_ = 0;
};

} // namespace sluice::runtime
