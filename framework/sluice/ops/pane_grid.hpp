/// The arithmetic of aligned windows: how time is cut into panes that windows share.
#pragma once

#include "sluice/core/time.hpp"

#include <cstdint>

namespace sluice::ops {

/// Windows of `size` that start every `slide`, shifted by `offset`; and panes, the pieces of time
/// between two neighbouring window bounds. A window is a whole number of panes.
///
/// Why not panes of gcd(size, slide): of windows of an hour every 7 minutes that makes 60 panes,
/// where cutting at starts and ends only makes two per slide (Krishnamurthy's "paired windows").
class pane_grid {
public:
  /// REQUIRES: size > 0, slide > 0.
  constexpr pane_grid(std::int64_t size, std::int64_t slide, std::int64_t offset) noexcept
    : size_(size), slide_(slide), offset_(floor_mod(offset, slide)),
      cut_(slide > size ? size : size % slide) {}

  std::int64_t size() const noexcept { return size_; }
  std::int64_t slide() const noexcept { return slide_; }
  std::int64_t offset() const noexcept { return offset_; }

  struct pane {
    timestamp start = 0;
    std::uint64_t length = 0;
    bool in_window = true; // false in the gaps between windows that are shorter than their slide

    constexpr bool contains(timestamp t) const noexcept {
      return static_cast<std::uint64_t>(t) - static_cast<std::uint64_t>(start) < length;
    }
  };

  /// The pane that `t` is in.
  constexpr pane pane_of(timestamp t) const noexcept {
    auto start = slide_start(t);
    if (cut_ == 0) return {start, static_cast<std::uint64_t>(slide_), true};
    auto into = static_cast<std::uint64_t>(t) - static_cast<std::uint64_t>(start);
    auto cut = static_cast<std::uint64_t>(cut_);
    if (into < cut) return {start, cut, true};
    return {saturating_add(start, cut_), static_cast<std::uint64_t>(slide_) - cut, slide_ <= size_};
  }

  /// Start of the first window that contains the pane (or instant) `t`.
  constexpr timestamp first_window(timestamp t) const noexcept {
    if (t < min_timestamp + size_) return slide_start(t); // none can start before time itself
    return saturating_add(slide_start(t - size_), slide_);
  }

  /// Start of the last window that contains `t`.
  constexpr timestamp last_window(timestamp t) const noexcept { return slide_start(t); }

  /// First instant after the window that starts at `start`.
  constexpr timestamp window_end(timestamp start) const noexcept {
    return saturating_add(start, size_);
  }

  /// Last instant of the window that starts at `start`.
  constexpr timestamp window_max(timestamp start) const noexcept {
    auto end = window_end(start);
    return end == max_timestamp ? end : end - 1;
  }

private:
  static constexpr std::int64_t floor_mod(std::int64_t a, std::int64_t b) noexcept {
    auto m = a % b;
    return m < 0 ? m + b : m;
  }

  constexpr timestamp slide_start(timestamp t) const noexcept {
    auto into = floor_mod(t, slide_) - offset_;
    return saturating_add(t, -(into < 0 ? into + slide_ : into));
  }

  std::int64_t size_;
  std::int64_t slide_;
  std::int64_t offset_;
  std::int64_t cut_;
};

} // namespace sluice::ops
