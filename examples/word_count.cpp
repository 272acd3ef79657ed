/// Word count: how often each word occurs in a text file, or in a text of its own.
///   word_count [FILE]
#include "sluice/sluice.hpp"

#include <cctype>
#include <iostream>
#include <string_view>

using word_count = std::pair<std::string, int>;

namespace {

/// The words of `line`, in small letters.
std::vector<word_count> words(const std::string& line) {
  std::vector<word_count> result;
  std::string word;
  for (char c : line + ' ') {
    auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || byte >= 0x80) { // UTF-8 beyond ASCII counts as letters
      word += static_cast<char>(std::tolower(byte));
    } else if (!word.empty()) {
      result.emplace_back(std::move(word), 1);
      word.clear();
    }
  }
  return result;
}

} // namespace

int main(int argc, char** argv) {
  if (argc > 2 || (argc == 2 && std::string_view(argv[1]).starts_with('-'))) {
    auto help
      = argc == 2 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"));
    (help ? std::cout : std::cerr) << "usage: word_count [FILE]\n";
    return help ? 0 : 2;
  }
  try {
    sluice::stream_environment env;
    env.set_execution_mode(sluice::execution_mode::batch); // only the final counts
    auto lines = argc > 1 ? env.read_text_file(argv[1])
                          : env.from_collection({"To be, or not to be, that is the question:",
                                                 "Whether 'tis nobler in the mind to suffer",
                                                 "The slings and arrows of outrageous fortune,",
                                                 "Or to take arms against a sea of troubles"});
    lines.flat_map(words).key_by(&word_count::first).sum(&word_count::second).print();
    env.execute("word count");
  } catch (const std::exception& e) {
    std::cerr << "word_count: " << e.what() << '\n';
    return 1;
  }
}
