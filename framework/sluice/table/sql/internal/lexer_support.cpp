#include "sluice/table/sql/internal/grammar.hpp"
#include "sluice/table/sql/internal/lexer.hpp"
#include "sluice/table/sql/sql_error.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace sluice::sql::internal {

lexer::lexer(const std::string& text, source_position begin)
  : text_(text.data()), cursor_(text_), limit_(text_ + text.size()), position_(begin),
    done_(text_) {
  if (text.size() >= std::numeric_limits<std::uint32_t>::max() - begin.offset)
    throw sql_error("the text is longer than 4 GB", {begin, begin});
}

source_position lexer::advance(source_position from, const char* end) const {
  auto size = static_cast<std::uint32_t>(end - done_);
  for (const char* p = done_; p < end; ++p) {
    if (*p == '\n') {
      ++from.line;
      from.column = 1;
    } else if ((static_cast<unsigned char>(*p) & 0xc0) != 0x80) {
      ++from.column;
    }
  }
  from.offset += size;
  return from;
}

token lexer::make(int kind, const char* token_begin) {
  position_ = advance(position_, token_begin);
  done_ = token_begin;
  token result{kind, {position_, advance(position_, cursor_)}};
  position_ = result.range.end;
  done_ = cursor_;
  return result;
}

void lexer::fail(const char* token, std::string message, std::string hint) const {
  auto begin = advance(position_, token);
  auto end = begin;
  end.offset += static_cast<std::uint32_t>(cursor_ - token);
  throw sql_error(std::move(message), {begin, end}, std::move(hint));
}

void lexer::fail_unfinished(const char* token, std::string_view what) const {
  auto begin = advance(position_, token);
  auto end = begin;
  end.offset += 1;
  throw sql_error(fmt::format("this {} is not closed", what), {begin, end}, {}, true);
}

void lexer::fail_at_byte(const char* token) const {
  auto byte = static_cast<unsigned char>(*token);
  fail(token, byte >= 0x20 && byte < 0x7f
                ? fmt::format("unexpected character {}", static_cast<char>(byte))
                : fmt::format("unexpected byte 0x{:02x}", byte));
}

/// Names and texts are UTF-8, so that everything behind may rely on it.
void lexer::check_utf8(const char* begin) const {
  auto p = reinterpret_cast<const unsigned char*>(begin);
  auto end = reinterpret_cast<const unsigned char*>(cursor_);
  auto continues = [&](int count) {
    for (int i = 1; i <= count; ++i)
      if (p + i >= end || (p[i] & 0xc0) != 0x80) return false;
    return true;
  };
  while (p < end) {
    int more = *p < 0x80 ? 0 : *p < 0xc2 ? -1 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : *p < 0xf5 ? 3 : -1;
    bool good = more >= 0 && continues(more);
    if (good && more == 2) good = !(*p == 0xe0 && p[1] < 0xa0) && !(*p == 0xed && p[1] > 0x9f);
    if (good && more == 3) good = !(*p == 0xf0 && p[1] < 0x90) && !(*p == 0xf4 && p[1] > 0x8f);
    if (!good) fail(reinterpret_cast<const char*>(p), "this is not UTF-8");
    p += more + 1;
  }
}

