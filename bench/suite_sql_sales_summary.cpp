/// What each category sold, from a CSV file in the page cache: SQL against a scan by hand.
#include "measure.hpp"
#include "stopwatch.hpp"
#include "suites.hpp"

#include "sales/sales_jobs.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace bench {

namespace {

namespace fs = std::filesystem;

using totals = std::map<std::string, double, std::less<>>;

/// The clean file of the sales demo, made once a run.
class sales_file {
public:
  sales_file(const options& o, std::uint64_t rows)
    : directory_(fs::path(o.directory.value_or(fs::temp_directory_path().string()))
                 / fmt::format("sluice-sales-{}", ::getpid())) {
    fs::create_directories(directory_);
    auto dirty = (directory_ / "dirty.csv").string();
    sales::start_generate(dirty, rows, 1).wait();
    sales::start_clean(dirty, path(), o.parallelism.value_or(2)).wait();
    fs::remove(dirty);
    // Otherwise the system writes it to the disk while it is read.
    if (auto file = ::open(path().c_str(), O_RDONLY | O_CLOEXEC); file >= 0) {
      ::fsync(file);
      ::close(file);
    }
  }
  sales_file(const sales_file&) = delete;
  sales_file& operator=(const sales_file&) = delete;
  ~sales_file() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }
  std::string path() const { return (directory_ / "sales.csv").string(); }
  std::uint64_t size() const { return fs::file_size(path()); }

private:
  fs::path directory_;
};

/// The file as memory.
class mapped_file {
public:
  explicit mapped_file(const std::string& path) : size_(fs::file_size(path)) {
    auto file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw std::runtime_error("cannot open " + path);
    data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    ::close(file);
    if (data_ == MAP_FAILED) throw std::runtime_error("cannot map " + path);
  }
  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;
  ~mapped_file() { ::munmap(data_, size_); }
  std::string_view text() const { return {static_cast<const char*>(data_), size_}; }

private:
  std::size_t size_;
  void* data_;
};

/// One bit for each of 64 bytes that are one of two.
std::uint64_t bytes_like(const char* at, char a, char b) {
  std::uint64_t mask = 0;
#ifdef __SSE2__
  for (int i = 0; i < 4; ++i) {
    auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * i));
    auto like = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(a)),
                             _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b)));
    mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(like)))
            << (16 * i);
  }
#else
  for (int i = 0; i < 64; ++i) mask |= static_cast<std::uint64_t>(at[i] == a || at[i] == b) << i;
#endif
  return mask;
}

/// The bits between quotes; `inside` is all ones or none, and goes from block to block.
std::uint64_t quoted(std::uint64_t quotes, std::uint64_t& inside) {
  for (unsigned shift = 1; shift < 64; shift *= 2) quotes ^= quotes << shift;
  quotes ^= inside;
  inside = std::uint64_t{0} - (quotes >> 63);
  return quotes;
}

/// A sum for each of the few categories there are.
class few_totals {
public:
  void add(std::string_view category, double value) {
    for (std::size_t i = 0; i < used_; ++i)
      if (names_[i] == category) {
        values_[i] += value;
        return;
      }
    if (used_ == names_.size()) throw std::runtime_error("sql_sales_summary: many categories");
    names_[used_] = category;
    values_[used_++] = value;
  }
  void add_to(totals& all) const {
    for (std::size_t i = 0; i < used_; ++i) all[std::string(names_[i])] += values_[i];
  }

private:
  std::array<std::string_view, 16> names_;
  std::array<double, 16> values_{};
  std::size_t used_ = 0;
};

double number_in(const char* begin, const char* end) {
  double value = 0;
  std::from_chars(begin, end, value);
  return value;
}

/// Whole lines of 17 fields: 3 is the quantity, 5 the price, 11 the category.
few_totals scan(std::string_view lines) {
  few_totals result;
  std::array<const char*, 18> begins{};
  begins[0] = lines.data();
  std::size_t field = 0;
  auto take = [&](const char* end) {
    begins[++field] = end + 1;
    if (field < 17) return;
    result.add({begins[11], static_cast<std::size_t>(begins[12] - 1 - begins[11])},
               number_in(begins[3], begins[4] - 1) * number_in(begins[5], begins[6] - 1));
    begins[0] = end + 1;
    field = 0;
  };
  std::uint64_t inside = 0;
  auto block = [&](const char* bytes, const char* place) {
    auto ends = bytes_like(bytes, ',', '\n');
    for (ends &= ~quoted(bytes_like(bytes, '"', '"'), inside); ends != 0; ends &= ends - 1)
      take(place + __builtin_ctzll(ends));
  };
  std::size_t at = 0;
  for (; at + 64 <= lines.size(); at += 64) block(lines.data() + at, lines.data() + at);
  std::array<char, 64> rest{};
  std::memcpy(rest.data(), lines.data() + at, lines.size() - at);
  block(rest.data(), lines.data() + at);
  return result;
}

