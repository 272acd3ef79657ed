/// Cuts a script into the tokens of its statements.
#pragma once

#include "sluice/table/sql/internal/lexer.hpp"

#include <string>
#include <vector>

namespace sluice::sql::internal {

/// Knows that the semicolons between BEGIN and END of a statement set do not end the statement.
class statement_reader {
public:
  /// `text` must outlive the reader.
  explicit statement_reader(const std::string& text) : lexer_(text) {}

  /// Puts the tokens of the next statement that has any into `tokens`, unrefined and followed by an
  /// end token at its semicolon; false at the end of the text. Throws sql_error, and can be called
  /// again after that: it goes on behind what is no token.
  bool next(std::vector<token>& tokens);

  /// The statement last read ended with a semicolon.
  bool terminated() const noexcept { return terminated_; }

private:
  void look_at(const std::vector<token>& tokens);

  lexer lexer_;
  bool terminated_ = false;
  bool in_set_ = false;
  int open_cases_ = 0;
};

} // namespace sluice::sql::internal
