/// Tables from C++: SQL and the fluent API make the same plans; functions of your own work in both.
#include "sluice/sluice.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <iostream>

// [aggregate
/// The mean of prices, weighted by how many pieces were sold.
struct weighted_average {
  struct accumulator {
    double sum = 0;
    std::int64_t weight = 0;
  };
  void accumulate(accumulator& a, double price, std::int32_t pieces) const {
    a.sum += price * pieces;
    a.weight += pieces;
  }
  void retract(accumulator& a, double price, std::int32_t pieces) const {
    a.sum -= price * pieces;
    a.weight -= pieces;
  }
  void merge(accumulator& a, const accumulator& b) const {
    a.sum += b.sum;
    a.weight += b.weight;
  }
  std::optional<double> get_value(const accumulator& a) const {
    if (a.weight == 0) return std::nullopt;
    return a.sum / static_cast<double>(a.weight);
  }
};
// aggregate]

int main() {
  // [program
  sluice::table::table_environment tables;
  tables.config().set("execution.runtime-mode", "batch");
  tables.config().set("parallelism.default", "1");
  tables.functions().add_function("SHOUT", [](std::string_view s) { return std::string(s) + "!"; });
  tables.functions().add_aggregate("WEIGHTED_AVG", weighted_average{});

  tables.execute_sql(R"(
    CREATE TABLE sales (product STRING, price DOUBLE, pieces INT) WITH (
      'connector' = 'inline',
      'rows' = 'tea, 4.50, 2
                mug, 9.00, 1
                tea, 4.00, 6'))");

  auto means = tables.from("sales")
                 .where("pieces > 0")
                 .group_by("product")
                 .select("SHOUT(product) AS product, WEIGHTED_AVG(price, pieces) AS price");
  means.order_by("price").execute().print();

  tables.create_temporary_view("means", means);
  tables.execute_sql("SELECT MAX(price) AS dearest FROM means").print();
  // program]
}
