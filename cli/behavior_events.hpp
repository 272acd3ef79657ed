/// The events of the behaviours demo: what users of a shop do.
#pragma once

#include "sluice/plan/job_handle.hpp"

#include <cstdint>
#include <string>

namespace sluice::cli {

struct producer_options {
  std::string bootstrap_servers;
  std::string topic = "user_behaviors";
  std::uint64_t events = 1000;
  /// Events per second; 0: as fast as they can be written.
  double rate = 200;
  std::uint64_t seed = 1;
};

/// Starts a job that writes JSON events to a topic. Event n is a function of the seed and n.
job_handle start_producer(const producer_options& options);

/// Events that the job has made so far.
std::uint64_t events_made(const job_handle& producer);

} // namespace sluice::cli
