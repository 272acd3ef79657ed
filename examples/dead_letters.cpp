/// Dead letters: the lines that a source cannot read are a side output of it.
#include "sluice/connect/file/csv_file.hpp"
#include "sluice/sluice.hpp"

#include <fstream>
#include <string>
#include <utility>

int main() {
  std::ofstream("readings.csv") << "a,17\n"
                                   "b,warm\n"
                                   "c,19\n"
                                   "who wrote this\n";

  // [program
  using reading = std::pair<std::string, int>;
  sluice::stream_environment env;
  auto readings = env.from_source(
    sluice::csv_file_source<reading>("readings.csv", {.errors = sluice::on_error::divert}));
  readings.print("good");
  readings.get_side_output(sluice::malformed_records)
    .map([](const sluice::bad_record& r) { return r.place + ": " + r.reason + ": " + r.text; })
    .print("bad");
  env.execute("dead letters");
  // program]
}
