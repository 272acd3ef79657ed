-- New persons who open an auction at once, within the same ten seconds.
CREATE TEMPORARY TABLE result (
  id BIGINT,
  name VARCHAR,
  starttime TIMESTAMP(3)
) WITH (${sink});

INSERT INTO result
WITH arrivals AS (
  SELECT id, name, window_start, window_end
  FROM TUMBLE(TABLE person, DESCRIPTOR(dateTime), INTERVAL '10' SECOND)
  GROUP BY id, name, window_start, window_end
), sellers AS (
  SELECT seller, window_start, window_end
  FROM TUMBLE(TABLE auction, DESCRIPTOR(dateTime), INTERVAL '10' SECOND)
  GROUP BY seller, window_start, window_end
)
SELECT a.id, a.name, a.window_start
FROM arrivals AS a
JOIN sellers AS s
  ON a.id = s.seller AND a.window_start = s.window_start AND a.window_end = s.window_end;
