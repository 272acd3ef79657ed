/// What is known of the rows of a relation: which changes they make, and what tells them apart.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/table/plan/relation.hpp"

#include <cstddef>
#include <unordered_map>
#include <vector>

namespace sluice::table {

/// Answers questions about the relations of one plan. Remembers the answers. Not thread-safe.
class plan_properties {
public:
  /// `mode`: streaming or batch; in batch mode operators give final rows only.
  explicit plan_properties(execution_mode mode) : mode_(mode) {}

  /// The changes that may come out of `r` if every UPDATE_BEFORE is asked for.
  changelog_mode changes(const relation& r);

  /// Sets of columns that hold no two rows alike (of the rows that are valid at a time), and whose
  /// changes come in order. After an exchange by columns outside of a key, they do not: what takes
  /// a row back may then be later than what replaces it, as they come from different subtasks. Each
  /// is sorted.
  const std::vector<std::vector<std::size_t>>& unique_keys(const relation& r);

  /// Whether `r` needs the UPDATE_BEFORE rows of its input number `input`, if its own are not asked
  /// for by others.
  bool needs_update_before(const relation& r, std::size_t input);

  /// Whether rows that count for one primary key of a sink may come from different rows of the
  /// query, so that somebody has to tell it which is valid.
  bool materializes(const relation& r, const sink_node& sink);

private:
  changelog_mode find_changes(const relation& r);
  std::vector<std::vector<std::size_t>> find_keys(const relation& r);
  /// The keys of an input of `r` whose changes still come in order when it was spread by columns.
  std::vector<std::vector<std::size_t>> keys_in_order(const relation& r, std::size_t input,
                                                      std::vector<std::size_t> exchanged_by);

  execution_mode mode_;
  std::unordered_map<const relation*, changelog_mode> changes_;
  std::unordered_map<const relation*, std::vector<std::vector<std::size_t>>> keys_;
};

/// The plan as `to_string` gives it, each line with its changelog mode: what EXPLAIN CHANGELOG_MODE
/// shows.
std::string to_string_with_changes(const relation_ptr& plan, execution_mode mode);

} // namespace sluice::table
