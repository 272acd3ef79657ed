/// Sales per category: in batch mode, each category comes out once.
#include "sales_jobs.hpp"

#include "sluice/connect/file/csv_file.hpp"

#include <boost/describe.hpp>

namespace sales {

namespace {

/// The three columns that the summary needs.
struct line_item {
  std::string category;
  double quantity = 0;
  double unit_price = 0;
};
BOOST_DESCRIBE_STRUCT(line_item, (), (category, quantity, unit_price))

} // namespace

sluice::result_range<category_sales> start_summarise(const std::string& from,
                                                     std::uint32_t parallelism) {
  // [program
  sluice::csv_options csv;
  csv.header = sluice::csv_header::by_name;
  csv.loose_names = true;

  sluice::stream_environment env;
  env.set_execution_mode(sluice::execution_mode::batch).set_parallelism(parallelism);
  return env.from_source(sluice::csv_file_source<line_item>(from, csv))
    .map([](const line_item& i) {
      return category_sales{i.category, i.quantity * i.unit_price};
    })
    .key_by(&category_sales::category)
    .sum(&category_sales::total)
    .collect("summarise sales");
  // program]
}

} // namespace sales
