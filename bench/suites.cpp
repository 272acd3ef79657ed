#include "suites.hpp"

namespace bench {

namespace {

constexpr suite all[] = {
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
#ifdef SLUICE_KAFKA
  {"kafka_source", "JSON from a broker, against librdkafka and simdjson called by hand",
   run_kafka_source},
#endif
};

} // namespace

std::span<const suite> suites() { return all; }

} // namespace bench
