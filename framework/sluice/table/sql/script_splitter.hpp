/// Tells a shell whether a statement is complete.
#pragma once

#include "sluice/table/sql/source_range.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::sql {

/// Takes a script in pieces, such as the lines that somebody types, and gives its statements as
/// soon as their semicolon is there. Semicolons in texts, names, comments and statement sets end
/// nothing.
///
/// Not thread-safe. Never throws for what the text says: the parser will.
class script_splitter {
public:
  struct piece {
    std::string text;      ///< with what was before the statement, without its semicolon
    source_position begin; ///< of `text`, counted from the first text appended
  };

  void append(std::string_view text);

  /// The next complete statement, if there is one. Statements without a token are passed over.
  std::optional<piece> next();

  /// What was appended and not given yet: a statement without semicolon, or only blanks and
  /// comments.
  const std::string& rest() const noexcept { return rest_; }

  /// A statement has begun in `rest()`, or a comment that is not closed.
  bool in_statement() const;

  /// The rest as a statement, as at the end of a file; nothing if none has begun.
  std::optional<piece> finish();

private:
  piece take(std::size_t size, std::size_t skip);

  std::string rest_;
  source_position begin_; ///< of `rest_`
};

} // namespace sluice::sql
