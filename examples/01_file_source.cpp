/// File source: the lines of a file.
#include "sluice/sluice.hpp"

#include <fstream>

int main() {
  std::ofstream("fruit.csv") << "name,price\napple,0.5\ncherry,3.2\n";

  // [program
  sluice::stream_environment env;
  env.read_text_file("fruit.csv").print();
  env.execute("file source");
  // program]
}
