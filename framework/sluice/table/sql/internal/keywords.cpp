#include "sluice/table/sql/internal/keywords.hpp"

#include "sluice/table/sql/internal/grammar.hpp"
#include "sluice/table/sql/parser.hpp"

#include <algorithm>
#include <array>

namespace sluice::sql::internal {

namespace {

using kind = grammar::token;

/// Keywords are declared last in the grammar, ALL first; behind them come the NO_... of
/// precedences.
std::vector<keyword> read_keywords() {
  std::vector<keyword> result;
  for (int k = kind::T_ALL; k < num_tokens(); ++k) {
    auto name = token_name(k);
    if (!name.starts_with("NO_")) result.push_back({name, k});
  }
  std::sort(result.begin(), result.end(),
            [](const keyword& a, const keyword& b) { return a.text < b.text; });
  return result;
}

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

} // namespace

int num_tokens() { return grammar::YYNTOKENS; }

std::string_view token_name(int token_kind) {
  return grammar::symbol_name(static_cast<grammar::symbol_kind_type>(token_kind));
}

std::span<const keyword> all_keywords() {
  static const auto list = read_keywords();
  return list;
}

int find_keyword(std::string_view word) {
  std::array<char, 24> buffer;
  if (word.size() > buffer.size()) return 0;
  std::transform(word.begin(), word.end(), buffer.begin(), upper);
  std::string_view text(buffer.data(), word.size());
  auto list = all_keywords();
  auto found = std::lower_bound(list.begin(), list.end(), text,
                                [](const keyword& k, std::string_view t) { return k.text < t; });
  return found != list.end() && found->text == text ? found->kind : 0;
}

bool needs_quotes(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty() || !letter(name[0])) return true;
  if (!std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); }))
    return true;
  return find_keyword(name) != 0;
}

} // namespace sluice::sql::internal

namespace sluice::sql {

std::vector<std::string_view> keywords() {
  std::vector<std::string_view> result;
  for (const auto& keyword : internal::all_keywords()) result.push_back(keyword.text);
  return result;
}

} // namespace sluice::sql
