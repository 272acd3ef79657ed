/// How far the windows of each key group have fired. Not for users.
#pragma once

#include "sluice/state/state_entry.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::table::detail {

/// Part of the state of a window operator: subtasks need not have come equally far at a barrier, so
/// after a restore with another parallelism groups differ.
class window_progress final : public state_entry {
public:
  explicit window_progress(key_group_range groups)
    : groups_(groups), times_(groups.size(), min_timestamp) {}

  /// All windows that end by `t` have fired, of all groups.
  void reach(timestamp t) noexcept { time_ = t; }
  timestamp time() const noexcept { return time_; }

  /// Whether a group is ahead of the others.
  bool groups_differ() const noexcept { return furthest_ > time_; }
  timestamp time_of(key_group group) const noexcept {
    return std::max(time_, times_[group - groups_.first]);
  }

  /// After a restore: as far as all have come.
  void restored() noexcept {
    time_ = times_.empty() ? min_timestamp : *std::min_element(times_.begin(), times_.end());
  }

  state_kind kind() const noexcept override { return state_kind::keyed; }
  std::string schema() const override { return "window progress"; }
  std::size_t memory_bytes() const noexcept override { return 0; }
  std::size_t owned_bytes() override { return 0; }
  void clear() override;
  std::unique_ptr<state_snapshot> snapshot(const std::string& name) override;
  void restore(const restored_group& group, const std::string& written_schema) override;

private:
  key_group_range groups_;
  std::vector<timestamp> times_; ///< when they were restored
  timestamp time_ = min_timestamp;
  timestamp furthest_ = min_timestamp;
};

} // namespace sluice::table::detail
