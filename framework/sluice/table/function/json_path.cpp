#include "sluice/table/function/json_path.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <cctype>

namespace sluice::table {

json_path json_path::parse(std::string_view text) {
  json_path result;
  std::size_t i = 0;
  auto fail = [&](std::string_view wanted) {
    return error(fmt::format("JSON path '{}', character {}: expected {}", text, i + 1, wanted));
  };
  auto blanks = [&] {
    while (i < text.size() && text[i] == ' ') ++i;
  };
  blanks();
  for (std::string_view mode : {"lax", "strict"}) {
    if (!text.substr(i).starts_with(mode)) continue;
    result.strict = mode == "strict";
    i += mode.size();
    break;
  }
  blanks();
  if (i == text.size() || text[i] != '$') throw fail("'$'");
  ++i;
  while (i < text.size()) {
    if (text[i] == '.') {
      ++i;
      if (i < text.size() && text[i] == '*') {
        result.steps.push_back({step::kind::all, {}, 0});
        ++i;
        continue;
      }
      auto end = text.find_first_of(".[ ", i);
      auto name = text.substr(i, end == std::string_view::npos ? end : end - i);
      if (name.empty()) throw fail("a name");
      result.steps.push_back({step::kind::member, std::string(name), 0});
      i += name.size();
    } else if (text[i] == '[') {
      ++i;
      if (i < text.size() && text[i] == '*') {
        result.steps.push_back({step::kind::all, {}, 0});
        ++i;
      } else if (i < text.size() && (text[i] == '\'' || text[i] == '"')) {
        auto quote = text[i++];
        auto end = text.find(quote, i);
        if (end == std::string_view::npos) throw fail("the closing quote");
        result.steps.push_back({step::kind::member, std::string(text.substr(i, end - i)), 0});
        i = end + 1;
      } else {
        std::size_t index = 0;
        auto start = i;
        while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0
               && i - start < 9)
          index = index * 10 + static_cast<std::size_t>(text[i++] - '0');
        if (i == start) throw fail("an index, a quoted name or '*'");
        result.steps.push_back({step::kind::element, {}, index});
      }
      if (i == text.size() || text[i] != ']') throw fail("']'");
      ++i;
    } else if (text[i] == ' ') {
      blanks();
      if (i < text.size()) throw fail("the end");
    } else {
      throw fail("'.', '[' or the end");
    }
  }
  return result;
}

} // namespace sluice::table
