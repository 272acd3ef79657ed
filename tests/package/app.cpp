// A user's whole program, built against the installed package: ten lines that run a job.
#include <sluice/sluice.hpp>

#include <iostream>

int main() {
  sluice::stream_environment env;
  auto doubled = env.from_collection({1, 2, 3, 4}).map([](int x) { return x * 2; });
  for (int x : doubled.execute_and_collect()) std::cout << x << '\n';
}
