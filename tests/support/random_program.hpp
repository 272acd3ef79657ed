/// Random programs with the result that they must have.
#pragma once

#include "sluice/sluice.hpp"
#include "support/transactional_sink.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace sluice::testing {

/// What sinks of a random program got, all attempts of a job together.
struct gathered {
  std::mutex mutex;
  std::vector<std::vector<std::int64_t>> per_sink;
};

/// Makes some map function throw now and then.
struct bomb {
  std::int64_t records_left = 0;
  int explosions_left = 0;
  std::function<void()> work; ///< what else a record costs, if set
};

struct random_program {
  stream_environment env;
  std::shared_ptr<gathered> results;
  std::vector<std::shared_ptr<committed_output>> committed; ///< instead, if sinks are transactional
  std::shared_ptr<bomb> fuse;
  std::vector<std::vector<std::int64_t>> expected; ///< per sink, sorted
};

struct program_options {
  bool chaining = true;
  /// Sinks are transactional, and operators throw as `fuse` says.
  bool failing = false;
  /// Feedback and keyed state go to disk almost at once.
  bool tiny_memory = false;
  /// Anything but 0 gives the same program with other parallelism.
  std::uint64_t rescale = 0;
  /// Sinks of the program that this one goes on for.
  std::vector<std::shared_ptr<committed_output>> committed = {};
};

/// Builds the program that `seed` stands for: random operators, edges, parallelism, batch sizes.
/// The expected results come from a sequential evaluation next to it.
random_program make_random_program(std::uint64_t seed, program_options options);

/// What the sinks got, sorted.
std::vector<std::vector<std::int64_t>> sorted(std::vector<std::vector<std::int64_t>> results);

} // namespace sluice::testing
