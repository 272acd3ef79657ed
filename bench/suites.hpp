/// Benchmarks of something else than throughput. Each prints its own figures, as text or as JSON
/// objects, one a line.
#pragma once

#include "options.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace bench {

struct suite {
  std::string name;
  std::string summary;
  std::function<void(const options&)> run;
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
void run_sql_group_by(const options& o);
void run_sql_sales_summary(const options& o);
void run_sql_empty_query(const options& o);
void run_remote_copy(const options& o);
void run_remote_pipeline(const options& o);
void run_remote_keyed_sum(const options& o);
void run_remote_latency(const options& o);
void run_remote_recovery(const options& o);
/// REQUIRES: Nexmark has a query of that name, as "q0".
void run_nexmark_query(std::string_view name, const options& o);

/// What the processes do that the startup suite starts: a job of ten records. Prints the peak of
/// the process's memory, in kB.
void run_startup_child();
/// The same for sql_empty_query: a query without rows.
void run_sql_child();
/// The receiving process of remote_copy.
void run_remote_child(const std::string& kind);

} // namespace bench
