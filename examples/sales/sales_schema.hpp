/// The online sales CSV: its 17 columns, in order.
#pragma once

#include <boost/describe.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sales {

/// A line of the file; `Number` is how its five numbers are held.
template <class Number>
struct sale_of {
  std::string invoice_no;
  std::string stock_code;
  std::string description;
  Number quantity{};
  std::string invoice_date;
  Number unit_price{};
  Number customer_id{};
  std::string country;
  Number discount{};
  std::string payment_method;
  Number shipping_cost{};
  std::string category;
  std::string sales_channel;
  std::string return_status;
  std::string shipment_provider;
  std::string warehouse_location;
  std::string order_priority;

  BOOST_DESCRIBE_CLASS(sale_of, (),
                       (invoice_no, stock_code, description, quantity, invoice_date, unit_price,
                        customer_id, country, discount, payment_method, shipping_cost, category,
                        sales_channel, return_status, shipment_provider, warehouse_location,
                        order_priority),
                       (), ())
};

using sale = sale_of<double>;
/// As it comes: numbers are any text, or missing.
using raw_sale = sale_of<std::optional<std::string>>;
/// As it is written: numbers with two decimals.
using printed_sale = sale_of<std::string>;

/// The names in the header line. Reading finds the fields by them, see `csv_options::loose_names`.
inline const std::vector<std::string> column_names
  = {"InvoiceNo",         "StockCode",    "Description",  "Quantity",     "InvoiceDate",
     "UnitPrice",         "CustomerID",   "Country",      "Discount",     "PaymentMethod",
     "ShippingCost",      "Category",     "SalesChannel", "ReturnStatus", "ShipmentProvider",
     "WarehouseLocation", "OrderPriority"};

} // namespace sales
