-- Counts what users do, per category and behaviour, while they do it: from one Kafka topic to
-- another, where the last record of each key is its present count.
--   sluice sql user_behaviors.sql       (runs until Ctrl-C; both topics must exist)
CREATE TABLE user_behaviors (
  user_id STRING,
  item_id STRING,
  category STRING,
  behavior STRING,
  ts TIMESTAMP(3),
  proctime AS PROCTIME()
) WITH (
  'connector' = 'kafka',
  'topic' = 'user_behaviors',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'behavior_stats',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.fail-on-missing-field' = 'false',
  'json.ignore-parse-errors' = 'true'
);

CREATE TABLE behavior_stats (
  category STRING,
  behavior STRING,
  behavior_count BIGINT,
  update_time TIMESTAMP(3),
  PRIMARY KEY (category, behavior) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'behavior_stats',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json'
);

INSERT INTO behavior_stats
SELECT category, behavior, COUNT(*) AS behavior_count, MAX(ts) AS update_time
FROM user_behaviors
GROUP BY category, behavior;
