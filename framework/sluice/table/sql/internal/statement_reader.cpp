#include "sluice/table/sql/internal/statement_reader.hpp"

#include "sluice/table/sql/internal/grammar.hpp"

namespace sluice::sql::internal {

using kind = grammar::token;

bool statement_reader::next(std::vector<token>& tokens) {
  terminated_ = false;
  if (tokens.empty()) {
    in_set_ = false;
    open_cases_ = 0;
  }
  for (;;) {
    auto t = lexer_.next();
    if (t.kind == kind::T_END_OF_STATEMENT) {
      if (tokens.empty()) return false;
      tokens.push_back(t);
      return true;
    }
    if (t.kind == kind::T_SEMICOLON && !in_set_) {
      if (tokens.empty()) continue;
      terminated_ = true;
      tokens.push_back({kind::T_END_OF_STATEMENT, t.range});
      return true;
    }
    tokens.push_back(t);
    look_at(tokens);
  }
}

/// Follows into statement sets and out of them: END closes one, unless it closes a CASE.
void statement_reader::look_at(const std::vector<token>& tokens) {
  constexpr std::size_t longest_head = 16; // EXPLAIN with all details, EXECUTE STATEMENT SET BEGIN
  auto last = tokens.back().kind;
  if (in_set_) {
    if (last == kind::T_CASE) ++open_cases_;
    if (last == kind::T_END && open_cases_-- == 0) in_set_ = false;
    return;
  }
  if (last != kind::T_SET || tokens.size() < 2 || tokens.size() > longest_head) return;
  auto first = tokens.front().kind;
  in_set_ = tokens[tokens.size() - 2].kind == kind::T_STATEMENT
            && (first == kind::T_EXECUTE || first == kind::T_BEGIN_ || first == kind::T_EXPLAIN);
  open_cases_ = 0;
}

} // namespace sluice::sql::internal
