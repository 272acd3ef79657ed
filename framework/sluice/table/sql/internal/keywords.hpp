/// The keywords of the grammar, read from the generated parser so that there is one list.
#pragma once

#include <span>
#include <string_view>

namespace sluice::sql::internal {

struct keyword {
  std::string_view text; ///< in upper case
  int kind = 0;
};

/// All, sorted by text.
std::span<const keyword> all_keywords();

/// The token kind of a word in any case, or 0.
int find_keyword(std::string_view word);

/// A word that would not be read as a name everywhere, or not as a name at all.
bool needs_quotes(std::string_view name);

/// How a token is named in messages: `FROM`, `(`, `a name`.
std::string_view token_name(int kind);

/// Number of token kinds; kinds are 0 .. this.
int num_tokens();

} // namespace sluice::sql::internal
