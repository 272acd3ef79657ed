/// Time zones: from UTC to local time and back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::table {

/// A zone of the IANA database, or a fixed offset. A value, cheap to copy.
///
/// Thread safety: one object is used by one thread, because it remembers the offset it last used.
class time_zone {
public:
  /// UTC.
  time_zone() = default;

  /// `Asia/Shanghai`, `UTC`, `GMT+08:00`, `-3:30`, `Z`. Nothing when there is no such zone.
  static std::optional<time_zone> find(std::string_view name);

  /// The zone of this machine, by the name that other machines know it by where it has one.
  static time_zone local();

  const std::string& name() const noexcept { return name_; }
  bool is_utc() const noexcept { return !zone_ && fixed_ == 0; }

  /// Local microseconds of an instant, and back. A local time that a clock change skipped is moved
  /// on by the gap; one that happened twice means the first, as in Java.
  std::int64_t to_local(std::int64_t utc_micros) const noexcept {
    if (!zone_) return utc_micros + fixed_;
    if (utc_micros < from_ || utc_micros >= until_) [[unlikely]]
      look_up(utc_micros);
    return utc_micros + offset_;
  }
  std::int64_t to_utc(std::int64_t local_micros) const noexcept;

private:
  struct zone_data;

  void look_up(std::int64_t utc_micros) const noexcept;

  std::string name_ = "UTC";
  std::int64_t fixed_ = 0;
  std::shared_ptr<const zone_data> zone_;
  mutable std::int64_t from_ = 0; // the span of UTC in which `offset_` holds
  mutable std::int64_t until_ = 0;
  mutable std::int64_t offset_ = 0;
};

} // namespace sluice::table
