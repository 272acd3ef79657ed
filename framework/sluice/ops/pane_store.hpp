/// The state of aligned windows: a keyed table per pane of time.
#pragma once

#include "sluice/ops/pane_grid.hpp"
#include "sluice/state/state_entry.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

namespace sluice::ops {

/// Panes by their start, and for which windows each key group has been fired.
///
/// Owner: one operator. Tables of dropped panes are used again, so a steady stream allocates
/// nothing. Written as, per key group: the time up to which windows have fired, then its entries
/// pane by pane.
template <class K, class Acc>
class pane_store final : public state_entry {
public:
  struct pane {
    keyed_table<K, Acc> table;
    std::size_t num_keys = 0;

    std::size_t approximate_bytes() const noexcept {
      return num_keys * (sizeof(typename table_storage<K, Acc>::slot) + 1) * 2;
    }
  };
  using pane_map = std::map<timestamp, pane>;

  pane_store(pane_grid grid, key_group_range groups, std::uint32_t max_parallelism)
    : grid_(grid), groups_(groups), max_parallelism_(max_parallelism),
      fired_(groups.size(), min_timestamp) {}

  pane_map& panes() noexcept { return panes_; }

  /// The pane that starts at `start`, made if it is not there; and whether it was.
  std::pair<pane&, bool> find_or_make(timestamp start) {
    auto at = panes_.lower_bound(start);
    if (at != panes_.end() && at->first == start) return {at->second, false};
    if (free_.empty())
      return {panes_.emplace_hint(at, start, pane{keyed_table<K, Acc>(groups_, max_parallelism_)})
                ->second,
              true};
    auto node = std::move(free_.back());
    free_.pop_back();
    node.key() = start;
    return {panes_.insert(at, std::move(node))->second, true};
  }

  /// Forgets the first pane and keeps its memory for another.
  void drop_first() {
    auto node = panes_.extract(panes_.begin());
    if (free_.size() >= max_free) return;
    node.mapped().table.clear();
    node.mapped().num_keys = 0;
    free_.push_back(std::move(node));
  }

  // -- which windows have fired
  // ---------------------------------------------------------------------

  /// Time has reached `t`: all windows that end by then have fired, for all key groups.
  void set_fired_through(timestamp t) noexcept {
    through_ = t;
    if (most_fired_ <= t) most_fired_ = min_timestamp;
  }

  /// Whether some restored key groups are ahead of the others (after rescaling or a restart).
  bool groups_differ() const noexcept { return most_fired_ > through_; }

  /// Up to which time windows of the group with this index (from the first own group) have fired.
  timestamp fired_through(std::uint32_t index) const noexcept {
    return std::max(through_, fired_[index]);
  }

  std::uint32_t index_of(std::uint64_t hash) const noexcept {
    return key_group_of(hash, max_parallelism_) - groups_.first;
  }

  // -- state_entry
  // ----------------------------------------------------------------------------------

  state_kind kind() const noexcept override { return state_kind::keyed; }

  std::string schema() const override { return schema_prefix() + schema_of<Acc>(); }

  std::size_t memory_bytes() const noexcept override {
    std::size_t n = 0;
    for (auto& [start, p] : panes_) n += p.table.memory_bytes();
    return n;
  }

  std::size_t owned_bytes() override {
    std::size_t n = 0;
    for (auto& [start, p] : panes_) n += p.table.owned_bytes();
    return n;
  }

  void clear() override {
    panes_.clear();
    free_.clear();
    through_ = most_fired_ = min_timestamp;
    std::fill(fired_.begin(), fired_.end(), min_timestamp);
  }

  std::unique_ptr<state_snapshot> snapshot(const std::string& name) override {
    auto result = std::make_unique<pane_snapshot>(name, schema(), groups_.first);
    result->groups.resize(groups_.size());
    for (std::uint32_t i = 0; i < groups_.size(); ++i) result->groups[i].fired = fired_through(i);
    for (auto& [start, p] : panes_)
      for (auto& [group, view] : p.table.snapshot())
        result->groups[group - groups_.first].views.push_back({start, std::move(view)});
    return result;
  }

  void restore(const restored_group& group, const std::string& written_schema) override {
    auto prefix = schema_prefix();
    if (!written_schema.starts_with(prefix)
        || !can_decode_from<Acc>(std::string_view(written_schema).substr(prefix.size())))
      throw state_error("it holds \"" + written_schema + "\", the program wants \"" + schema()
                        + "\"");
    evolving_decoder<Acc> decode(std::string_view(written_schema).substr(prefix.size()));
    byte_reader in(group.bytes);
    auto& fired = fired_[group.group - groups_.first];
    fired = in.template raw<timestamp>();
    most_fired_ = std::max(most_fired_, fired);
    pane* to = nullptr;
    while (!in.at_end()) {
      if (in.template raw<std::uint8_t>() == pane_mark) {
        to = &find_or_make(in.template raw<timestamp>()).first;
        continue;
      }
      if (!to) throw format_error("corrupt data: a window's entry without its pane");
      auto key = decode_value<K>(in);
      to->table.find_or_insert(stable_hash(key), key, [&] { return decode(in); });
      ++to->num_keys;
    }
  }

private:
  static constexpr std::size_t max_free = 16;
  static constexpr std::uint8_t entry_mark = 0;
  static constexpr std::uint8_t pane_mark = 1;

  struct pane_view {
    timestamp start;
    std::shared_ptr<cow_view<K, Acc>> view;
  };
  struct group_snapshot {
    timestamp fired = min_timestamp;
    std::vector<pane_view> views;
  };

  class pane_snapshot final : public state_snapshot {
  public:
    pane_snapshot(std::string name, std::string schema, key_group first)
      : name_(std::move(name)), schema_(std::move(schema)), first_(first) {}

    void write(snapshot_writer& out, std::string_view operator_uid) override {
      out.begin_state(operator_uid, name_, state_kind::keyed, schema_);
      byte_writer bytes;
      auto flush = [&] {
        out.append(bytes.view());
        bytes.buffer().clear();
      };
      for (std::uint32_t i = 0; i < groups.size(); ++i) {
        if (groups[i].views.empty() && groups[i].fired == min_timestamp) continue;
        out.begin_group(first_ + i);
        bytes.raw(groups[i].fired);
        for (auto& [start, view] : groups[i].views) {
          bytes.raw(pane_mark);
          bytes.raw(start);
          view->for_each(
            [&](const K& key, const Acc& acc) {
              bytes.raw(entry_mark);
              encode_value(bytes, key);
              encode_value(bytes, acc);
            },
            [&] {
              if (bytes.size() >= chunk_bytes) flush();
            });
          view.reset();
        }
        flush();
      }
    }

    std::vector<group_snapshot> groups;

  private:
    static constexpr std::size_t chunk_bytes = 64 * 1024;

    std::string name_;
    std::string schema_;
    key_group first_;
  };

  /// Panes of other windows cannot be read: their bounds are not ours.
  std::string schema_prefix() const {
    return "windows " + std::to_string(grid_.size()) + "/" + std::to_string(grid_.slide()) + "+"
           + std::to_string(grid_.offset()) + " " + schema_of<K>() + " -> ";
  }

  pane_grid grid_;
  key_group_range groups_;
  std::uint32_t max_parallelism_;
  pane_map panes_;
  std::vector<typename pane_map::node_type> free_;
  timestamp through_ = min_timestamp;
  timestamp most_fired_ = min_timestamp;
  std::vector<timestamp> fired_;
};

} // namespace sluice::ops
