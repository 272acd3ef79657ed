#include "sluice/table/sql/parser.hpp"

#include "sluice/table/sql/internal/diagnosis.hpp"
#include "sluice/table/sql/internal/grammar.hpp"
#include "sluice/table/sql/internal/statement_reader.hpp"

#include <fmt/format.h>

namespace sluice::sql {

namespace {

using internal::grammar;
using internal::token;
using kind = grammar::token;

void check_nesting(const std::vector<token>& tokens) {
  std::uint32_t depth = 0;
  for (const auto& t : tokens) {
    switch (t.kind) {
    case kind::T_LEFT_PAREN:
    case kind::T_LEFT_BRACKET:
    case kind::T_CASE:
      if (++depth > max_depth)
        throw sql_error(fmt::format("nested more than {} levels deep", max_depth), t.range);
      break;
    case kind::T_RIGHT_PAREN:
    case kind::T_RIGHT_BRACKET:
    case kind::T_END:
      if (depth > 0) --depth;
      break;
    default:
      break;
    }
  }
}

auto run(const std::string& text, const std::vector<token>& raw, int start) {
  check_nesting(raw);
  auto tokens = raw;
  internal::refine(tokens);
  internal::parse_context context(text, tokens, start);
  try {
    grammar(context).parse();
  } catch (const internal::unexpected_token& fault) {
    throw internal::diagnose(text, raw, start, fault);
  }
  return std::move(context.parsed);
}

statement run_statement(const std::string& text, const std::vector<token>& raw) {
  internal::refuse_unsupported(text, raw);
  return std::get<statement>(run(text, raw, kind::T_START_STATEMENT));
}

/// The tokens of a text that is one statement, or a part of one.
std::vector<token> read_one(const std::string& text, std::string_view what) {
  internal::statement_reader reader(text);
  std::vector<token> tokens;
  std::vector<token> more;
  source_position begin;
  if (!reader.next(tokens))
    throw sql_error(fmt::format("there is no {} in this text", what), {begin, begin}, {}, true);
  if (reader.next(more))
    throw sql_error(fmt::format("expected one {}, and here is another", what), more.front().range);
  return tokens;
}

} // namespace

std::vector<statement> parse_script(std::string_view text) {
  const std::string copy(text); // the lexer needs the NUL behind it
  internal::statement_reader reader(copy);
  std::vector<statement> result;
  for (std::vector<token> tokens; reader.next(tokens); tokens.clear())
    result.push_back(run_statement(copy, tokens));
  return result;
}

statement parse_statement(std::string_view text) {
  const std::string copy(text);
  return run_statement(copy, read_one(copy, "statement"));
}

query parse_query(std::string_view text) {
  const std::string copy(text);
  return std::get<query>(run(copy, read_one(copy, "query"), kind::T_START_QUERY));
}

expr parse_expression(std::string_view text) {
  const std::string copy(text);
  auto result = run(copy, read_one(copy, "expression"), kind::T_START_EXPRESSION);
  return std::move(*std::get<box<expr>>(result));
}

type_syntax parse_type(std::string_view text) {
  const std::string copy(text);
  return std::get<type_syntax>(run(copy, read_one(copy, "type"), kind::T_START_TYPE));
}

} // namespace sluice::sql
