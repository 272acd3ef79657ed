// Counts per key, exactly once, while demo.py kills the processes that it runs on. Each line of the
// output is a number from 0 to COUNT - 1 and how many of its key have been seen.
#include "sluice/connect/file/file_sink.hpp"
#include "sluice/sluice.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

struct counting {
  sluice::value_state<std::int64_t> seen;

  void open(sluice::keyed_runtime_context<std::int64_t>& context) {
    seen = context.state(sluice::value_state_descriptor<std::int64_t>{"seen"});
  }

  void process_element(const std::int64_t& number, sluice::keyed_process_context<std::int64_t>&,
                       sluice::collector<std::string>& out) {
    seen.update(seen.value() + 1);
    out.collect(std::to_string(number) + " " + std::to_string(seen.value()));
  }
};

int main(int argc, char** argv) {
  sluice::init(argc, argv);
  if (argc != 4) {
    std::fputs("usage: cluster_recovery CHECKPOINTS OUTPUT COUNT [--role ...]\n", stderr);
    return 2;
  }
  try {
    sluice::stream_environment env;
    env.set_parallelism(3);
    env.enable_checkpointing(std::chrono::milliseconds(200), argv[1]);
    env.set_restart_strategy(sluice::fixed_delay_restart{100, std::chrono::milliseconds(100)});
    sluice::generator_options numbers;
    numbers.count = std::strtoull(argv[3], nullptr, 10);
    numbers.records_per_second = 5'000;
    env.from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); }, numbers)
      .uid("numbers")
      .key_by([](std::int64_t n) { return n % 100; })
      .process(counting{})
      .uid("count")
      .sink_to(sluice::text_file_sink(argv[2]))
      .uid("files");
    env.execute("recovery");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
