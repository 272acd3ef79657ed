#include "text.hpp"
#include "input.hpp"

#include <set>

namespace bench {

namespace {

/// Random numbers one after the other.
class random_numbers {
public:
  std::uint64_t below(std::uint64_t bound) { return scale(splitmix64(next_++), bound); }
  double unit() { return static_cast<double>(splitmix64(next_++) >> 11) * 0x1p-53; }

private:
  std::uint64_t next_ = 0;
};

std::vector<std::string> make_vocabulary(std::size_t size, random_numbers& random) {
  std::set<std::string> known;
  std::vector<std::string> words;
  while (words.size() < size) {
    std::string word(3 + random.below(8), ' ');
    for (auto& letter : word) letter = static_cast<char>('a' + random.below(26));
    if (known.insert(word).second) words.push_back(word);
  }
  return words;
}

std::vector<std::string> make_lines(std::size_t size) {
  random_numbers random;
  auto words = make_vocabulary(10'000, random);
  std::vector<std::string> lines(size);
  for (auto& line : lines)
    for (std::size_t i = 0; i < words_per_line; ++i) {
      auto u = random.unit();
      if (i > 0) line += ' ';
      line += words[static_cast<std::size_t>(u * u * u * static_cast<double>(words.size()))];
    }
  return lines;
}

} // namespace

const std::vector<std::string>& text_lines() {
  static const auto lines = make_lines(20'000);
  return lines;
}

} // namespace bench
