/// A job that a test kills: numbers through a keyed stage into files, exactly once.
/// Usage: kill_job CHECKPOINTS OUTPUT COUNT PARALLELISM [SECONDS | slow]
/// SECONDS: how long the records take to come, without failures; 1.5 unless given.
/// slow: they come as fast as they can, writing one takes 20 ms, and barriers overtake them.
#include "sluice/connect/file/file_sink.hpp"
#include "sluice/sluice.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <thread>

namespace {

/// Passes each record on and counts it per key, so that state has to be right, too.
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

} // namespace

int main(int argc, char** argv) {
  auto slow = argc == 6 && std::strcmp(argv[5], "slow") == 0;
  if (argc != 5 && argc != 6) return 2;
  auto seconds = argc == 6 && !slow ? std::atof(argv[5]) : 1.5;
  try {
    sluice::stream_environment env;
    env.set_parallelism(static_cast<std::uint32_t>(std::atoi(argv[4])));
    env.enable_checkpointing(std::chrono::milliseconds(20), argv[1]);
    env.checkpoint_settings().externalized = true;
    env.checkpoint_settings().tolerable_failures = std::nullopt;
    env.restore_from("latest");
    env.set_restart_strategy(sluice::fixed_delay_restart{1000, std::chrono::milliseconds(50)});
    sluice::generator_options options;
    options.count = static_cast<std::uint64_t>(std::atoll(argv[3]));
    if (slow)
      env.enable_unaligned_checkpoints(std::chrono::milliseconds(50));
    else
      options.records_per_second = static_cast<double>(*options.count) / seconds;
    env.from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); }, options)
      .uid("numbers")
      .key_by([](std::int64_t n) { return n % 97; })
      .process(counting{})
      .uid("count")
      .rebalance()
      .map([slow](std::string line) {
        if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return line;
      })
      .uid("write")
      .sink_to(sluice::text_file_sink(argv[2]))
      .uid("files");
    env.execute("killed job");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
