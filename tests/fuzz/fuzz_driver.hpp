/// Feeds a parser inputs that were mutated at random from good ones, by a seed that is printed.
///
///   csv_fuzz [iterations] [seed]     a failing input can be made again by its seed
#pragma once

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

/// Inserts, removes, repeats and changes bytes, with a liking for those in `alphabet`.
inline std::string mutate(std::string text, std::string_view alphabet, std::mt19937_64& random) {
  auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (auto edits = 1 + below(8); edits > 0; --edits) {
    auto at = below(text.size() + 1);
    auto size = std::min(below(12), text.size() - at);
    auto byte = below(4) == 0 ? static_cast<char>(random()) : alphabet[below(alphabet.size())];
    switch (below(5)) {
    case 0:
      text.insert(at, 1 + below(3), byte);
      break;
    case 1:
      text.erase(at, size);
      break;
    case 2:
      text.insert(at, text.substr(at, size));
      break;
    case 3:
      text.insert(below(text.size() + 1), text.substr(at, size));
      break;
    default:
      if (at < text.size()) text[at] = byte;
    }
  }
  return text;
}

/// Runs `check(input, random)` many times; it throws to report a fault. Returns the exit code.
inline int run_fuzzer(int argc, char** argv, const std::vector<std::string>& good,
                      std::string_view alphabet,
                      const std::function<void(const std::string&, std::mt19937_64&)>& check) {
  auto iterations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20'000;
  auto first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  std::cout << iterations << " inputs from seed " << first << std::endl;
  for (std::uint64_t seed = first; seed < first + iterations; ++seed) {
    std::mt19937_64 random(seed);
    auto input = mutate(good[random() % good.size()], alphabet, random);
    try {
      check(input, random);
    } catch (const std::exception& e) {
      std::cerr << "seed " << seed << ": " << e.what() << "\ninput: " << input << std::endl;
      return 1;
    }
  }
  return 0;
}

} // namespace sluice::testing
