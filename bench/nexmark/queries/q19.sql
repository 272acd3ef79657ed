-- The ten highest bids on every auction.
CREATE TEMPORARY TABLE result (
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  channel VARCHAR,
  url VARCHAR,
  dateTime TIMESTAMP(3),
  extra VARCHAR,
  place BIGINT
) WITH (${sink});

INSERT INTO result
SELECT auction, bidder, price, channel, url, dateTime, extra, place
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS place
  FROM bid
)
WHERE place <= 10;
