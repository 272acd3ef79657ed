/// The text of the word count, held in memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline constexpr std::size_t words_per_line = 10;

/// 20,000 lines of 10 words out of 10,000 (of 3 to 10 letters), which come up as index = u^3 *
/// 10,000 for a uniform u: a few often, most of them seldom.
const std::vector<std::string>& text_lines();

/// Calls `f(std::string_view)` for each word of a line: what is between single spaces.
template <class F>
void for_each_word(std::string_view line, F f) {
  for (std::size_t start = 0; start < line.size();) {
    auto end = line.find(' ', start);
    if (end == std::string_view::npos) end = line.size();
    f(line.substr(start, end - start));
    start = end + 1;
  }
}

} // namespace bench