namespace {

using kind = grammar::token;

/// A word that is a keyword only before one of a few tokens, and a name otherwise.
struct contextual {
  int word;
  std::array<int, 6> before; ///< zeros fill it up
  int otherwise = kind::T_NAME;
};

constexpr contextual contextual_words[] = {
  {kind::T_NOT,
   {kind::T_IN, kind::T_BETWEEN, kind::T_LIKE, kind::T_SIMILAR, kind::T_ILIKE, kind::T_RLIKE}},
  {kind::T_NULLS, {kind::T_FIRST, kind::T_LAST}},
  {kind::T_IGNORE, {kind::T_NULLS}},
  {kind::T_RESPECT, {kind::T_NULLS}},
  {kind::T_WATERMARK, {kind::T_FOR}},
  {kind::T_PRIMARY, {kind::T_KEY}},
  {kind::T_PIVOT, {kind::T_LEFT_PAREN}},
  {kind::T_UNPIVOT, {kind::T_LEFT_PAREN}},
  {kind::T_MATCH_RECOGNIZE, {kind::T_LEFT_PAREN}},
  {kind::T_TABLESAMPLE, {kind::T_NAME, kind::T_LEFT_PAREN}},
  {kind::T_WITHIN, {kind::T_GROUP}},
  {kind::T_CUBE, {kind::T_LEFT_PAREN}},
  {kind::T_ROLLUP, {kind::T_LEFT_PAREN}},
  {kind::T_GROUPING, {kind::T_SETS}},
  {kind::T_DESCRIPTOR, {kind::T_LEFT_PAREN}},
  {kind::T_TRY_CAST, {kind::T_LEFT_PAREN}},
  {kind::T_UNBOUNDED, {kind::T_PRECEDING, kind::T_FOLLOWING}},
  {kind::T_CURRENT, {kind::T_ROW, kind::T_CATALOG, kind::T_DATABASE}},
  {kind::T_DATE, {kind::T_TEXT}},
  {kind::T_TIME, {kind::T_TEXT}},
  {kind::T_TIMESTAMP, {kind::T_TEXT}},
  {kind::T_EXTRACT, {kind::T_LEFT_PAREN}},
  {kind::T_TRIM, {kind::T_LEFT_PAREN}},
  {kind::T_POSITION, {kind::T_LEFT_PAREN}},
  {kind::T_OVERLAY, {kind::T_LEFT_PAREN}},
  {kind::T_SUBSTRING, {kind::T_LEFT_PAREN}},
  {kind::T_FLOOR, {kind::T_LEFT_PAREN}},
  {kind::T_CEIL, {kind::T_LEFT_PAREN}},
  {kind::T_CEILING, {kind::T_LEFT_PAREN}},
  {kind::T_JSON_EXISTS, {kind::T_LEFT_PAREN}},
  {kind::T_JSON_VALUE, {kind::T_LEFT_PAREN}},
  {kind::T_JSON_QUERY, {kind::T_LEFT_PAREN}},
  {kind::T_JSON_OBJECT, {kind::T_LEFT_PAREN}},
  {kind::T_JSON_ARRAY, {kind::T_LEFT_PAREN}},
  {kind::T_JSON_OBJECTAGG, {kind::T_LEFT_PAREN}},
  {kind::T_JSON_ARRAYAGG, {kind::T_LEFT_PAREN}},
};

/// Words of the language that are functions as well.
constexpr int functions_as_well[] = {kind::T_LEFT, kind::T_RIGHT, kind::T_IF};

bool is_before(const contextual& rule, int next) {
  return next != 0 && std::find(rule.before.begin(), rule.before.end(), next) != rule.before.end();
}

/// The grammar declares the keywords last, ALL the first of them.
bool is_keyword(int token_kind) { return token_kind >= kind::T_ALL; }

/// What `word` is before `next`.
int refined(int word, int next) {
  if (word == kind::T_NOT)
    return is_before(contextual_words[0], next) ? static_cast<int>(kind::T_NOT_BEFORE_PREDICATE)
                                                : word;
  if (next == kind::T_LEFT_BRACKET && word == kind::T_ARRAY) return kind::T_ARRAY_CONSTRUCTOR;
  if (next == kind::T_LEFT_BRACKET && word == kind::T_MAP) return kind::T_MAP_CONSTRUCTOR;
  if (next == kind::T_LEFT_PAREN
      && std::find(std::begin(functions_as_well), std::end(functions_as_well), word)
           != std::end(functions_as_well))
    return kind::T_NAME;
  for (const auto& rule : contextual_words)
    if (rule.word == word) return is_before(rule, next) ? word : rule.otherwise;
  return word;
}

} // namespace

void refine(std::vector<token>& tokens) {
  auto at = [&](std::size_t i) { return i < tokens.size() ? tokens[i].kind : 0; };
  // Words that need more than the next token to be told.
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    auto word = tokens[i].kind;
    if (word == kind::T_WITH || word == kind::T_WITHOUT) {
      auto time = i + (at(i + 1) == kind::T_LOCAL ? 2 : 1);
      if (at(time) == kind::T_TIME && at(time + 1) == kind::T_ZONE)
        tokens[i].kind = kind::T_WITH_TIME_ZONE;
    } else if (word == kind::T_JSON && i > 0
               && (tokens[i - 1].kind == kind::T_IS || tokens[i - 1].kind == kind::T_NOT)) {
      auto next = at(i + 1);
      if (next == kind::T_VALUE || next == kind::T_SCALAR || next == kind::T_ARRAY
          || next == kind::T_OBJECT)
        tokens[i].kind = kind::T_JSON_OF;
    } else if (word == kind::T_KEY
               && (at(i + 1) == kind::T_TEXT
                   || ((at(i + 1) == kind::T_NAME || at(i + 1) == kind::T_QUOTED_NAME)
                       && at(i + 2) == kind::T_VALUE))) {
      tokens[i].kind = kind::T_JSON_KEY;
    }
  }
  // The neighbour is looked at before it is refined itself: from the left.
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    auto dotted = i > 0 && tokens[i - 1].kind == kind::T_DOT;
    // After a dot there is always a name: `row.end`, `a.order`.
    if (dotted && is_keyword(tokens[i].kind))
      tokens[i].kind = kind::T_NAME;
    else
      tokens[i].kind = refined(tokens[i].kind, tokens[i + 1].kind);
  }
}

} // namespace sluice::sql::internal
