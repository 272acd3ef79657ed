// Compares docs/functions.md with what the registry of functions says, or writes it.
#include "sluice/table/function/documentation.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <string_view>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: functions_document FILE [--write]\n";
    return 2;
  }
  auto text = sluice::table::functions_document(sluice::table::function_registry::built_in());
  if (argc > 2 && std::string_view(argv[2]) == "--write") {
    std::ofstream(argv[1], std::ios::binary) << text;
    return 0;
  }
  std::ifstream file(argv[1], std::ios::binary);
  std::string found{std::istreambuf_iterator<char>(file), {}};
  if (found == text) return 0;
  std::cerr << argv[1] << " is not what the registry says; write it again by\n  " << argv[0] << " "
            << argv[1] << " --write\n";
  return 1;
}
