/// What is wrong with a SQL text, and where.
#pragma once

#include "sluice/core/errors.hpp"
#include "sluice/table/sql/source_range.hpp"

#include <string>
#include <string_view>

namespace sluice::sql {

/// A SQL text that cannot be understood, or asks for what is not supported yet.
///
/// `what()` is one line: `line:column: message (hint)`; `format_error` shows the place as well.
class sql_error : public plan_error {
public:
  /// `unfinished`: the text ends where more must come, such as a closing quote.
  sql_error(std::string message, source_range range, std::string hint = {},
            bool unfinished = false);

  const std::string& message() const noexcept { return message_; }
  const source_range& range() const noexcept { return range_; }
  /// What to do about it, or empty.
  const std::string& hint() const noexcept { return hint_; }
  /// More text could mend it.
  bool unfinished() const noexcept { return unfinished_; }

private:
  std::string message_;
  source_range range_;
  std::string hint_;
  bool unfinished_;
};

/// The error with the line of `text` that it is about and a caret below the place:
///
///     2:8: unexpected FORM
///       SELECT a FORM t
///                ^^^^
///     hint: did you mean FROM?
///
/// `text` is the whole text that was parsed. Ends without a newline.
std::string format_error(const sql_error& error, std::string_view text);

/// As above, for an error of a later phase at a place of the tree.
std::string format_error(std::string_view message, const source_range& range, std::string_view hint,
                         std::string_view text);

} // namespace sluice::sql
