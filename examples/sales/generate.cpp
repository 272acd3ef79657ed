/// Makes the dirty sales file: row n is a function of the seed and n, so it is the same every time.
#include "sales_jobs.hpp"
#include "sales_schema.hpp"

#include "sluice/connect/file/csv_file.hpp"

#include <fmt/chrono.h>

#include <array>
#include <string_view>

namespace sales {

namespace {

/// splitmix64.
class random_numbers {
public:
  explicit random_numbers(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  bool happens(unsigned per_thousand) { return below(1000) < per_thousand; }

  template <std::size_t N>
  std::string_view one_of(const std::array<std::string_view, N>& values) {
    return values[below(N)];
  }

private:
  std::uint64_t state_;
};

struct product {
  std::string_view description;
  std::string_view category;
  unsigned cents;
};

constexpr std::array<product, 15> products = {{
  {"T-Shirt", "Apparel", 1495},
  {"Rain Jacket, unisex", "Apparel", 6900},
  {"Wool Socks", "Apparel", 895},
  {"Backpack, 20 l", "Accessories", 4550},
  {"Leather Belt", "Accessories", 2999},
  {"Sunglasses \"Riviera\"", "Accessories", 3900},
  {"Blue Pen", "Stationery", 129},
  {"Notebook", "Stationery", 349},
  {"Desk Calendar", "Stationery", 999},
  {"Office Chair", "Furniture", 12900},
  {"Desk Lamp", "Furniture", 3450},
  {"Bookshelf, 5 boards", "Furniture", 8995},
  {"Wireless Mouse", "Electronics", 1999},
  {"Headphones", "Electronics", 5995},
  {"Monitor 24\"", "Electronics", 15900},
}};

constexpr std::array<std::string_view, 12> countries
  = {"Australia", "Belgium", "France", "Germany",  "Italy",  "Japan",
     "Korea",     "Norway",  "Spain",  "Portugal", "Sweden", "United Kingdom"};
constexpr std::array<std::string_view, 3> payments = {"Bank Transfer", "Credit Card", "PayPal"};
constexpr std::array<std::string_view, 2> channels = {"In-store", "Online"};
constexpr std::array<std::string_view, 4> shippers = {"DHL", "FedEx", "Royal Mail", "UPS"};
constexpr std::array<std::string_view, 5> warehouses
  = {"Amsterdam", "Berlin", "London", "Paris", "Rome"};
constexpr std::array<std::string_view, 3> priorities = {"High", "Low", "Medium"};
constexpr std::array<std::string_view, 5> not_numbers = {"N/A", "unknown", "-", "12 pieces", "?"};

std::string cents(std::uint64_t value) { return fmt::format("{}.{:02}", value / 100, value % 100); }

/// What people make of a number when they type it in.
std::optional<std::string> typed_in(std::string number, random_numbers& random,
                                    unsigned missing_per_thousand) {
  if (random.happens(missing_per_thousand)) return std::nullopt;
  if (random.happens(8)) return std::string(random.one_of(not_numbers));
  return number;
}

std::string typed_in_category(std::string_view category, random_numbers& random) {
  if (random.happens(10)) return random.happens(500) ? "" : "   ";
  if (random.happens(40))
    return fmt::format("{:>{}} ", category, category.size() + random.below(3));
  return std::string(category);
}

void fill_row(std::uint64_t n, std::uint64_t seed, raw_sale& row) {
  random_numbers random(seed * 0x2545f4914f6cdd1du ^ n * 0xd6e8feb86659fd93u);
  auto& item = products[random.below(products.size())];
  auto sign = [&](unsigned per_thousand) { return random.happens(per_thousand) ? "-" : ""; };
  auto sold_at
    = fmt::gmtime(static_cast<std::time_t>(1'577'836'800 + random.below(5 * 365 * 1440) * 60));

  row.invoice_no = std::to_string(200'000 + n);
  row.stock_code = fmt::format("SKU_{:04}", 1000 + random.below(1000));
  row.description = item.description;
  row.quantity = typed_in(sign(30) + std::to_string(1 + random.below(49)), random, 0);
  row.invoice_date = fmt::format("{:%Y-%m-%d %H:%M}", sold_at);
  auto price = item.cents * (80 + random.below(41)) / 100;
  row.unit_price = typed_in(sign(15) + cents(price), random, 0);
  row.customer_id = typed_in(std::to_string(10'000 + random.below(90'000)) + ".0", random, 100);
  row.country = random.one_of(countries);
  row.discount = typed_in(cents(random.below(50)), random, 0);
  row.payment_method = random.one_of(payments);
  row.shipping_cost = typed_in(cents(500 + random.below(2500)), random, 50);
  row.category = typed_in_category(item.category, random);
  row.sales_channel = random.one_of(channels);
  row.return_status = random.happens(100) ? "Returned" : "Not Returned";
  row.shipment_provider = random.one_of(shippers);
  row.warehouse_location = random.one_of(warehouses);
  row.order_priority = random.one_of(priorities);
}

} // namespace

sluice::job_handle start_generate(const std::string& to, std::uint64_t num_rows,
                                  std::uint64_t seed) {
  sluice::csv_options csv;
  csv.write_header = true;
  csv.columns = column_names;

  sluice::stream_environment env;
  env
    .from_generator<raw_sale>([seed](std::uint64_t n, raw_sale& row) { fill_row(n, seed, row); },
                              {.count = num_rows, .records_per_second = {}})
    .sink_to(sluice::csv_single_file_sink<raw_sale>(to, csv))
    .start_new_chain(); // rows are made on one core and written on another
  return env.execute_async("generate sales");
}

} // namespace sales
