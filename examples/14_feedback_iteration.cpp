/// Iteration inside one job: numbers below 100 go back, the others leave.
#include "sluice/sluice.hpp"

#include <iostream>

int main() {
  // [program
  sluice::stream_environment env;
  auto loop = env.from_collection({10}).iterate();
  auto doubled = loop.map([](int x) { return x * 2; });
  loop.close_with(doubled.filter([](int x) { return x < 100; }));
  auto done = doubled.filter([](int x) { return x >= 100; });
  // program]
  std::cout << sluice::to_text(done.execute_and_collect()) << '\n';
}
