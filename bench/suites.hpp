/// Benchmarks of something else than throughput. Each prints its own figures, as text or as JSON
/// objects, one a line.
#pragma once

#include "options.hpp"

#include <span>
#include <string_view>

namespace bench {

struct suite {
  std::string_view name;
  std::string_view summary;
  void (*run)(const options&);
};

/// All suites, in the order in which they are listed.
std::span<const suite> suites();

void run_latency(const options& o);
void run_startup(const options& o);
void run_backpressure(const options& o);
void run_checkpoint(const options& o);
void run_kafka_source(const options& o);
void run_sql_csv_format(const options& o);
void run_sql_json_format(const options& o);
void run_sql_group_by_operator(const options& o);

/// What the processes do that the startup suite starts: a job of ten records. Prints the peak of
/// the process's memory, in kB.
void run_startup_child();

} // namespace bench
