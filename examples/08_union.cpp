/// union: two streams as one. Order holds within each of them only.
#include "sluice/sluice.hpp"

int main() {
  sluice::stream_environment env;
  auto low = env.from_collection({1, 2, 3});
  auto high = env.from_collection({4, 5, 6});
  low.union_with(high).print();
  env.execute("union");
}
