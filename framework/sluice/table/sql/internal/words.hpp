/// Small help with words: letter case, likeness, names of enumerators in SQL.
#pragma once

#include "sluice/table/sql/statement.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::sql::internal {

std::string to_upper(std::string_view text);

/// Letters that must be added, removed, changed or swapped with their neighbour to turn one word
/// into the other; case does not count. More than `limit` is reported as `limit + 1`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

/// As far as a misspelt word of this length may be from the right one.
std::size_t typo_limit(std::string_view word);

std::span<const std::string_view> time_unit_names(); ///< in the order of `time_unit`
std::string_view to_sql(time_unit unit);
/// Also the plural, as in `INTERVAL '3' DAYS`.
std::optional<time_unit> find_time_unit(std::string_view word);

std::span<const std::string_view> explain_detail_names(); ///< in the order of `explain_detail`

/// `; did you mean X?`-like hint from what `word` may have been, or empty.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> choices);

} // namespace sluice::sql::internal
