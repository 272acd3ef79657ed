#include "sluice/table/sql/internal/words.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace sluice::sql::internal {

namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

constexpr std::array<std::string_view, 19> units{
  "MILLENNIUM", "CENTURY",     "DECADE",      "YEAR",       "ISOYEAR", "QUARTER", "MONTH",
  "WEEK",       "DAY",         "DOY",         "DOW",        "ISODOW",  "HOUR",    "MINUTE",
  "SECOND",     "MILLISECOND", "MICROSECOND", "NANOSECOND", "EPOCH"};

constexpr std::array<std::string_view, 4> details{"ESTIMATED_COST", "CHANGELOG_MODE",
                                                  "JSON_EXECUTION_PLAN", "PLAN_ADVICE"};

} // namespace

std::string to_upper(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), upper);
  return result;
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  constexpr std::size_t longest = 40;
  auto longer = std::max(a.size(), b.size());
  if (longer > longest || longer - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::array<std::array<std::size_t, longest + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i - 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      bool same = upper(a[i - 1]) == upper(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && upper(a[i - 1]) == upper(b[j - 2])
          && upper(a[i - 2]) == upper(b[j - 1]))
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
    }
  }
  return std::min(rows[a.size() % 3][b.size()], limit + 1);
}

std::size_t typo_limit(std::string_view word) {
  return word.size() < 3 ? 0 : word.size() < 5 ? 1 : 2;
}

std::span<const std::string_view> time_unit_names() { return units; }
std::string_view to_sql(time_unit unit) { return units[static_cast<std::size_t>(unit)]; }

std::optional<time_unit> find_time_unit(std::string_view word) {
  auto name = to_upper(word);
  for (std::size_t i = 0; i < units.size(); ++i)
    if (name == units[i] || (name.ends_with('S') && name.substr(0, name.size() - 1) == units[i]))
      return static_cast<time_unit>(i);
  return std::nullopt;
}

std::span<const std::string_view> explain_detail_names() { return details; }

std::string did_you_mean(std::string_view word, std::span<const std::string_view> choices) {
  auto limit = typo_limit(word);
  std::string_view best;
  for (auto choice : choices) {
    auto distance = edit_distance(word, choice, limit);
    if (distance > limit) continue;
    if (!best.empty() && distance >= edit_distance(word, best, limit)) continue;
    best = choice;
  }
  return best.empty() ? std::string() : fmt::format("did you mean {}?", best);
}

} // namespace sluice::sql::internal
