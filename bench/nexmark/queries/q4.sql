-- What auctions of a category go for on average: the highest bid of each, while it is open.
CREATE TEMPORARY TABLE result (
  category BIGINT,
  price BIGINT
) WITH (${sink});

INSERT INTO result
WITH winning AS (
  SELECT a.id, a.category, MAX(b.price) AS price
  FROM auction AS a
  JOIN bid AS b ON b.auction = a.id AND b.dateTime BETWEEN a.dateTime AND a.expires
  GROUP BY a.id, a.category
)
SELECT category, AVG(price) FROM winning GROUP BY category;
