/// The program of the README: a running sum per key.
// [program
#include "sluice/sluice.hpp"

using sale = std::pair<std::string, double>; // a product and what it was sold for

int main() {
  sluice::stream_environment env;
  env.from_collection<sale>({{"tea", 4.5}, {"mug", 9.0}, {"tea", 2.25}})
    .key_by(&sale::first)
    .sum(&sale::second)
    .print();
  env.execute("sales per product");
}
// program]
