#include "loops.hpp"
#include "stopwatch.hpp"
#include "text.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace bench {

namespace {

/// Lets the map be asked with a `string_view`: no string is made for a word that is known. XXH3
/// takes a third less time than `std::hash` for the whole loop.
struct text_hash {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return XXH3_64bits(text.data(), text.size());
  }
};

using counts = boost::unordered_flat_map<std::string, std::int64_t, text_hash, std::equal_to<>>;

std::int64_t count(counts& by_word, std::string_view word) {
  auto known = by_word.find(word);
  if (known == by_word.end()) known = by_word.emplace(word, 0).first;
  return ++known->second;
}

} // namespace

/// The words are views of the lines, which are never copied; an open-addressing map with strings as
/// keys is asked with the views, and each running count is "emitted".
outcome word_count_loop(std::uint64_t records) {
  const auto& lines = text_lines();
  stopwatch time;
  outcome result;
  counts by_word;
  std::size_t at = 0;
  for (std::uint64_t n = 0; n < records; n += words_per_line) {
    for_each_word(lines[at], [&](std::string_view word) {
      ++result.count;
      result.checksum += static_cast<std::uint64_t>(count(by_word, word));
    });
    if (++at == lines.size()) at = 0;
  }
  result.take_times(time);
  return result;
}

} // namespace bench
