/// process: a function that decides itself what it emits, and how often.
#include "sluice/sluice.hpp"

#include <iostream>

struct double_even {
  void process_element(int x, sluice::process_context&, sluice::collector<int>& out) {
    out.collect(x % 2 == 0 ? x * 2 : x);
  }
};

int main() {
  sluice::stream_environment env;
  auto result = env.from_collection({1, 2, 3, 4, 5, 6}).process(double_even{});
  std::cout << sluice::to_text(result.execute_and_collect()) << '\n';
}
