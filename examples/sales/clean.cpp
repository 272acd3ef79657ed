/// Cleans the sales file: repairs numbers, trims categories, drops rows that are worth nothing.
#include "sales_jobs.hpp"
#include "sales_schema.hpp"

#include "sluice/connect/file/csv_file.hpp"

namespace sales {

namespace {

std::string trimmed(const std::string& text) {
  auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string two_decimals(double number) { return fmt::format("{:.2f}", number); }

sale with_trimmed_category(sale s) {
  s.category = trimmed(s.category);
  return s;
}

bool counts(const sale& s) { return s.quantity > 0 && s.unit_price > 0 && !s.category.empty(); }

printed_sale printed(const sale& s) {
  return {s.invoice_no,
          s.stock_code,
          s.description,
          two_decimals(s.quantity),
          s.invoice_date,
          two_decimals(s.unit_price),
          two_decimals(s.customer_id),
          s.country,
          two_decimals(s.discount),
          s.payment_method,
          two_decimals(s.shipping_cost),
          s.category,
          s.sales_channel,
          s.return_status,
          s.shipment_provider,
          s.warehouse_location,
          s.order_priority};
}

} // namespace

sluice::job_handle start_clean(const std::string& from, const std::string& to,
                               std::uint32_t parallelism) {
  // [program
  sluice::csv_options dirty;
  dirty.header = sluice::csv_header::by_name;
  dirty.loose_names = true;                    // UnitPrice is unit_price
  dirty.errors = sluice::on_error::null_field; // what is no number is 0
  dirty.quoted_newlines = false;               // a stray quote spoils its own line only

  sluice::csv_options clean;
  clean.write_header = true;
  clean.columns = column_names;

  sluice::stream_environment env;
  env.set_parallelism(parallelism);
  env.from_source(sluice::csv_file_source<sale>(from, dirty))
    .map(with_trimmed_category)
    .filter(counts)
    .map(printed)
    .sink_to(sluice::csv_single_file_sink<printed_sale>(to, clean))
    .set_parallelism(1)
    .start_new_chain(); // lines are made on one core and written on another
  return env.execute_async("clean sales");
  // program]
}

} // namespace sales
