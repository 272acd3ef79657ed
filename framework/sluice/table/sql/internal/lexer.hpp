/// Text to tokens.
#pragma once

#include "sluice/table/sql/internal/token.hpp"

#include <optional>
#include <string>

namespace sluice::sql::internal {

/// Reads the tokens of a text one after the other; blanks and comments are passed over.
///
/// `text` must be followed by a NUL byte, as the text of a std::string is, and must outlive it.
class lexer {
public:
  explicit lexer(const std::string& text, source_position begin = {});

  /// The next token; of kind `END_OF_STATEMENT` (0) at the end of the text.
  /// Throws sql_error for what is no token. Keywords have not seen their neighbours yet: `refine`.
  token next();

private:
  [[noreturn]] void fail(const char* token, std::string message, std::string hint = {}) const;
  [[noreturn]] void fail_unfinished(const char* token, std::string_view what) const;
  [[noreturn]] void fail_at_byte(const char* token) const;
  source_position advance(source_position from, const char* end) const;
  token make(int kind, const char* token_begin);
  void check_utf8(const char* begin) const;

  const char* text_;
  const char* cursor_;
  const char* limit_;
  source_position position_; ///< of `done_`
  const char* done_;         ///< up to here, lines and columns are counted
  bool in_hint_ = false;
};

/// Turns words that are keywords only beside certain others into names or special tokens: NULLS is
/// one before FIRST and LAST, DATE before a text. So most words stay usable as names, and the
/// grammar needs to look one token ahead only. The last token must be the end.
void refine(std::vector<token>& tokens);

} // namespace sluice::sql::internal
