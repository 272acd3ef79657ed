/// Runs the queries of a file of SQL cases with an interruption: the job stops somewhere in the
/// middle of its input, with a savepoint or as if killed after a checkpoint, and goes on at another
/// parallelism. What was committed adds up to the rows that the case expects.
///
/// Arguments: the file, then names of cases if not all. Cases take part that expect rows of a query
/// over inline tables in streaming mode; these tables give one row every few milliseconds.
#include "sluice/core/codec.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/session/table_environment.hpp"
#include "sluice/table/sql/parser.hpp"
#include "sluice/table/sql/unparse.hpp"
#include "support/sql_cases.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>

namespace sluice::testing {

namespace {

using table::table_environment;

// -- a sink that commits changes -----------------------------------------------------------------

/// What was committed, by transaction, so that committing twice counts once.
struct committed_changes {
  std::mutex mutex;
  std::map<std::uint64_t, lines> transactions;
  std::atomic<std::uint64_t> next_transaction{1};

  std::size_t size() {
    std::lock_guard lock(mutex);
    std::size_t sum = 0;
    for (const auto& [id, changes] : transactions) sum += changes.size();
    return sum;
  }

  /// What all changes add up to; their order does not matter. Errors: a row is there less than
  /// never.
  lines rows() {
    std::map<std::string, int> counts;
    for (const auto& [id, changes] : transactions)
      for (const auto& c : changes) counts[c.substr(3, c.size() - 4)] += c[0] == '+' ? 1 : -1;
    lines result;
    for (const auto& [row, count] : counts) {
      if (count < 0) throw error(fmt::format("{} was taken back {} times too often", row, -count));
      result.insert(result.end(), static_cast<std::size_t>(count), row);
    }
    return result;
  }
};

class recording_writer final : public sink_writer {
public:
  explicit recording_writer(std::shared_ptr<committed_changes> output)
    : output_(std::move(output)) {}

  void open(io_context&, const std::vector<std::string>&) override {}

  void write(batch& records) override {
    const auto& rows = table::as_columnar(records);
    for (std::size_t i = 0; i < rows.size(); ++i) open_.push_back(rows.row_text(i));
  }

  std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool) override {
    if (open_.empty()) return nullptr;
    byte_writer out;
    encode_value(out, output_->next_transaction++);
    encode_value(out, std::exchange(open_, {}));
    return [bytes = out.take()] { return writer_snapshot{"", {bytes}}; };
  }

  void commit(const std::vector<std::string>& committables) override {
    std::lock_guard lock(output_->mutex);
    for (const auto& c : committables) {
      byte_reader in(c);
      auto id = decode_value<std::uint64_t>(in);
      output_->transactions[id] = decode_value<lines>(in);
    }
  }

private:
  std::shared_ptr<committed_changes> output_;
  lines open_;
};

class recording_sink final : public sink_base {
public:
  explicit recording_sink(std::shared_ptr<committed_changes> output) : output_(std::move(output)) {}
  const element_type& type() const noexcept override { return table::columnar_rows(); }
  std::string name() const override { return "recorded"; }
  bool transactional() const noexcept override { return true; }
  std::unique_ptr<sink_writer> make_writer() const override {
    return std::make_unique<recording_writer>(output_);
  }

private:
  std::shared_ptr<committed_changes> output_;
};

class recording_table final : public table::table_sink {
public:
  explicit recording_table(std::shared_ptr<committed_changes> output)
    : output_(std::move(output)) {}
  table::changelog_mode accept(const table::changelog_mode& offered) const override {
    return offered;
  }
  std::shared_ptr<const sink_base> make() const override {
    return std::make_shared<recording_sink>(output_);
  }

private:
  std::shared_ptr<committed_changes> output_;
};

class recording_factory final : public table::table_factory {
public:
  explicit recording_factory(std::shared_ptr<committed_changes> output)
    : output_(std::move(output)) {}
  std::string identifier() const override { return "recorded"; }
  std::string doc() const override { return "Keeps what was committed."; }
  std::shared_ptr<const table::table_sink>
  make_sink(const table::table_description&, const table::table_options&,
            const table::connector_context&) const override {
    return std::make_shared<recording_table>(output_);
  }

private:
  std::shared_ptr<committed_changes> output_;
};

// -- sessions ------------------------------------------------------------------------------------

/// The case cannot be interrupted: it does not end in a query, or reads no inline table.
struct not_for_this_test {};

struct attempt {
  std::uint32_t parallelism = 1;
  std::string restore_from; ///< empty: from the beginning
};

/// The tables of a case, paced, and its query.
class session {
public:
  session(const sql_case& c, const std::string& directory,
          std::shared_ptr<committed_changes> output, const attempt& a) {
    auto& config = tables_.config();
    config.set("execution.runtime-mode", "streaming");
    config.set("parallelism.default", std::to_string(a.parallelism));
    config.set("pipeline.max-parallelism", "16");
    config.set("table.local-time-zone", "UTC");
    config.set("execution.checkpointing.dir", directory + "/checkpoints");
    config.set("execution.checkpointing.interval", "10 ms");
    config.set("execution.checkpointing.externalized-checkpoint-retention",
               "RETAIN_ON_CANCELLATION");
    if (!a.restore_from.empty()) config.set("execution.state-recovery.path", a.restore_from);
    tables_.connectors().add(std::make_shared<recording_factory>(std::move(output)));
    auto statements = sql::parse_script(c.begin);
    for (auto& s : sql::parse_script(c.statements)) statements.push_back(std::move(s));
    if (statements.empty() || statements.back().as<sql::query>() == nullptr)
      throw not_for_this_test();
    query_ = sql::to_sql(*statements.back().as<sql::query>());
    statements.pop_back();
    for (const auto& s : statements) {
      if (s.as<sql::insert>() != nullptr || s.as<sql::statement_set>() != nullptr)
        throw not_for_this_test();
      tables_.execute(s);
    }
    pace();
  }

