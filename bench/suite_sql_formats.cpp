/// CSV and JSON lines to columns: the formats of SQL tables alone, on one core, in memory.
#include "measure.hpp"
#include "stopwatch.hpp"
#include "suites.hpp"

#include "sluice/connect/table/columnar_format.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

namespace {

using sluice::table::columnar_batch;
using sluice::table::data_type;

/// What a run of a format gives: rows, and a sum over their values.
struct total {
  std::uint64_t rows = 0;
  double sum = 0;
};

/// Data, the columns to read, and what to do with a batch of them.
struct format_case {
  const char* suite;
  const char* format;
  std::string data; ///< with 64 bytes more than `size`
  std::size_t size = 0;
  sluice::table::format_columns columns;
  std::function<void(const columnar_batch&, total&)> take;
  std::function<total(std::string_view)> by_hand;
  const char* by_hand_name;
};

class strict final : public sluice::decode_sink {
public:
  bool refuse(const sluice::record_error& error) override {
    throw std::runtime_error("a record was refused: " + error.reason);
  }
  void fields_nulled(std::size_t) override {}
};

/// In blocks of a megabyte, as a file source would.
total run_format(const format_case& c, const sluice::record_format& format) {
  auto decoder = format.make_decoder();
  decoder->begin({});
  constexpr std::size_t block = std::size_t{1} << 20;
  columnar_batch out;
  strict sink;
  total result;
  std::size_t begin = 0;
  auto all = std::string_view(c.data).substr(0, c.size);
  while (begin < c.size) {
    auto end = std::min(c.size, begin + block);
    while (begin < end) {
      out.clear();
      auto done = decoder->decode(all.substr(begin, end - begin), end == c.size, out,
                                  sluice::table::default_batch_rows, sink);
      c.take(out, result);
      if (done.consumed == 0) break; // the rest of a row
      begin += done.consumed;
    }
  }
  return result;
}

struct speed {
  double rows = 0;
  double bytes = 0;
};

speed median_of(std::vector<double> seconds, const format_case& c, std::uint64_t rows) {
  auto middle = median(std::move(seconds));
  return {static_cast<double>(rows) / middle, static_cast<double>(c.size) / middle};
}

void measure(const format_case& c, const options& o) {
  const auto& format = sluice::table::columnar_format_of(c.format, c.suite, "format");
  auto prefix = std::string(c.format) + '.';
  sluice::table::table_options given(c.suite, {}, format.definitions(prefix));
  auto records = format.decoder(c.columns, {c.suite, &given, prefix});
  std::vector<double> ours;
  std::vector<double> loop;
  total result;
  for (std::uint32_t i = 0; i <= o.repeat.value_or(5); ++i) {
    stopwatch a;
    result = run_format(c, *records);
    auto a_seconds = a.cpu_seconds(); // others may use the machine, too
    stopwatch b;
    auto expected = c.by_hand(std::string_view(c.data).substr(0, c.size));
    auto b_seconds = b.cpu_seconds();
    if (result.rows != expected.rows || std::abs(result.sum - expected.sum) > 1e-6 * expected.sum)
      throw std::runtime_error(fmt::format("{}: {} rows and a sum of {} instead of {} and {}",
                                           c.suite, result.rows, result.sum, expected.rows,
                                           expected.sum));
    if (i == 0) continue; // to warm up
    ours.push_back(a_seconds);
    loop.push_back(b_seconds);
  }
  auto fast = median_of(ours, c, result.rows);
  auto plain = median_of(loop, c, result.rows);
  if (o.json)
    fmt::print(R"({{"suite": "{}", "parallelism": 1, "records": {}, "bytes": {}, )"
               R"("sluice": {{"median": {:.0f}, "bytes_per_second": {:.0f}}}, )"
               R"("{}": {{"median": {:.0f}, "bytes_per_second": {:.0f}}}, "ratio": {:.4f}}})"
               "\n",
               c.suite, result.rows, c.size, fast.rows, fast.bytes, c.by_hand_name, plain.rows,
               plain.bytes, fast.rows / plain.rows);
  else
    fmt::print("{}: {} rows, {:.0f} MB, one core\n"
               "  sluice     {:6.2f} M rows/s, {:5.2f} GB/s\n"
               "  {:10} {:6.2f} M rows/s, {:5.2f} GB/s\n"
               "  ratio      {:6.2f}\n",
               c.suite, result.rows, static_cast<double>(c.size) / 1e6, fast.rows / 1e6,
               fast.bytes / 1e9, c.by_hand_name, plain.rows / 1e6, plain.bytes / 1e9,
               fast.rows / plain.rows);
}

double number_in(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// 17 columns, 140 bytes a line: the sales file, of which Category, Quantity and UnitPrice count.
format_case csv_case(std::uint64_t rows) {
  format_case c{"sql_csv_format", "csv", {}, 0, {}, {}, {}, "by hand"};
  const char* categories[] = {"Apparel", "Accessories", "Stationery", "Furniture", "Electronics"};
  for (std::uint64_t i = 0; i < rows; ++i)
    fmt::format_to(std::back_inserter(c.data),
                   "{},SKU_{},White Mug,{},2020-01-{:02} {:02}:00,{}.{:02},{}.0,Australia,0.{},"
                   "Bank Transfer,{}.79,{},In-store,Not Returned,UPS,London,Medium\n",
                   221'958 + i, 1000 + i * 7 % 1000, 1 + i % 50, 1 + i % 28, i % 24, i * 31 % 100,
                   i % 100, 10'000 + i * 13 % 90'000, i % 10, 5 + i % 25, categories[i % 5]);
  c.size = c.data.size();
  c.data.append(64, '\0');
  auto text = data_type::string();
  auto number = data_type::double_();
  for (const auto* name :
       {"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
        "CustomerID", "Country", "Discount", "PaymentMethod", "ShippingCost", "Category",
        "SalesChannel", "ReturnStatus", "ShipmentProvider", "WarehouseLocation", "OrderPriority"})
    c.columns.columns.push_back({name, text});
  for (auto i : {3u, 5u}) c.columns.columns[i].type = number;
  c.columns.wanted = {11, 3, 5};
  c.take = [](const columnar_batch& rows_read, total& t) {
    t.rows += rows_read.size();
    for (std::size_t i = 0; i < rows_read.size(); ++i)
      t.sum += rows_read.at(1).value<double>(i) * rows_read.at(2).value<double>(i)
               + static_cast<double>(rows_read.at(0).text(i).size());
  };
  c.by_hand = [](std::string_view data) {
    total t;
    std::string_view fields[17];
    while (!data.empty()) {
      auto line = data.substr(0, data.find('\n'));
      data.remove_prefix(line.size() + 1);
      for (auto& field : fields) {
        field = line.substr(0, line.find(','));
        line.remove_prefix(std::min(line.size(), field.size() + 1));
      }
      ++t.rows;
      t.sum += number_in(fields[3]) * number_in(fields[5]) + static_cast<double>(fields[11].size());
    }
    return t;
  };
  return c;
}

/// 100 bytes a line, 5 columns.
format_case json_case(std::uint64_t rows) {
  format_case c{"sql_json_format", "json", {}, 0, {}, {}, {}, "memchr"};
  for (std::uint64_t i = 0; i < rows; ++i)
    fmt::format_to(std::back_inserter(c.data),
                   R"({{"user":"u{:07}","item":{},"category":{},"action":"{}",)"
                   R"("time":"2017-11-{:02} {:02}:00:00"}})"
                   "\n",
                   i % 9'999'991, 1'000'000 + i % 900'000, 1000 + i % 8999,
                   i % 9 == 0 ? "cart" : "view", 1 + i % 30, i % 24);
  c.size = c.data.size();
  c.data.append(64, '\0');
  c.columns = sluice::table::format_columns::all({{"user", data_type::string()},
                                                  {"item", data_type::bigint()},
                                                  {"category", data_type::bigint()},
                                                  {"action", data_type::string()},
                                                  {"time", data_type::timestamp(3)}});
  c.take = [](const columnar_batch& rows_read, total& t) {
    t.rows += rows_read.size();
    for (std::size_t i = 0; i < rows_read.size(); ++i)
      t.sum += static_cast<double>(rows_read.at(1).value<std::int64_t>(i)
                                   + rows_read.at(2).value<std::int64_t>(i));
  };
  // What may be done at best by somebody who knows where everything is.
  c.by_hand = [](std::string_view data) {
    total t;
    while (!data.empty()) {
      auto line = data.substr(0, data.find('\n'));
      data.remove_prefix(line.size() + 1);
      auto number = [&](std::string_view key) {
        auto at = line.find(key);
        return number_in(line.substr(at + key.size()));
      };
      ++t.rows;
      t.sum += number("\"item\":") + number("\"category\":");
    }
    return t;
  };
  return c;
}

} // namespace

void run_sql_csv_format(const options& o) { measure(csv_case(o.records.value_or(1'000'000)), o); }

void run_sql_json_format(const options& o) { measure(json_case(o.records.value_or(1'000'000)), o); }

} // namespace bench
