/// flat_map: each record becomes any number of others. A string is a range of characters.
#include "sluice/sluice.hpp"

#include <iostream>

int main() {
  sluice::stream_environment env;
  auto letters
    = env.from_collection({"hello", "hi"}).flat_map([](const std::string& word) { return word; });
  std::cout << sluice::to_text(letters.execute_and_collect()) << '\n';
}
