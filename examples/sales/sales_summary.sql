-- Adds up what was sold in each category of the cleaned file, in batch mode:
--   sales_demo generate && sales_demo clean && sluice sql sales_summary.sql
SET 'execution.runtime-mode' = 'batch';

DROP TABLE IF EXISTS sales;

CREATE TABLE sales (
  InvoiceNo STRING,
  StockCode STRING,
  Description STRING,
  Quantity DOUBLE,
  InvoiceDate STRING,
  UnitPrice DOUBLE,
  CustomerID DOUBLE,
  Country STRING,
  Discount DOUBLE,
  PaymentMethod STRING,
  ShippingCost DOUBLE,
  Category STRING,
  SalesChannel STRING,
  ReturnStatus STRING,
  ShipmentProvider STRING,
  WarehouseLocation STRING,
  OrderPriority STRING
) WITH (
  'connector' = 'filesystem',
  'path' = 'sales_data/sales_clean.csv',
  'format' = 'csv',
  'csv.ignore-parse-errors' = 'true'
);

DROP TABLE IF EXISTS sales_summary;

CREATE TABLE sales_summary (
  Category STRING,
  TotalSales DOUBLE
) WITH (
  'connector' = 'filesystem',
  'path' = 'sales_data/sales_summary',
  'format' = 'csv',
  'sink.parallelism' = '1'
);

INSERT INTO sales_summary
SELECT Category, ROUND(COALESCE(SUM(Quantity * UnitPrice), 0.0), 2) AS TotalSales
FROM sales
GROUP BY Category;

-- The header line of the file was data, too: its numbers could not be parsed, so it has no sales.
-- With 'csv.header' = 'skip' in the options of sales it would not be there.
SELECT Category, CAST(TotalSales AS DECIMAL(12, 2)) AS TotalSales
FROM sales_summary
WHERE TotalSales > 0
ORDER BY Category;
