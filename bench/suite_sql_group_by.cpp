/// SELECT k, SUM(v), COUNT(*) ... GROUP BY k as a whole SQL job over rows in memory.
#include "measure.hpp"
#include "stopwatch.hpp"
#include "suites.hpp"

#include "sluice/core/hash.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace bench {

namespace {

using namespace sluice;
using namespace sluice::table;

/// Two columns of BIGINT in batches, and what is in them all together.
struct stored_rows {
  std::vector<std::pair<column_ptr, column_ptr>> batches;
  std::uint64_t total = 0;
};

stored_rows make_rows(std::uint64_t rows, std::uint64_t keys) {
  stored_rows result;
  std::uint64_t state = 1;
  for (std::uint64_t done = 0; done < rows;) {
    auto n = std::min<std::uint64_t>(default_batch_rows, rows - done);
    auto key = std::make_shared<sluice::table::column>(data_type::bigint());
    auto number = std::make_shared<sluice::table::column>(data_type::bigint());
    key->reset(n);
    number->reset(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      key->values<std::int64_t>()[i] = static_cast<std::int64_t>((state >> 33) % keys);
      number->values<std::int64_t>()[i] = static_cast<std::int64_t>(state >> 54);
      result.total += state >> 54;
    }
    done += n;
    result.batches.emplace_back(std::move(key), std::move(number));
  }
  return result;
}

/// Every n-th batch for each of n readers.
class memory_reader final : public source_reader {
public:
  explicit memory_reader(std::shared_ptr<const stored_rows> rows) : rows_(std::move(rows)) {}

  void open(io_context& context) override { step_ = context.parallelism(); }
  void add_splits(std::vector<source_split> splits) override {
    for (auto& s : splits) next_.push_back(std::stoull(s.id));
  }
  poll_result poll(batch& out, std::size_t) override {
    poll_result result;
    if (next_.empty()) {
      result.status = poll_result::state::finished;
      return result;
    }
    auto& at = next_.back();
    if (at < rows_->batches.size()) {
      const auto& [key, number] = rows_->batches[at];
      as_columnar(out).assign({key, number}, key->size());
      at += step_;
    }
    if (at >= rows_->batches.size()) next_.pop_back();
    return result;
  }
  std::vector<source_split> snapshot() override { return {}; }

private:
  std::shared_ptr<const stored_rows> rows_;
  std::size_t step_ = 1;
  std::vector<std::size_t> next_;
};

class memory_enumerator final : public split_enumerator {
public:
  explicit memory_enumerator(std::uint32_t readers) : readers_(readers) {}

  std::vector<source_split> discover() override {
    std::vector<source_split> splits;
    for (std::uint32_t i = 0; i < readers_; ++i) splits.push_back({std::to_string(i), {}});
    readers_ = 0; // they are all known
    return splits;
  }
  void restore(const std::vector<std::string>&) override {}
  std::optional<std::uint32_t> owner(const source_split& s, std::uint32_t n) const override {
    return static_cast<std::uint32_t>(std::stoul(s.id)) % n;
  }

private:
  std::uint32_t readers_;
};

class memory_source final : public source_base {
public:
  explicit memory_source(std::shared_ptr<const stored_rows> rows) : rows_(std::move(rows)) {}

  const element_type& type() const noexcept override { return columnar_rows(); }
  boundedness bounded() const noexcept override { return boundedness::bounded; }
  std::string name() const override { return "memory"; }
  std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t parallelism) const override {
    return std::make_unique<memory_enumerator>(parallelism);
  }
  std::unique_ptr<source_reader> make_reader() const override {
    return std::make_unique<memory_reader>(rows_);
  }

private:
  std::shared_ptr<const stored_rows> rows_;
};

class memory_table final : public table_source {
public:
  explicit memory_table(std::shared_ptr<const stored_rows> rows) : rows_(std::move(rows)) {}
  boundedness bounded() const override { return boundedness::bounded; }
  std::shared_ptr<const source_base> make(const scan_request& request) const override {
    if (request.columns != std::vector<std::size_t>{0, 1})
      throw std::logic_error("sql_group_by: the query reads both columns");
    return std::make_shared<memory_source>(rows_);
  }

private:
  std::shared_ptr<const stored_rows> rows_;
};

class memory_factory final : public table_factory {
public:
  explicit memory_factory(std::shared_ptr<const stored_rows> rows) : rows_(std::move(rows)) {}
  std::string identifier() const override { return "memory"; }
  std::string doc() const override { return "Rows of this benchmark."; }
  std::shared_ptr<const table_source> make_source(const table_description&, const table_options&,
                                                  const connector_context&) const override {
    return std::make_shared<memory_table>(rows_);
  }

private:
  std::shared_ptr<const stored_rows> rows_;
};

