-- The events as three CSV files, for another engine to read.
CREATE TEMPORARY TABLE persons (
  id BIGINT, name VARCHAR, emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR, state VARCHAR,
  dateTime TIMESTAMP(3), extra VARCHAR
) WITH ('connector' = 'filesystem', 'path' = '${directory}/person', 'format' = 'csv');

CREATE TEMPORARY TABLE auctions (
  id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT, reserve BIGINT,
  dateTime TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra VARCHAR
) WITH ('connector' = 'filesystem', 'path' = '${directory}/auction', 'format' = 'csv');

CREATE TEMPORARY TABLE bids (
  auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR,
  dateTime TIMESTAMP(3), extra VARCHAR
) WITH ('connector' = 'filesystem', 'path' = '${directory}/bid', 'format' = 'csv');

EXECUTE STATEMENT SET
BEGIN
  INSERT INTO persons SELECT * FROM person;
  INSERT INTO auctions SELECT * FROM auction;
  INSERT INTO bids SELECT * FROM bid;
END;
