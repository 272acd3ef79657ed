// Counts the words of a text that comes over a socket, and sends the running counts to another
// socket. Run by demo.py on three workers.
#include "sluice/sluice.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <string>
#include <utility>

using word_count = std::pair<std::string, int>;

int main(int argc, char** argv) {
  sluice::init(argc, argv); // --role coordinator, --role worker ...: takes its own options out
  if (argc != 4) {
    std::fputs("usage: cluster_word_count HOST TEXT_PORT COUNTS_PORT [--role ...]\n", stderr);
    return 2;
  }
  std::string host = argv[1];
  auto port = [&](int i) { return static_cast<std::uint16_t>(std::atoi(argv[i])); };
  try {
    sluice::stream_environment env;
    env.set_parallelism(3);
    env.socket_text_stream(host, port(2))
      .name("text")
      .rebalance()
      .flat_map([](const std::string& line, sluice::collector<word_count>& out) {
        std::istringstream words(line);
        for (std::string word; words >> word;) out.collect({word, 1});
      })
      .name("split")
      .key_by(&word_count::first)
      .sum(&word_count::second)
      .name("count")
      .map([](const word_count& c) { return c.first + " " + std::to_string(c.second); })
      .write_to_socket(host, port(3))
      .name("counts");
    env.execute("word count");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
