/// Even and odd numbers: two filters on one stream.
#include "sluice/sluice.hpp"

int main() {
  sluice::stream_environment env;
  auto numbers = env.from_collection({1, 2, 3, 4, 5, 6});
  numbers.filter([](int x) { return x % 2 == 0; }).print("even");
  numbers.filter([](int x) { return x % 2 != 0; }).print("odd");
  env.execute("split by filter");
}
