/// How much of an input batch a task may take on at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sluice::runtime {

/// Watches how many bytes a chain makes of a record, so that a slice of input makes about as much
/// output as a channel's window holds. It starts with one record and doubles while that fits.
class slice_gauge {
public:
  /// Records of the next slice, at least 1.
  std::size_t next() const noexcept { return size_; }

  /// `records` of input became `bytes` of output.
  void handled(std::size_t records, std::uint64_t bytes) noexcept {
    if (records == 0) return;
    auto per_record = std::max<std::uint64_t>(1, bytes / records);
    auto fits = std::max<std::uint64_t>(1, target_bytes / per_record);
    size_ = static_cast<std::size_t>(std::min<std::uint64_t>({fits, size_ * 2, largest}));
  }

private:
  /// Half of a channel's window.
  static constexpr std::uint64_t target_bytes = 256 * 1024;
  static constexpr std::uint64_t largest = 1 << 20;

  std::size_t size_ = 1;
};

} // namespace sluice::runtime