/// Each thread has its part of the file.
totals scan_all(std::string_view text, std::uint32_t threads) {
  text.remove_prefix(text.find('\n') + 1); // the header
  std::vector<few_totals> parts(threads);
  std::vector<std::thread> workers;
  std::size_t begin = 0;
  for (std::uint32_t t = 0; t < threads; ++t) {
    auto end
      = t + 1 == threads ? text.size() : text.find('\n', text.size() / threads * (t + 1)) + 1;
    workers.emplace_back(
      [&parts, t, part = text.substr(begin, end - begin)] { parts[t] = scan(part); });
    begin = end;
  }
  for (auto& w : workers) w.join();
  totals result;
  for (const auto& p : parts) p.add_to(result);
  return result;
}

constexpr auto definition = R"(CREATE TABLE sales (
  InvoiceNo STRING, StockCode STRING, Description STRING, Quantity DOUBLE, InvoiceDate STRING,
  UnitPrice DOUBLE, CustomerID DOUBLE, Country STRING, Discount DOUBLE, PaymentMethod STRING,
  ShippingCost DOUBLE, Category STRING, SalesChannel STRING, ReturnStatus STRING,
  ShipmentProvider STRING, WarehouseLocation STRING, OrderPriority STRING)
WITH ('connector' = 'filesystem', 'path' = '{}', 'format' = 'csv',
      'csv.ignore-parse-errors' = 'true'))";

constexpr auto query = "SELECT Category, ROUND(COALESCE(SUM(Quantity * UnitPrice), 0.0), 2) AS "
                       "TotalSales FROM sales GROUP BY Category";

totals run_sql(const std::string& path, std::uint32_t parallelism) {
  sluice::table::table_environment tables;
  tables.config().set("execution.runtime-mode", "batch");
  tables.config().set("parallelism.default", std::to_string(parallelism));
  tables.execute_sql(fmt::format(definition, path));
  totals result;
  for (const auto& row : tables.execute_sql(query).collect_text()) { // +I[Apparel, 12.5]
    auto comma = row.find(", ");
    result[row.substr(3, comma - 3)] = std::stod(row.substr(comma + 2));
  }
  result.erase("Category"); // the header, which is data for Flink
  return result;
}

void check(const totals& sql, const totals& by_hand) {
  auto same = std::ranges::equal(sql, by_hand, [](const auto& a, const auto& b) {
    return a.first == b.first && std::abs(a.second - b.second) <= 1e-9 * std::abs(b.second) + 0.01;
  });
  if (!same) throw std::runtime_error("sql_sales_summary: SQL and the scan by hand differ");
}

} // namespace

void run_sql_sales_summary(const options& o) {
  auto threads = o.parallelism.value_or(2);
  sales_file file(o, o.records.value_or(5'000'000));
  mapped_file mapped(file.path());
  auto rows = static_cast<double>(std::ranges::count(mapped.text(), '\n') - 1);
  std::vector<double> sql;
  std::vector<double> loop;
  for (std::uint32_t i = 0; i <= o.repeat.value_or(3); ++i) {
    stopwatch a;
    auto found = run_sql(file.path(), threads);
    auto a_seconds = a.seconds();
    stopwatch b;
    auto expected = scan_all(mapped.text(), threads);
    auto b_seconds = b.seconds();
    check(found, expected);
    if (i == 0) continue; // to warm up
    sql.push_back(rows / a_seconds);
    loop.push_back(rows / b_seconds);
  }
  auto ours = median(sql);
  auto plain = median(loop);
  if (o.json)
    fmt::print(R"({{"suite": "sql_sales_summary", "parallelism": {}, "records": {:.0f}, )"
               R"("bytes": {}, "sluice": {{"median": {:.0f}, "best": {:.0f}}}, )"
               R"("scan": {{"median": {:.0f}, "best": {:.0f}}}, "ratio": {:.4f}}})"
               "\n",
               threads, rows, file.size(), ours, *std::ranges::max_element(sql), plain,
               *std::ranges::max_element(loop), ours / plain);
  else
    fmt::print("sql_sales_summary: {:.0f} rows, {:.0f} MB, {} threads\n"
               "  sluice sql  {:6.2f} M rows/s (median), {:.2f} (best)\n"
               "  scan        {:6.2f} M rows/s (median), {:.2f} (best)\n"
               "  ratio       {:6.2f}\n",
               rows, static_cast<double>(file.size()) / 1e6, threads, ours / 1e6,
               *std::ranges::max_element(sql) / 1e6, plain / 1e6,
               *std::ranges::max_element(loop) / 1e6, ours / plain);
}

} // namespace bench
