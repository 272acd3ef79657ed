#include "sluice/table/expr/similar_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace sluice::table {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Insertions, deletions, substitutions and swaps of neighbours from one word to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      bool same = lower(a[i - 1]) == lower(b[j - 1]);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (same ? 0u : 1u)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2])
          && lower(a[i - 2]) == lower(b[j - 1]))
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

/// How far a misspelt word of this length may be from the right one.
std::size_t typo_limit(std::size_t size) noexcept {
  return size < 3 ? 0 : size < 5 ? 1 : std::max<std::size_t>(2, size / 4);
}

/// Longer names are not compared: the work grows with the square.
constexpr std::size_t longest_name = 100;

} // namespace

std::string similar_name(std::string_view name, std::span<const std::string> candidates) {
  if (name.size() > longest_name) return {};
  auto best_distance = typo_limit(name.size()) + 1;
  std::string best;
  for (const auto& candidate : candidates) {
    if (candidate.size() > longest_name) continue;
    auto distance = edit_distance(name, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  auto best = similar_name(name, candidates);
  return best.empty() ? std::string() : fmt::format("; did you mean '{}'?", best);
}

} // namespace sluice::table
