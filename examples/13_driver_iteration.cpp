/// Iteration in the driver: one job per round, until all numbers have reached 100.
#include "sluice/sluice.hpp"

#include <algorithm>
#include <iostream>

int main() {
  std::vector<int> numbers = {10};
  while (std::ranges::any_of(numbers, [](int x) { return x < 100; })) {
    sluice::stream_environment env;
    numbers = env.from_collection(numbers).map([](int x) { return x * 2; }).execute_and_collect();
    std::cout << sluice::to_text(numbers) << '\n';
  }
  std::cout << "final " << sluice::to_text(numbers) << '\n';
}
