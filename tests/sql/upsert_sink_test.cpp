/// Queries into a sink that takes upserts by its primary key: at any parallelism, and whatever
/// order rows of different subtasks come in, the last row of each key is the one of the result.
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/session/table_environment.hpp"
#include "support/sql_cases.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>
#include <random>

namespace sluice::testing {

namespace {

/// What a store by key has after all upserts.
struct key_store {
  std::mutex mutex;
  std::map<std::string, std::string> rows;
  std::string failure;

  lines all() {
    lines result;
    for (const auto& [key, row] : rows) result.push_back(row);
    return result;
  }
};

class upsert_sink final : public sink_base, public table::table_sink {
public:
  upsert_sink(std::shared_ptr<key_store> store, std::vector<std::size_t> key)
    : store_(std::move(store)), key_(std::move(key)) {}

  table::changelog_mode accept(const table::changelog_mode&) const override {
    return table::changelog_mode::upserts();
  }
  std::shared_ptr<const sink_base> make() const override {
    return std::make_shared<upsert_sink>(store_, key_);
  }

  const element_type& type() const noexcept override { return table::columnar_rows(); }
  std::string name() const override { return "upserts"; }
  std::unique_ptr<sink_writer> make_writer() const override {
    class writer final : public sink_writer {
    public:
      explicit writer(const upsert_sink& sink) : store_(sink.store_), key_(sink.key_) {}
      void open(io_context&, const std::vector<std::string>&) override {}
      void write(batch& records) override {
        const auto& rows = table::as_columnar(records);
        std::lock_guard lock(store_->mutex);
        for (std::size_t i = 0; i < rows.size(); ++i) put(rows, i);
      }

    private:
      void put(const table::columnar_batch& rows, std::size_t i) {
        std::string key;
        for (auto k : key_) key += table::scalar::from(rows.at(k), i).to_string() + ";";
        auto text = rows.row_text(i);
        switch (rows.kind(i)) {
        // Nobody asked for the first, but it comes where a filter lets the old row pass, and
        // perhaps not the new one.
        case table::row_kind::update_before:
        case table::row_kind::delete_:
          if (store_->rows.erase(key) == 0) store_->failure = "there is no row for " + text;
          break;
        default:
          store_->rows[key] = text.substr(3, text.size() - 4);
        }
      }

      std::shared_ptr<key_store> store_;
      std::vector<std::size_t> key_;
    };
    return std::make_unique<writer>(*this);
  }

private:
  std::shared_ptr<key_store> store_;
  std::vector<std::size_t> key_;
};

class upsert_factory final : public table::table_factory {
public:
  explicit upsert_factory(std::shared_ptr<key_store> store) : store_(std::move(store)) {}
  std::string identifier() const override { return "upserts"; }
  std::string doc() const override { return "Keeps the last row of each key."; }
  std::shared_ptr<const table::table_sink>
  make_sink(const table::table_description& t, const table::table_options&,
            const table::connector_context&) const override {
    std::vector<std::size_t> key;
    for (std::size_t i = 0; i < t.columns.size(); ++i)
      if (std::find(t.primary_key.begin(), t.primary_key.end(), t.columns[i].name)
          != t.primary_key.end())
        key.push_back(i);
    return std::make_shared<upsert_sink>(store_, std::move(key));
  }

private:
  std::shared_ptr<key_store> store_;
};

/// Rows that come, change and go.
std::string random_changes(std::uint32_t seed, int count) {
  std::mt19937 engine(seed);
  auto draw
    = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(engine); };
  auto row = [&] { return fmt::format("[k{}, {}]", draw(0, 7), draw(-3, 5)); };
  lines present;
  std::string text;
  for (int i = 0; i < count; ++i) {
    auto what = present.size() < 5 ? 0 : draw(0, 3);
    auto at = present.empty()
                ? 0
                : static_cast<std::size_t>(draw(0, static_cast<int>(present.size()) - 1));
    if (what < 2) {
      present.push_back(row());
      text += "+I" + present.back() + "\n";
    } else if (what == 2) {
      text += "-U" + present[at] + "\n";
      present[at] = row();
      text += "+U" + present[at] + "\n";
    } else {
      text += "-D" + present[at] + "\n";
      present.erase(present.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return text;
}

struct upsert_case {
  std::string columns; ///< of the sink, with its key
  std::string query;
};

std::ostream& operator<<(std::ostream& out, const upsert_case& c) { return out << c.query; }

const std::vector<upsert_case> upsert_cases = {
  {"k STRING, s INT, n BIGINT, PRIMARY KEY (k)", "SELECT k, SUM(v), COUNT(*) FROM x GROUP BY k"},
  {"k STRING, s INT, PRIMARY KEY (k)", "SELECT k, SUM(v) FROM x GROUP BY k HAVING COUNT(*) > 2"},
  // The key of the first side goes from subtask to subtask as its sum changes.
  {"k STRING, s INT, n BIGINT, PRIMARY KEY (k)",
   "SELECT a.k, a.s, b.n FROM (SELECT k, SUM(v) AS s FROM x GROUP BY k) a "
   "LEFT JOIN (SELECT v, COUNT(*) AS n FROM x GROUP BY v) b ON a.s = b.v"},
  {"k STRING, v INT, PRIMARY KEY (k)",
   "SELECT k, v FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS rn "
   "FROM x) WHERE rn = 1"},
  {"k STRING, rn BIGINT, v INT, PRIMARY KEY (k, rn)",
   "SELECT k, rn, v FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) AS rn "
   "FROM x) WHERE rn <= 3"},
  {"k STRING, s INT, n BIGINT, PRIMARY KEY (k)",
   "SELECT COALESCE(a.k, b.k), a.s, b.n FROM "
   "(SELECT k, SUM(v) AS s FROM x WHERE v > 0 GROUP BY k) a FULL JOIN "
   "(SELECT k, COUNT(*) AS n FROM x WHERE v < 2 GROUP BY k) b ON a.k = b.k"},
  {"k STRING, s INT, PRIMARY KEY (k)",
   "SELECT k, SUM(v) FROM x WHERE k < 'k4' GROUP BY k UNION ALL "
   "SELECT k, MAX(v) FROM x WHERE k >= 'k4' GROUP BY k"},
  // The key of the sink is none of the query's: it groups by more.
  {"k STRING, top BIGINT, PRIMARY KEY (k)",
   "SELECT k, MAX(s) FROM (SELECT k, v, COUNT(*) AS s FROM x GROUP BY k, v) GROUP BY k"},
  {"s INT, n BIGINT, PRIMARY KEY (s)",
   "SELECT s, COUNT(*) FROM (SELECT k, SUM(v) AS s FROM x GROUP BY k) GROUP BY s"},
  {"k STRING, s INT, PRIMARY KEY (k)",
   "SELECT a.k, a.s FROM (SELECT k, SUM(v) AS s FROM x GROUP BY k) a WHERE a.s IN "
   "(SELECT v FROM x)"},
};

std::string text_of(const std::string& mini_batch, std::uint32_t parallelism) {
  return fmt::format("parallelism {}{}", parallelism, mini_batch == "true" ? ", mini-batch" : "");
}

} // namespace

BOOST_DATA_TEST_CASE(upserts_by_primary_key, boost::unit_test::data::make(upsert_cases), c) {
  for (std::uint32_t seed = 1; seed <= 3; ++seed)
    for (std::uint32_t parallelism : {1u, 3u})
      for (const std::string mini_batch : {"false", "true"}) {
        auto store = std::make_shared<key_store>();
        table::table_environment tables;
        tables.connectors().add(std::make_shared<upsert_factory>(store));
        auto& config = tables.config();
        config.set("parallelism.default", std::to_string(parallelism));
        config.set("table.exec.mini-batch.enabled", mini_batch);
        config.set("table.exec.mini-batch.allow-latency", "1 s");
        config.set("table.exec.mini-batch.size", "7");
        tables.execute_sql(
          fmt::format("CREATE TABLE x (k STRING, v INT) WITH ('connector' = 'inline', "
                      "'changelog-mode' = 'I,UB,UA,D', 'rows' = '{}')",
                      random_changes(seed, 400)));
        tables.execute_sql(fmt::format("CREATE TABLE result ({} NOT ENFORCED) WITH ('connector' = "
                                       "'upserts')",
                                       c.columns));
        tables.execute_sql("INSERT INTO result " + c.query).wait();
        auto expected = materialized(tables.execute_sql(c.query).collect_text());
        auto what = fmt::format("seed {}, {}", seed, text_of(mini_batch, parallelism));
        check_lines(sorted(expected), sorted(store->all()), what);
        BOOST_CHECK_MESSAGE(store->failure.empty(), what << ": " << store->failure);
      }
}

} // namespace sluice::testing
