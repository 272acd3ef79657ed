#include "sluice/table/sql/sql_error.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::sql {

namespace {

std::string one_line(const std::string& message, const source_range& range,
                     const std::string& hint) {
  return fmt::format("{}:{}: {}{}", range.begin.line, range.begin.column, message,
                     hint.empty() ? "" : " (" + hint + ")");
}

/// The line that holds byte `offset`.
std::string_view line_of(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  auto begin = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  auto line = text.substr(begin, text.find('\n', offset) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

/// At most so many characters of a line are shown.
constexpr std::size_t max_shown = 120;

} // namespace

sql_error::sql_error(std::string message, source_range range, std::string hint, bool unfinished)
  : plan_error(one_line(message, range, hint)), message_(std::move(message)), range_(range),
    hint_(std::move(hint)), unfinished_(unfinished) {}

std::string format_error(const sql_error& error, std::string_view text) {
  return format_error(error.message(), error.range(), error.hint(), text);
}

std::string format_error(std::string_view message, const source_range& range, std::string_view hint,
                         std::string_view text) {
  auto line = line_of(text, range.begin.offset);
  // The place within the line, in bytes; a range over several lines is marked to the line's end.
  auto line_begin = static_cast<std::size_t>(line.data() - text.data());
  auto begin = std::min<std::size_t>(
    range.begin.offset - std::min<std::size_t>(range.begin.offset, line_begin), line.size());
  auto end = std::clamp<std::size_t>(
    range.end.offset > line_begin ? range.end.offset - line_begin : begin, begin, line.size());
  // Of a long line, the part around the place.
  std::size_t cut = 0;
  if (line.size() > max_shown && begin > max_shown / 2) {
    cut = begin - max_shown / 2;
    while (cut < begin && continues_character(line[cut])) ++cut;
  }
  auto shown_end = std::min(line.size(), cut + max_shown);
  while (shown_end < line.size() && continues_character(line[shown_end])) ++shown_end;
  auto shown = line.substr(cut, shown_end - cut);
  end = std::max(begin, std::min(end, shown_end));

  auto result
    = fmt::format("{}:{}: {}\n  {}{}{}\n  ", range.begin.line, range.begin.column, message,
                  cut > 0 ? "..." : "", shown, shown_end < line.size() ? "..." : "");
  if (cut > 0) result += "   ";
  for (char c : line.substr(cut, begin - cut))
    if (!continues_character(c)) result += c == '\t' ? '\t' : ' ';
  result.append(std::max<std::size_t>(1, count_characters(line.substr(begin, end - begin))), '^');
  if (!hint.empty()) result += fmt::format("\nhint: {}", hint);
  return result;
}

} // namespace sluice::sql
