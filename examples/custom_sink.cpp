/// A sink of one's own, the short way: a function that is called for each record.
#include "sluice/sluice.hpp"

#include <iostream>

int main() {
  sluice::stream_environment env;
  env.from_collection({"one", "two", "three"}).add_sink([n = 0](const std::string& line) mutable {
    std::cout << ++n << ". " << line << '\n';
  });
  env.execute("custom sink");
}