/// The groups are added up again, so that the result can be checked.
double run_sql(const std::shared_ptr<const stored_rows>& rows, std::uint64_t num_rows,
               std::uint32_t threads) {
  table_environment tables;
  tables.connectors().add(std::make_shared<memory_factory>(rows));
  tables.config().set("execution.runtime-mode", "batch");
  tables.config().set("parallelism.default", std::to_string(threads));
  tables.execute_sql("CREATE TABLE numbers (k BIGINT NOT NULL, v BIGINT NOT NULL) "
                     "WITH ('connector' = 'memory')");
  stopwatch time;
  auto found = tables
                 .execute_sql("SELECT SUM(total), SUM(many) FROM (SELECT k, SUM(v) AS total, "
                              "COUNT(*) AS many FROM numbers GROUP BY k)")
                 .collect_text();
  auto seconds = time.seconds();
  auto expected = fmt::format("+I[{}, {}]", rows->total, num_rows);
  if (found.size() != 1 || found.front() != expected)
    throw std::runtime_error(
      fmt::format("sql_group_by: {} instead of {}", fmt::join(found, ", "), expected));
  return seconds;
}

struct slot {
  std::int64_t key = -1;
  std::int64_t sum = 0;
  std::int64_t count = 0;
};

class plain_table {
public:
  explicit plain_table(std::uint64_t keys) {
    while ((std::uint64_t{1} << bits_) < 2 * keys) ++bits_;
    slots_.resize(std::size_t{1} << bits_);
  }
  slot& find(std::int64_t key) {
    auto at = (static_cast<std::uint64_t>(key) * 0x9e3779b97f4a7c15u) >> (64 - bits_);
    for (;; at = (at + 1) & (slots_.size() - 1)) {
      auto& s = slots_[at];
      if (s.key == key) return s;
      if (s.key != -1) continue;
      s.key = key;
      return s;
    }
  }
  const std::vector<slot>& slots() const { return slots_; }

private:
  unsigned bits_ = 4;
  std::vector<slot> slots_;
};

/// A table a thread, merged at the end.
double run_loop(const stored_rows& rows, std::uint64_t keys, std::uint32_t threads) {
  stopwatch time;
  std::vector<plain_table> tables(threads, plain_table(keys));
  std::vector<std::thread> workers;
  for (std::uint32_t t = 0; t < threads; ++t)
    workers.emplace_back([&, t] {
      for (auto b = std::size_t{t}; b < rows.batches.size(); b += threads) {
        const auto& [key, number] = rows.batches[b];
        const auto* k = key->values<std::int64_t>();
        const auto* v = number->values<std::int64_t>();
        for (std::size_t i = 0; i < key->size(); ++i) {
          auto& s = tables[t].find(k[i]);
          s.sum += v[i];
          ++s.count;
        }
      }
    });
  for (auto& w : workers) w.join();
  for (std::uint32_t t = 1; t < threads; ++t)
    for (const auto& s : tables[t].slots()) {
      if (s.key == -1) continue;
      auto& to = tables[0].find(s.key);
      to.sum += s.sum;
      to.count += s.count;
    }
  std::uint64_t total = 0;
  for (const auto& s : tables[0].slots()) total += static_cast<std::uint64_t>(s.sum);
  if (total != rows.total) throw std::runtime_error("sql_group_by: wrong result of the loop");
  return time.seconds();
}

} // namespace

void run_sql_group_by(const options& o) {
  auto threads = o.parallelism.value_or(2);
  auto rows = o.records.value_or(20'000'000);
  std::vector<std::uint64_t> key_counts{1'000, 1'000'000};
  if (o.keys) key_counts = {*o.keys};
  for (auto keys : key_counts) {
    auto stored = std::make_shared<const stored_rows>(make_rows(rows, keys));
    std::vector<double> sql;
    std::vector<double> loop;
    for (std::uint32_t i = 0; i <= o.repeat.value_or(5); ++i) {
      auto a = run_sql(stored, rows, threads);
      auto b = run_loop(*stored, keys, threads);
      if (i == 0) continue; // to warm up
      sql.push_back(static_cast<double>(rows) / a);
      loop.push_back(static_cast<double>(rows) / b);
    }
    auto ours = median(sql);
    auto plain = median(loop);
    if (o.json)
      fmt::print(R"({{"suite": "sql_group_by", "keys": {}, "parallelism": {}, "records": {}, )"
                 R"("sluice": {{"median": {:.0f}, "best": {:.0f}}}, )"
                 R"("loop": {{"median": {:.0f}, "best": {:.0f}}}, "ratio": {:.4f}}})"
                 "\n",
                 keys, threads, rows, ours, *std::ranges::max_element(sql), plain,
                 *std::ranges::max_element(loop), ours / plain);
    else
      fmt::print("sql_group_by: {} keys, {} rows, {} threads: {:.1f} M rows/s (median), {:.1f} "
                 "(best); plain loop {:.1f}; ratio {:.2f}\n",
                 keys, rows, threads, ours / 1e6, *std::ranges::max_element(sql) / 1e6, plain / 1e6,
                 ours / plain);
  }
}

} // namespace bench
