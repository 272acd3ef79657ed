#include "suites.hpp"

#include "nexmark/queries.hpp"

#include <vector>

namespace bench {

namespace {

const suite plain[] = {
  {"latency", "3 actors, 10,000 records/s: percentiles; idle CPU of a waiting job", run_latency},
  {"startup", "wall time and memory of a whole process with a job of 10 records", run_startup},
  {"backpressure", "memory with a fast source and a sink of 1,000 records/s", run_backpressure},
  {"checkpoint", "what a checkpoint every second costs, with 10,000,000 keys", run_checkpoint},
  {"sql_csv_format", "17 columns of CSV to 3 columns of a table, in memory", run_sql_csv_format},
  {"sql_json_format", "JSON lines of 100 bytes to 5 columns of a table, in memory",
   run_sql_json_format},
  {"sql_group_by_operator",
   "SUM and COUNT by a BIGINT from memory, the operators alone: 1,000 and 1,000,000 keys",
   run_sql_group_by_operator},
  {"sql_group_by", "SUM and COUNT by a BIGINT from memory, as an SQL job", run_sql_group_by},
  {"sql_sales_summary", "what each category sold, from a CSV of 17 columns", run_sql_sales_summary},
  {"sql_empty_query", "wall time of a whole process with a query without rows",
   run_sql_empty_query},
  {"remote_copy", "24-byte records to another process: a channel, plain TCP, actors' messages",
   run_remote_copy},
  {"remote_pipeline",
   "records from one worker process to another, beside plain TCP and one process",
   run_remote_pipeline},
  {"remote_keyed_sum_1k",
   "keyed_sum_1k all-to-all between two worker processes, beside one process",
   run_remote_keyed_sum},
  {"remote_latency", "10,000 records/s over three hops between processes", run_remote_latency},
  {"remote_recovery", "kill -9 of a worker with 1 GB of state: time to the first new output",
   run_remote_recovery},
#ifdef SLUICE_KAFKA
  {"kafka_source", "JSON from a broker, against librdkafka and simdjson called by hand",
   run_kafka_source},
#endif
};

std::vector<suite> make_suites() {
  std::vector<suite> all(std::begin(plain), std::end(plain));
  for (const auto& q : nexmark::queries())
    all.push_back({"nexmark_" + std::string(q.name), std::string(q.summary),
                   [name = q.name](const options& o) { run_nexmark_query(name, o); }});
  return all;
}

} // namespace

std::span<const suite> suites() {
  static const auto all = make_suites();
  return all;
}

} // namespace bench
