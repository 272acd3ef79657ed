#include "error_text.hpp"

#include "sluice/table/expr/expression.hpp"
#include "sluice/table/sql/sql_error.hpp"

#include <algorithm>

namespace sluice::cli {

namespace {

/// The place in the terms of the parser, which counts bytes as well.
sql::source_position place_in(std::string_view script, table::source_position at) {
  sql::source_position place;
  place.line = static_cast<std::uint32_t>(at.line);
  place.column = static_cast<std::uint32_t>(at.column);
  std::size_t offset = 0;
  for (int line = 1; line < at.line; ++line) {
    auto end = script.find('\n', offset);
    if (end == std::string_view::npos) return place;
    offset = end + 1;
  }
  auto continues
    = [&](std::size_t i) { return (static_cast<unsigned char>(script[i]) & 0xc0) == 0x80; };
  for (int column = 1; column < at.column && offset < script.size(); ++column) {
    ++offset;
    while (offset < script.size() && continues(offset)) ++offset;
  }
  place.offset = static_cast<std::uint32_t>(offset);
  return place;
}

std::string with_file(std::string_view file, std::string text) {
  return file.empty() ? text : std::string(file) + ":" + text;
}

/// `what()` without the place that it begins with.
std::string_view message_of(std::string_view what) {
  auto is_place = [](char c) { return (c >= '0' && c <= '9') || c == ':'; };
  std::size_t end = 0;
  while (end < what.size() && is_place(what[end])) ++end;
  return end > 0 && end < what.size() && what[end] == ' ' ? what.substr(end + 1) : what;
}

} // namespace

std::string error_text(const std::exception& error, std::string_view file,
                       std::string_view script) {
  if (const auto* e = dynamic_cast<const sql::sql_error*>(&error))
    return with_file(file, sql::format_error(*e, script));
  if (const auto* e = dynamic_cast<const table::binding_error*>(&error);
      e != nullptr && e->position().line > 0) {
    auto at = place_in(script, e->position());
    return with_file(file, sql::format_error(message_of(e->what()), {at, at}, {}, script));
  }
  return error.what();
}

} // namespace sluice::cli
