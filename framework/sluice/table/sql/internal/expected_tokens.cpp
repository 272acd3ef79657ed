#include "sluice/table/sql/internal/expected_tokens.hpp"

#include "sluice/table/sql/internal/grammar.hpp"
#include "sluice/table/sql/internal/keywords.hpp"
#include "sluice/table/sql/internal/parse_context.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include <fmt/format.h>

namespace sluice::sql::internal {

namespace {

using kind = grammar::token;

/// More words than this are not listed.
constexpr std::size_t max_listed = 8;

/// What begins an expression and nothing else that a user would think of.
constexpr int expression_starts[] = {kind::T_INTEGER,
                                     kind::T_DECIMAL_NUMBER,
                                     kind::T_APPROXIMATE_NUMBER,
                                     kind::T_TEXT,
                                     kind::T_UNICODE_TEXT,
                                     kind::T_BINARY_TEXT,
                                     kind::T_PLUS,
                                     kind::T_MINUS,
                                     kind::T_LEFT_PAREN,
                                     kind::T_ARRAY_CONSTRUCTOR,
                                     kind::T_MAP_CONSTRUCTOR,
                                     kind::T_ARRAY,
                                     kind::T_MULTISET,
                                     kind::T_CASE,
                                     kind::T_CAST,
                                     kind::T_CEIL,
                                     kind::T_CEILING,
                                     kind::T_CURRENT_CATALOG,
                                     kind::T_CURRENT_DATE,
                                     kind::T_CURRENT_TIME,
                                     kind::T_CURRENT_TIMESTAMP,
                                     kind::T_CURRENT_USER,
                                     kind::T_DATE,
                                     kind::T_EXISTS,
                                     kind::T_EXTRACT,
                                     kind::T_FALSE,
                                     kind::T_FLOOR,
                                     kind::T_INTERVAL,
                                     kind::T_JSON_ARRAY,
                                     kind::T_JSON_ARRAYAGG,
                                     kind::T_JSON_EXISTS,
                                     kind::T_JSON_OBJECT,
                                     kind::T_JSON_OBJECTAGG,
                                     kind::T_JSON_QUERY,
                                     kind::T_JSON_VALUE,
                                     kind::T_LOCALTIME,
                                     kind::T_LOCALTIMESTAMP,
                                     kind::T_NOT,
                                     kind::T_NULL_,
                                     kind::T_OVERLAY,
                                     kind::T_POSITION,
                                     kind::T_ROW,
                                     kind::T_SUBSTRING,
                                     kind::T_TIME,
                                     kind::T_TIMESTAMP,
                                     kind::T_TRIM,
                                     kind::T_TRUE,
                                     kind::T_TRY_CAST,
                                     kind::T_UNKNOWN,
                                     kind::T_USER,
                                     kind::T_NAME,
                                     kind::T_QUOTED_NAME};

/// What goes on with an expression.
constexpr int operators[] = {kind::T_PLUS,
                             kind::T_MINUS,
                             kind::T_STAR,
                             kind::T_SLASH,
                             kind::T_PERCENT,
                             kind::T_CONCAT,
                             kind::T_EQUAL,
                             kind::T_NOT_EQUAL,
                             kind::T_LESS,
                             kind::T_LESS_EQUAL,
                             kind::T_GREATER,
                             kind::T_GREATER_EQUAL,
                             kind::T_LEFT_BRACKET,
                             kind::T_DOT,
                             kind::T_AND,
                             kind::T_OR,
                             kind::T_IS,
                             kind::T_IN,
                             kind::T_BETWEEN,
                             kind::T_LIKE,
                             kind::T_SIMILAR,
                             kind::T_RLIKE,
                             kind::T_ILIKE,
                             kind::T_OVERLAPS,
                             kind::T_NOT_BEFORE_PREDICATE,
                             kind::T_OVER,
                             kind::T_FILTER,
                             kind::T_WITHIN,
                             kind::T_IGNORE,
                             kind::T_RESPECT};

/// Rare words that only lengthen a list.
constexpr int unmentioned[]
  = {kind::T_HINT_BEGIN,    kind::T_MATCH_RECOGNIZE, kind::T_PIVOT,
     kind::T_UNPIVOT,       kind::T_TABLESAMPLE,     kind::T_QUALIFY,
     kind::T_MINUS_KEYWORD, kind::T_FETCH,           kind::T_NATURAL,
     kind::T_DISTRIBUTED,   kind::T_UNIQUE,          kind::T_WITH_TIME_ZONE,
     kind::T_UESCAPE,       kind::T_JSON_KEY,        kind::T_DOT};

template <std::size_t Size>
void remove(std::set<int>& kinds, const int (&list)[Size]) {
  for (int k : list) kinds.erase(k);
}

std::string name_of(int token_kind) {
  switch (token_kind) {
  case kind::T_END_OF_STATEMENT:
    return "the end of the statement";
  case kind::T_NAME:
  case kind::T_QUOTED_NAME:
    return "a name";
  case kind::T_TEXT:
  case kind::T_UNICODE_TEXT:
    return "a text in single quotes";
  case kind::T_INTEGER:
    return "a whole number";
  default:
    return token_kind >= kind::T_ALL ? std::string(token_name(token_kind))
                                     : fmt::format("'{}'", token_name(token_kind));
  }
}

/// Keywords that may be names. A type may have any name, so the grammar itself is asked.
std::set<int> find_free_words() {
  std::set<int> result;
  for (const auto& word : all_keywords()) {
    const token tokens[] = {{word.kind, {}}, {kind::T_END_OF_STATEMENT, {}}};
    parse_context context("", tokens, kind::T_START_TYPE);
    try {
      grammar(context).parse();
      result.insert(word.kind);
    } catch (const unexpected_token&) {
      continue; // not a name
    }
  }
  return result;
}

std::string join_words(const std::vector<std::string>& words) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += i + 1 == words.size() ? " or " : ", ";
    result += words[i];
  }
  return result;
}

} // namespace

std::string describe_expected(const std::vector<int>& list) {
  std::set<int> kinds(list.begin(), list.end());
  remove(kinds, unmentioned);
  std::vector<std::string> words;
  auto say = [&](std::string word) {
    if (std::find(words.begin(), words.end(), word) == words.end())
      words.push_back(std::move(word));
  };
  if (kinds.contains(kind::T_NAME)) {
    static const auto free_words = find_free_words();
    for (int word : free_words) kinds.erase(word);
  }
  if (kinds.contains(kind::T_CASE)) {
    say("an expression");
    remove(kinds, expression_starts);
  }
  bool operators_fit = kinds.contains(kind::T_CONCAT);
  if (operators_fit) remove(kinds, operators);
  // Words say most, then closing signs and commas.
  bool ends = kinds.erase(kind::T_END_OF_STATEMENT) > 0;
  for (int k : {kind::T_NAME, kind::T_QUOTED_NAME, kind::T_TEXT, kind::T_INTEGER})
    if (kinds.erase(k) > 0) say(name_of(k));
  for (auto k = kinds.lower_bound(kind::T_ALL); k != kinds.end(); ++k) say(name_of(*k));
  for (auto k = kinds.begin(); k != kinds.lower_bound(kind::T_ALL); ++k) say(name_of(*k));
  if (operators_fit) say("an operator");
  if (ends) say(name_of(kind::T_END_OF_STATEMENT));
  if (words.size() > max_listed) {
    words.resize(max_listed);
    words.emplace_back("others");
  }
  return join_words(words);
}

} // namespace sluice::sql::internal
