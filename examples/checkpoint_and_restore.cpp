/// Checkpoints: a job is stopped with a savepoint, and a second one goes on where it was.
#include "sluice/sluice.hpp"

#include <iostream>
#include <thread>

namespace {

// [program
/// Counts numbers up to a thousand, restoring from `savepoint` if there is one.
sluice::result_range<std::pair<bool, int>> start_counting(const std::string& savepoint) {
  sluice::stream_environment env;
  if (!savepoint.empty()) env.restore_from(savepoint);
  return env
    .from_generator([](std::uint64_t n) { return std::pair(n % 2 == 0, 1); },
                    {.count = 1000, .records_per_second = 2000.0})
    .uid("numbers")
    .key_by(&std::pair<bool, int>::first)
    .sum<1>()
    .uid("counts")
    .collect("count");
}
// program]

} // namespace

int main() {
  auto first = start_counting({});
  auto at = first.begin();
  while (at->second < 100) ++at; // it has begun to count
  auto savepoint = first.job().stop_with_savepoint("savepoints");

  int most = 0;
  bool counted_anew = false;
  for (auto& [even, count] : start_counting(savepoint).to_vector()) {
    counted_anew |= count < 50;
    most = std::max(most, count);
  }
  std::cout << "the second job " << (counted_anew ? "counted anew" : "went on counting") << '\n'
            << "in the end: " << most << " of each kind\n";
}
