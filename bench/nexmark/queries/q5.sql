-- The auctions with the most bids in the last ten seconds, every two seconds.
CREATE TEMPORARY TABLE result (
  auction BIGINT,
  num BIGINT
) WITH (${sink});

INSERT INTO result
WITH counts AS (
  SELECT window_start, window_end, auction, COUNT(*) AS num
  FROM HOP(TABLE bid, DESCRIPTOR(dateTime), INTERVAL '2' SECOND, INTERVAL '10' SECOND)
  GROUP BY window_start, window_end, auction
), most AS (
  SELECT window_start, window_end, MAX(num) AS num
  FROM counts
  GROUP BY window_start, window_end
)
SELECT c.auction, c.num
FROM counts AS c
JOIN most AS m
  ON c.window_start = m.window_start AND c.window_end = m.window_end AND c.num = m.num;
