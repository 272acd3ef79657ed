-- The highest bids of every ten seconds.
CREATE TEMPORARY TABLE result (
  auction BIGINT,
  price BIGINT,
  bidder BIGINT,
  dateTime TIMESTAMP(3),
  extra VARCHAR
) WITH (${sink});

INSERT INTO result
WITH highest AS (
  SELECT MAX(price) AS price, window_end
  FROM TUMBLE(TABLE bid, DESCRIPTOR(dateTime), INTERVAL '10' SECOND)
  GROUP BY window_start, window_end
)
SELECT b.auction, b.price, b.bidder, b.dateTime, b.extra
FROM bid AS b
JOIN highest AS h
  ON b.price = h.price
 AND b.dateTime >= h.window_end - INTERVAL '10' SECOND AND b.dateTime < h.window_end;
