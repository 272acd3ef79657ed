/// What the command line says; each benchmark has defaults of its own for the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace bench {

struct options {
  std::optional<std::uint32_t> parallelism;
  std::optional<std::uint64_t> records; ///< jobs: records per run
  std::optional<std::uint32_t> repeat;
  std::optional<double> seconds;        ///< latency, backpressure, checkpoint: how long to measure
  std::optional<std::uint64_t> keys;    ///< checkpoint: how much state
  std::optional<std::string> directory; ///< checkpoint: where checkpoints go
  bool json = false;
};

} // namespace bench
