/// Sales per category in SQL, in batch mode: from one CSV file to another.
#include "sluice/table/session/table_environment.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>

int main() {
  std::filesystem::remove_all("sales_summary"); // of an earlier run
  std::ofstream("sales.csv") << "Category,Quantity,UnitPrice\n"
                                "Apparel,2.00,14.95\n"
                                "Furniture,1.00,129.00\n"
                                "Apparel,1.00,8.95\n"
                                "Stationery,10.00,1.29\n";

  // [program
  sluice::table::table_environment tables;
  tables.config().set("execution.runtime-mode", "batch");
  tables.execute_sql("DROP TABLE IF EXISTS sales");
  tables.execute_sql(R"(
    CREATE TABLE sales (Category STRING, Quantity DOUBLE, UnitPrice DOUBLE) WITH (
      'connector' = 'filesystem', 'path' = 'sales.csv', 'format' = 'csv',
      'csv.ignore-parse-errors' = 'true'))");
  tables.execute_sql(R"(
    CREATE TABLE sales_summary (Category STRING, TotalSales DOUBLE) WITH (
      'connector' = 'filesystem', 'path' = 'sales_summary', 'format' = 'csv',
      'sink.parallelism' = '1'))");
  tables
    .execute_sql(R"(
      INSERT INTO sales_summary
      SELECT Category, ROUND(COALESCE(SUM(Quantity * UnitPrice), 0.0), 2) AS TotalSales
      FROM sales GROUP BY Category)")
    .wait();

  // What was written is a table as well, and a query is a value.
  auto summary = tables.sql_query("SELECT * FROM sales_summary ORDER BY Category");
  summary.execute().print();
  tables.execute_sql("SELECT COUNT(*) AS categories FROM sales_summary").print();
  // program]

  for (auto& file : std::filesystem::directory_iterator("sales_summary"))
    std::cout << std::ifstream(file.path()).rdbuf();
}
