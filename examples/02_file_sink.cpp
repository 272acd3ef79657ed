/// File sink: lines go to hidden files, which get their names when they are final.
#include "sluice/connect/file/file_sink.hpp"
#include "sluice/sluice.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace fs = std::filesystem;

namespace {

/// The part files in `directory` that a reader of it takes to be complete.
std::vector<fs::path> visible_files(const fs::path& directory) {
  std::vector<fs::path> files;
  if (fs::exists(directory))
    for (auto& entry : fs::directory_iterator(directory))
      if (entry.path().filename().string().front() != '.') files.push_back(entry.path());
  return files;
}

} // namespace

int main() {
  fs::remove_all("output"); // of an earlier run
  sluice::stream_environment env;
  env.from_collection({"Hello", "Flink", "World"})
    .map([](const std::string& word) {
      std::cout << word << ": " << visible_files("output").size() << " files to see\n";
      return word;
    })
    .sink_to(sluice::file_sink_for<std::string>(
      "output", [](const std::string& word, std::string& out) { out += word + '\n'; }));
  env.execute("file sink");

  std::cout << "in the end: " << visible_files("output").size() << " file\n";
  for (auto& file : visible_files("output")) std::cout << std::ifstream(file).rdbuf();
}
