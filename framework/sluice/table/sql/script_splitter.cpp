#include "sluice/table/sql/script_splitter.hpp"

#include "sluice/table/sql/internal/statement_reader.hpp"
#include "sluice/table/sql/sql_error.hpp"

namespace sluice::sql {

namespace {

struct scan_result {
  bool begun = false;        ///< there is a token, or a comment or text that is not closed
  bool complete = false;     ///< a semicolon ends it
  std::size_t semicolon = 0; ///< its offset
};

scan_result scan(const std::string& text) {
  internal::statement_reader reader(text);
  std::vector<internal::token> tokens;
  for (;;) {
    try {
      if (!reader.next(tokens)) return {};
      return {true, reader.terminated(), tokens.back().range.begin.offset};
    } catch (const sql_error& error) {
      if (error.unfinished()) return {true, false, 0};
      // No token: the parser will say so. The statement goes on behind it.
      if (tokens.empty()) tokens.push_back({-1, error.range()});
    }
  }
}

source_position advance(source_position from, std::string_view text) {
  for (char c : text) {
    if (c == '\n') {
      ++from.line;
      from.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++from.column;
    }
  }
  from.offset += static_cast<std::uint32_t>(text.size());
  return from;
}

} // namespace

void script_splitter::append(std::string_view text) { rest_ += text; }

script_splitter::piece script_splitter::take(std::size_t size, std::size_t skip) {
  piece result{rest_.substr(0, size), begin_};
  begin_ = advance(begin_, std::string_view(rest_).substr(0, size + skip));
  rest_.erase(0, size + skip);
  return result;
}

std::optional<script_splitter::piece> script_splitter::next() {
  if (rest_.find(';') == std::string::npos) return std::nullopt;
  auto found = scan(rest_);
  if (!found.complete) return std::nullopt;
  return take(found.semicolon, 1);
}

bool script_splitter::in_statement() const { return scan(rest_).begun; }

std::optional<script_splitter::piece> script_splitter::finish() {
  if (!in_statement()) {
    take(rest_.size(), 0);
    return std::nullopt;
  }
  return take(rest_.size(), 0);
}

} // namespace sluice::sql
