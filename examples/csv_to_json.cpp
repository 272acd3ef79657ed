/// Formats: a CSV file becomes files of JSON lines. Fields are found by the names in the header.
#include "sluice/connect/file/csv_file.hpp"
#include "sluice/connect/file/json_file.hpp"
#include "sluice/sluice.hpp"

#include <boost/describe.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>

// [record
struct city {
  std::string name;
  std::optional<std::int64_t> population; // may be missing
  double area = 0;
};
BOOST_DESCRIBE_STRUCT(city, (), (name, population, area))
// record]

int main() {
  std::filesystem::remove_all("cities"); // of an earlier run
  std::ofstream("cities.csv") << "Country,Name,Area,Population\n"
                                 "Korea,서울,605.2,9411000\n"
                                 "Atlantis,\"Poseidonis, Old Town\",12,\n"
                                 "Nowhere,Utopia,none,0\n";

  // [program
  sluice::csv_options csv;
  csv.header = sluice::csv_header::by_name;
  csv.loose_names = true;              // "Population" is population
  csv.errors = sluice::on_error::skip; // "none" is no area

  sluice::stream_environment env;
  env.from_source(sluice::csv_file_source<city>("cities.csv", csv))
    .sink_to(sluice::json_file_sink<city>("cities"));
  env.execute("CSV to JSON");
  // program]

  for (auto& file : std::filesystem::directory_iterator("cities"))
    std::cout << std::ifstream(file.path()).rdbuf();
}
