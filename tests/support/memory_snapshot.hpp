/// A snapshot that stays in memory, to be read back by any number of other subtasks.
#pragma once

#include "sluice/state/snapshot.hpp"
#include "sluice/state/state_entry.hpp"

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::testing {

/// What one operator's subtasks wrote. Writing the snapshots of several subtasks into one object
/// merges them, as a checkpoint does.
class memory_snapshot final : public snapshot_writer {
public:
  struct state {
    std::string name;
    state_kind kind = state_kind::keyed;
    std::string schema;
    std::map<std::uint32_t, std::string> groups; ///< by key group, of keyed state
    std::vector<std::string> items;              ///< of operator state
  };

  void begin_state(std::string_view, std::string_view name, state_kind kind,
                   std::string_view schema) override {
    current_ = nullptr;
    for (auto& s : states_)
      if (s.name == name) open_ = &s;
    if (!open_ || open_->name != name) {
      states_.push_back({std::string(name), kind, std::string(schema), {}, {}});
      open_ = &states_.back();
    }
  }

  void begin_group(std::uint32_t group_or_item) override {
    if (open_->kind != state_kind::keyed) {
      current_ = &open_->items.emplace_back();
      return;
    }
    auto [at, fresh] = open_->groups.try_emplace(group_or_item);
    if (!fresh) throw std::logic_error("a key group was written twice");
    current_ = &at->second;
  }

  void append(std::string_view bytes) override { current_->append(bytes); }

  /// Writes all of `parts`, as the checkpoint's writer thread does.
  void write(std::vector<std::unique_ptr<state_snapshot>> parts) {
    for (auto& part : parts) {
      open_ = nullptr;
      part->write(*this, "uid");
    }
  }

  std::vector<state>& states() noexcept { return states_; }

  /// What the owner of `groups`, subtask `subtask` of `parallelism`, gets to see. Valid as long as
  /// this object.
  restored_operator part_of(key_group_range groups, std::uint32_t subtask,
                            std::uint32_t parallelism) const {
    restored_operator result;
    for (auto& s : states_) {
      restored_state part{s.name, s.kind, s.schema, {}};
      for (auto& [group, bytes] : s.groups)
        if (groups.contains(group)) part.groups.push_back({group, bytes});
      for (std::uint32_t i = 0; i < s.items.size(); ++i)
        if (s.kind == state_kind::operator_union || i % parallelism == subtask)
          part.groups.push_back({i, s.items[i]});
      result.states.push_back(std::move(part));
    }
    return result;
  }

private:
  std::vector<state> states_;
  state* open_ = nullptr;
  std::string* current_ = nullptr;
};

} // namespace sluice::testing
