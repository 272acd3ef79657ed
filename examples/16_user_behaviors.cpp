/// User behaviours in SQL: from one Kafka topic to another, where the last record of each key is
/// its present count. The broker is in the process; with a real one only the address differs.
#include "sluice/connect/kafka/embedded_broker.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <fmt/format.h>

int main() {
  sluice::embedded_broker broker;
  broker.create_topic("user_behaviors", 1);
  broker.create_topic("behavior_stats", 1);
  auto servers = broker.bootstrap_servers();

  // [program
  sluice::table::table_environment tables;
  tables.config().set("parallelism.default", "1");
  tables.execute_sql(fmt::format(R"(
    CREATE TABLE user_behaviors (
      user_id STRING, item_id STRING, category STRING, behavior STRING, ts TIMESTAMP(3),
      proctime AS PROCTIME()
    ) WITH (
      'connector' = 'kafka', 'topic' = 'user_behaviors',
      'properties.bootstrap.servers' = '{}', 'properties.group.id' = 'behavior_stats',
      'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset',
      'format' = 'json', 'json.fail-on-missing-field' = 'false',
      'json.ignore-parse-errors' = 'true'))",
                                 servers));
  tables.execute_sql(fmt::format(R"(
    CREATE TABLE behavior_stats (
      category STRING, behavior STRING, behavior_count BIGINT, update_time TIMESTAMP(3),
      PRIMARY KEY (category, behavior) NOT ENFORCED
    ) WITH (
      'connector' = 'upsert-kafka', 'topic' = 'behavior_stats',
      'properties.bootstrap.servers' = '{}', 'scan.bounded.mode' = 'latest-offset',
      'key.format' = 'json', 'value.format' = 'json'))",
                                 servers));
  // program]

  tables
    .execute_sql(R"(
      INSERT INTO user_behaviors VALUES
        ('user_17', 'item_3', 'books', 'click', TIMESTAMP '2025-01-02 03:04:05.678'),
        ('user_17', 'item_3', 'books', 'click', TIMESTAMP '2025-01-02 03:04:06.000'),
        ('user_4', 'item_99', 'home', 'view', TIMESTAMP '2025-01-02 03:04:07.800'),
        ('user_17', 'item_3', 'books', 'click', TIMESTAMP '2025-01-02 03:04:05.700'),
        ('user_4', 'item_99', 'home', 'purchase', TIMESTAMP '2025-01-02 03:05:00.000'))")
    .wait();

  // [query
  tables
    .execute_sql(R"(
      INSERT INTO behavior_stats
      SELECT category, behavior, COUNT(*) AS behavior_count, MAX(ts) AS update_time
      FROM user_behaviors
      GROUP BY category, behavior)")
    .wait(); // it ends because of 'scan.bounded.mode', and else would go on for ever
  tables.execute_sql("SELECT * FROM behavior_stats").print();
  // query]
}
