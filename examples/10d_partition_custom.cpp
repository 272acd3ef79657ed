/// partition_custom: a function of the key chooses the subtask. `2> 5` was printed by the second.
#include "sluice/sluice.hpp"

int main() {
  sluice::stream_environment env;
  env.set_parallelism(3);
  // [program
  env.from_collection({1, 2, 3, 4, 5, 6})
    .partition_custom([](int key, std::uint32_t n) { return key < 4 ? 0 : key % n; },
                      [](int x) { return x; })
    .print();
  // program]
  env.execute("custom partitioner");
}
