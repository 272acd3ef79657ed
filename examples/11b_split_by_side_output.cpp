/// Even and odd numbers: one function that looks at each number once.
#include "sluice/sluice.hpp"

int main() {
  // [program
  const sluice::output_tag<int> odd("odd");

  sluice::stream_environment env;
  auto even
    = env.from_collection({1, 2, 3, 4, 5, 6}).process<int>([=](int x, auto& context, auto& out) {
        if (x % 2 == 0)
          out.collect(x);
        else
          context.output(odd, x);
      });
  even.print("even");
  even.get_side_output(odd).print("odd");
  // program]
  env.execute("split by side output");
}
