/// `sluice demo behaviors`: a producer, an SQL job and a live view of its result, over Kafka.
#pragma once

#include "behavior_events.hpp"

#include <chrono>
#include <string_view>

namespace sluice::cli {

struct behaviors_demo_options {
  /// Without bootstrap servers, a broker inside the process is used.
  producer_options producer;
  /// How long the counts may take after the last event was sent.
  std::chrono::duration<double> patience{30};
};

/// The job's statements, as in examples/user_behaviors.sql.
std::string_view behaviors_script();

/// Runs until all events are counted. Returns false if the user ended it before. Errors: those of
/// its jobs; `std::runtime_error` if counts are missing or wrong.
bool run_behaviors_demo(const behaviors_demo_options& options);

} // namespace sluice::cli
