/// What tests of joins share: specs, random tables, and the join by nested loops.
#pragma once

#include "sluice/table/function/registry.hpp"
#include "sluice/table/ops/operators.hpp"
#include "support/changelog_tables.hpp"
#include "support/table_operator_harness.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace sluice::table::test {

using testing::batch_of;
using testing::table_harness;
using testing::types_of;

/// id, key, value: of both sides.
inline const std::vector<data_type>& side_types() {
  static const auto types = types_of({"BIGINT", "BIGINT", "BIGINT"});
  return types;
}

using cell = std::optional<std::int64_t>;
using test_row = std::array<cell, 3>;

inline std::string text_of(const cell& c) { return c ? std::to_string(*c) : "null"; }
inline std::string text_of(const test_row& r) {
  return text_of(r[0]) + ", " + text_of(r[1]) + ", " + text_of(r[2]);
}
/// As the harness takes rows.
inline std::string fields_of(const test_row& r) {
  return text_of(r[0]) + "|" + text_of(r[1]) + "|" + text_of(r[2]);
}

/// A join of id, key, value with id, key, value by key; with a condition, `left.value <
/// right.value`.
struct join_case {
  join_type type = join_type::inner;
  bool condition = false;
  bool null_safe = false;
  bool null_aware = false;
  bool cross = false;
  bool unique = false;
  bool update_before = true;
  bool retracts = true;
  bool build_left = false;

  join_spec spec() const {
    join_spec s;
    s.type = type;
    s.left = s.right = side_types();
    if (!cross) s.keys = {{1, 1, null_safe}};
    if (condition)
      s.condition
        = function_registry::built_in().call("<", {expression::input(2, data_type::bigint()),
                                                   expression::input(5, data_type::bigint())});
    s.null_aware = null_aware;
    s.left_retracts = s.right_retracts = retracts;
    s.emits_update_before = update_before;
    if (unique) s.left_key = s.right_key = {0};
    s.build_left = build_left;
    return s;
  }

  std::string to_string() const {
    static const char* names[] = {"inner", "left", "right", "full", "semi", "anti"};
    std::string text = names[static_cast<int>(type)];
    if (condition) text += " condition";
    if (null_safe) text += " null-safe";
    if (null_aware) text += " null-aware";
    if (cross) text += " cross";
    if (unique) text += " unique";
    if (!update_before) text += " upserts";
    if (!retracts) text += " inserts";
    if (build_left) text += " build-left";
    return text;
  }

  bool match(const test_row& l, const test_row& r) const {
    if (condition && !(l[2] && r[2] && *l[2] < *r[2])) return false;
    if (cross) return true;
    if (null_aware && (!l[1] || !r[1])) return true;
    if (null_safe && !l[1] && !r[1]) return true;
    return l[1] && r[1] && *l[1] == *r[1];
  }

  /// The join by nested loops.
  std::map<std::string, int> expected(const std::vector<test_row>& left,
                                      const std::vector<test_row>& right) const {
    std::map<std::string, int> result;
    std::vector<bool> right_matched(right.size());
    const std::string nulls = "null, null, null";
    for (const auto& l : left) {
      bool matched = false;
      for (std::size_t r = 0; r < right.size(); ++r) {
        if (!match(l, right[r])) continue;
        matched = right_matched[r] = true;
        if (type < join_type::semi) ++result["[" + text_of(l) + ", " + text_of(right[r]) + "]"];
      }
      if ((type == join_type::semi && matched) || (type == join_type::anti && !matched))
        ++result["[" + text_of(l) + "]"];
      if ((type == join_type::left || type == join_type::full) && !matched)
        ++result["[" + text_of(l) + ", " + nulls + "]"];
    }
    if (type == join_type::right || type == join_type::full)
      for (std::size_t r = 0; r < right.size(); ++r)
        if (!right_matched[r]) ++result["[" + nulls + ", " + text_of(right[r]) + "]"];
    return result;
  }
};

inline constexpr join_type all_join_types[] = {join_type::inner, join_type::left, join_type::right,
                                               join_type::full,  join_type::semi, join_type::anti};

inline cell random_cell(std::mt19937& random, int values, int nulls = 8) {
  if (std::uniform_int_distribution<>(0, nulls - 1)(random) == 0) return std::nullopt;
  return std::uniform_int_distribution<>(0, values - 1)(random);
}

} // namespace sluice::table::test
