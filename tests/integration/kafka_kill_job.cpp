/// A job that a test kills: numbers through a shuffle into a Kafka topic, exactly once.
/// Usage: kafka_kill_job BROKERS TOPIC CHECKPOINTS COUNT PARALLELISM
#include "sluice/connect/format/text.hpp"
#include "sluice/connect/kafka/kafka_sink.hpp"
#include "sluice/sluice.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  try {
    sluice::stream_environment env;
    env.set_parallelism(static_cast<std::uint32_t>(std::atoi(argv[5])));
    env.enable_checkpointing(std::chrono::milliseconds(100), argv[3]);
    env.checkpoint_settings().externalized = true;
    env.checkpoint_settings().tolerable_failures = std::nullopt;
    env.restore_from("latest");
    sluice::generator_options options;
    options.count = static_cast<std::uint64_t>(std::atoll(argv[4]));
    options.records_per_second = static_cast<double>(*options.count) / 3;
    sluice::kafka_sink_options to;
    to.bootstrap_servers = argv[1];
    to.delivery = sluice::kafka_delivery::exactly_once;
    to.transactional_id_prefix = argv[2];
    env.from_generator([](std::uint64_t n) { return std::to_string(n); }, options)
      .uid("numbers")
      .rebalance()
      .sink_to(sluice::kafka_sink(argv[2], sluice::make_text_encoder(), to))
      .uid("kafka");
    env.execute("killed job");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
