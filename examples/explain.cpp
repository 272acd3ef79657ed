/// explain: the program as it was written, and what would run after operators were chained.
#include "sluice/sluice.hpp"

#include <iostream>

int main() {
  sluice::stream_environment env;
  env.set_parallelism(2);
  env.from_sequence(1, 100)
    .map([](std::int64_t x) { return x * x; })
    .filter([](std::int64_t x) { return x % 2 == 1; })
    .name("odd squares")
    .key_by([](std::int64_t x) { return x % 10; })
    .reduce([](std::int64_t a, std::int64_t b) { return a + b; })
    .print();
  std::cout << env.explain(); // nothing has run
}
