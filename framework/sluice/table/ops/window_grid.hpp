/// The arithmetic of the windows of SQL. Not for users.
#pragma once

#include "sluice/core/time.hpp"
#include "sluice/table/plan/relation.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace sluice::table::detail {

/// Windows and the slices that they share: pieces of time of equal length that no window cuts. A
/// slice is known by its end; all times are in microseconds of the time line of the windows.
class window_grid {
public:
  explicit window_grid(const window_spec& w)
    : kind_(w.kind), size_(w.size), step_(w.kind == window_kind::tumble ? w.size : w.slide),
      offset_(w.offset), slice_(w.kind == window_kind::hop ? std::gcd(w.size, w.slide) : step_) {}

  /// Distance of the ends of windows.
  std::int64_t step() const noexcept { return step_; }

  /// Length of a slice.
  std::int64_t slice() const noexcept { return slice_; }

  timestamp slice_end(timestamp t) const noexcept { return floor_to(t, slice_) + slice_; }

  timestamp window_start(timestamp window_end) const noexcept {
    if (kind_ == window_kind::cumulate) return floor_to(window_end - slice_, size_);
    return window_end - size_;
  }

  /// End of the first window that has the slice; none if it lies between windows.
  std::optional<timestamp> first_window(timestamp slice) const noexcept {
    if (kind_ != window_kind::hop) return slice;
    auto end = floor_to(slice - size_ + step_ - 1, step_) + size_;
    if (end - size_ > slice - slice_) return std::nullopt;
    return end;
  }

  /// End of the last window that has the slice. REQUIRES: some window has it.
  timestamp last_window(timestamp slice) const noexcept {
    switch (kind_) {
    case window_kind::tumble:
      return slice;
    case window_kind::hop:
      return floor_to(slice - slice_, step_) + size_;
    case window_kind::cumulate:
    case window_kind::session: // has no grid
      break;
    }
    return floor_to(slice - slice_, size_) + size_;
  }

  /// The first end of a window after `t`.
  timestamp window_after(timestamp t) const noexcept {
    if (kind_ == window_kind::hop) return floor_to(t - size_, step_) + step_ + size_;
    return floor_to(t, step_) + step_;
  }

  /// Calls `f(window_end)` for each window of an instant, in order.
  template <class F>
  void for_each_window(timestamp t, F&& f) const {
    auto slice = slice_end(t);
    auto first = first_window(slice);
    if (!first) return;
    for (auto end = *first; end <= last_window(slice); end += step_) f(end);
  }

private:
  /// The last multiple of `unit`, shifted by the offset, that is not after `t`.
  timestamp floor_to(timestamp t, std::int64_t unit) const noexcept {
    auto into = (t - offset_) % unit;
    return t - (into < 0 ? into + unit : into);
  }

  window_kind kind_;
  std::int64_t size_;
  std::int64_t step_;
  std::int64_t offset_;
  std::int64_t slice_;
};

/// The end of a window as its time attribute has it, with the precision of milliseconds.
inline constexpr std::int64_t window_time_before_end = 1000;

} // namespace sluice::table::detail
