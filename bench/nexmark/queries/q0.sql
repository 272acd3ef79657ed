-- What passing every bid on costs.
CREATE TEMPORARY TABLE result (
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  dateTime TIMESTAMP(3),
  extra VARCHAR
) WITH (${sink});

INSERT INTO result
SELECT auction, bidder, price, dateTime, extra FROM bid;
