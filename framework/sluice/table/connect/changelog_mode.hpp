/// What kinds of changes the rows of a table's changelog make.
#pragma once

#include <string>

namespace sluice::table {

/// The kinds of rows that may come besides inserts.
///
/// An update comes as a pair of `update_before` and `update_after`, or (an upsert changelog, which
/// needs a key) as `update_after` alone.
struct changelog_mode {
  bool update_before = false;
  bool update_after = false;
  bool deletes = false;

  static constexpr changelog_mode inserts() { return {}; }
  static constexpr changelog_mode upserts() { return {false, true, true}; }
  static constexpr changelog_mode all() { return {true, true, true}; }

  constexpr bool insert_only() const noexcept {
    return !update_before && !update_after && !deletes;
  }

  /// As EXPLAIN CHANGELOG_MODE shows it: `I,UB,UA,D`.
  std::string to_string() const {
    std::string text = "I";
    if (update_before) text += ",UB";
    if (update_after) text += ",UA";
    if (deletes) text += ",D";
    return text;
  }

  friend constexpr bool operator==(const changelog_mode&, const changelog_mode&) = default;
};

} // namespace sluice::table
