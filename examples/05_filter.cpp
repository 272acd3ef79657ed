/// filter: keeps the records that a function says yes to.
#include "sluice/sluice.hpp"

#include <iostream>

int main() {
  sluice::stream_environment env;
  auto even = env.from_sequence(1, 6).filter([](auto x) { return x % 2 == 0; });
  std::cout << sluice::to_text(even.execute_and_collect()) << '\n';
}
