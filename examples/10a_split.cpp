/// split and select: a process function sends records to side outputs, each a stream of its own.
#include "sluice/sluice.hpp"

#include <iostream>

int main() {
  const sluice::output_tag<int> small("small");
  const sluice::output_tag<std::string> big("big");

  sluice::stream_environment env;
  auto medium
    = env.from_collection({5, 50, 500, 7, 700}).process<int>([=](int x, auto& context, auto& out) {
        if (x < 10)
          context.output(small, x);
        else if (x < 100)
          out.collect(x);
        else
          context.output(big, std::to_string(x) + "!");
      });

  medium.get_side_output(small).print("small");
  medium.get_side_output(big).print("big");
  medium.print("medium");
  env.execute("split");
}
