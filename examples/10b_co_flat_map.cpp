/// connect and flat_map: two functions that emit any number of records of one type.
#include "sluice/sluice.hpp"

#include <sstream>

int main() {
  sluice::stream_environment env;
  auto sentences = env.from_collection({"so it goes", "hi"});
  auto numbers = env.from_collection({2, 3});
  sentences.connect(numbers)
    .flat_map(
      [](const std::string& sentence, sluice::collector<std::string>& out) {
        std::istringstream in(sentence);
        for (std::string word; in >> word;) out.collect(word);
      },
      [](int n, sluice::collector<std::string>& out) {
        for (int i = 1; i <= n; ++i) out.collect(fmt::format("{} of {}", i, n));
      })
    .print();
  env.execute("co_flat_map");
}
