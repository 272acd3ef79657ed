/// connect: two streams of different types, each with a function of its own.
#include "sluice/sluice.hpp"

int main() {
  sluice::stream_environment env;
  auto letters = env.from_collection({"A", "B"});
  auto numbers = env.from_collection({1, 2});
  // [program
  letters.connect(numbers)
    .map([](const std::string& s) { return "String: " + s; },
         [](int x) { return "Int: " + std::to_string(x); })
    .print();
  // program]
  env.execute("connect");
}
