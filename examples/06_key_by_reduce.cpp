/// key_by and reduce: streaming gives each intermediate sum, batch only the last one of each key.
#include "sluice/sluice.hpp"

#include <algorithm>
#include <iostream>

using item = std::pair<std::string, int>;

namespace {

std::vector<item> sums(sluice::execution_mode mode) {
  // [program
  sluice::stream_environment env;
  env.set_execution_mode(mode);
  return env.from_collection<item>({{"A", 1}, {"B", 2}, {"A", 3}, {"B", 4}})
    .key_by(&item::first)
    .reduce([](const item& a, const item& b) { return item(a.first, a.second + b.second); })
    .execute_and_collect();
  // program]
}

} // namespace

int main() {
  std::cout << "streaming: " << sluice::to_text(sums(sluice::execution_mode::streaming)) << '\n';
  auto final_sums = sums(sluice::execution_mode::batch);
  std::ranges::sort(final_sums); // keys come in no particular order
  std::cout << "batch: " << sluice::to_text(final_sums) << '\n';
}