  /// How many rows the tables have.
  std::uint64_t num_rows() const noexcept { return num_rows_; }

  const lines& sources() const noexcept { return sources_; }

  job_handle start() {
    started_ = tables_.execute_sql(
      fmt::format("CREATE TABLE recorded_result WITH ('connector' = 'recorded') AS {}", query_));
    return *started_.job();
  }

private:
  void pace() {
    const auto& catalogs = tables_.catalogs();
    for (const auto& name :
         catalogs.tables(catalogs.current_catalog(), catalogs.current_database())) {
      const auto* object
        = catalogs.find({catalogs.current_catalog(), catalogs.current_database(), name});
      const auto* t = object == nullptr ? nullptr : std::get_if<table::catalog_table>(object);
      if (t == nullptr) continue;
      const auto& options = t->options;
      if (options.at("connector") != "inline" || options.contains("delay"))
        throw not_for_this_test();
      auto count = std::count(options.at("rows").begin(), options.at("rows").end(), '\n') + 1;
      if (query_.find("`" + name + "`") != std::string::npos)
        num_rows_ += static_cast<std::uint64_t>(count);
      sources_.push_back(name);
      tables_.execute_sql(fmt::format("ALTER TABLE `{}` SET ('delay' = '8 ms')", name));
    }
    if (num_rows_ < 3) throw not_for_this_test();
  }

  table_environment tables_;
  std::string query_;
  lines sources_;
  std::uint64_t num_rows_ = 0;
  table::table_result started_;
};

/// Rows that the sources gave so far. The tasks of sources are named after their tables.
std::uint64_t rows_read(const job_handle& job, const lines& sources) {
  std::uint64_t sum = 0;
  for (const auto& t : job.metrics().tasks)
    if (std::find(sources.begin(), sources.end(), t.task.substr(0, t.task.find('[')))
        != sources.end())
      sum += t.num_records_in;
  return sum;
}

/// Lets the job go on until it has read so many rows. False: it ended.
bool runs_until(job_handle& job, const lines& sources, std::uint64_t rows, bool checkpointed) {
  while (!job.wait_for(std::chrono::milliseconds(1))) {
    if (rows_read(job, sources) < rows) continue;
    if (!checkpointed || job.metrics().checkpoints.num_completed > 0) return true;
  }
  return false;
}

/// Ends the job. Returns what to go on from, or nothing if it was faster.
std::optional<std::string> interrupted(job_handle& job, const lines& sources,
                                       const std::string& directory, std::uint64_t rows,
                                       bool killed) {
  if (!runs_until(job, sources, rows, killed)) return std::nullopt;
  if (!killed) {
    try {
      return job.stop_with_savepoint(directory + "/savepoints");
    } catch (const error&) { // it has just ended
      job.wait();
      return std::nullopt;
    }
  }
  job.cancel();
  try {
    job.wait();
    return std::nullopt;
  } catch (const job_cancelled&) {
    return "latest";
  }
}

struct statistics {
  int run = 0;
  int interrupted = 0;
};

void run_case(const sql_case& c, const lines& expected, std::uint32_t from, std::uint32_t to,
              bool killed, statistics& counts) {
  temporary_directory directory;
  auto output = std::make_shared<committed_changes>();
  session first(c, directory.path(), output, {from, {}});
  auto job = first.start();
  ++counts.run;
  auto middle = 1 + static_cast<std::uint64_t>(c.line) % (first.num_rows() - 1);
  if (auto path = interrupted(job, first.sources(), directory.path(), middle, killed)) {
    ++counts.interrupted;
    session second(c, directory.path(), output, {to, *path});
    second.start().wait();
  }
  auto what
    = fmt::format("{}:{} {} ({} at {} of {} rows, parallelism {} then {})", c.file, c.line, c.name,
                  killed ? "killed" : "stopped", middle, first.num_rows(), from, to);
  check_lines(sorted(expected), sorted(trimmed(output->rows())), what);
}

/// What the case expects of a query in streaming mode.
const expectation* rows_of(const sql_case& c) {
  if (c.only == "batch") return nullptr;
  for (const auto& e : c.expected)
    if (e.kind == "rows") return &e;
  return nullptr;
}

} // namespace

BOOST_AUTO_TEST_CASE(sql_restore) {
  const auto& args = boost::unit_test::framework::master_test_suite();
  BOOST_REQUIRE_MESSAGE(args.argc > 1, "usage: sql_restore -- file [case...]");
  const lines wanted(args.argv + 2, args.argv + args.argc);
  statistics counts;
  int number = 0;
  for (const auto& c : read_cases(args.argv[1])) {
    const auto* expected = rows_of(c);
    if (expected == nullptr) continue;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), c.name) == wanted.end())
      continue;
    ++number;
    try {
      run_case(c, expected->text, number % 4 < 2 ? 1 : 3, number % 4 < 2 ? 3 : 2, number % 2 == 0,
               counts);
    } catch (const not_for_this_test&) {
      continue;
    } catch (const std::exception& e) {
      BOOST_ERROR(c.file << ":" << c.line << " " << c.name << ": " << e.what());
    }
  }
  BOOST_TEST_MESSAGE(counts.interrupted << " of " << counts.run << " jobs were interrupted");
  BOOST_TEST(counts.interrupted * 2 > counts.run);
}

} // namespace sluice::testing
