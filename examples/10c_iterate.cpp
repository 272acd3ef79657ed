/// iterate: records go round inside the job until they are done; it ends when none is left.
#include "sluice/sluice.hpp"

#include <algorithm>
#include <iostream>

int main() {
  sluice::stream_environment env;
  auto loop = env.from_collection({12, 7, 40}).iterate();
  loop.close_with(loop.filter([](int x) { return x % 2 == 0; }).map([](int x) { return x / 2; }));
  auto odd = loop.filter([](int x) { return x % 2 != 0; }).execute_and_collect();
  std::ranges::sort(odd);
  std::cout << sluice::to_text(odd) << '\n';
}
