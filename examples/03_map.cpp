/// map: each record becomes another.
#include "sluice/sluice.hpp"

#include <iostream>

int main() {
  sluice::stream_environment env;
  auto doubled = env.from_collection({1, 2, 3, 4}).map([](int x) { return x * 2; });
  std::cout << sluice::to_text(doubled.execute_and_collect()) << '\n';
}
