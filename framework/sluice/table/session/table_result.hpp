/// What a statement gives: nothing, rows that are there, or the rows of a running query.
#pragma once

#include "sluice/plan/job_handle.hpp"
#include "sluice/table/session/result_queue.hpp"
#include "sluice/table/session/tableau.hpp"

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::table {

/// The result of `execute_sql` and `table::execute`. Dropping the result of a query that still runs
/// cancels it. Movable; used by one thread.
class table_result {
public:
  /// Done, with nothing to show but "OK".
  table_result() = default;

  /// Rows of text: SHOW, DESCRIBE, EXPLAIN. `bare`: shown without a frame (EXPLAIN).
  static table_result of_rows(std::vector<std::string> names,
                              std::vector<std::vector<std::optional<std::string>>> rows,
                              bool bare = false);
  /// An INSERT.
  static table_result of_job(job_handle job);
  /// A query, whose rows come out of `queue`. `changelog`: rows have kinds worth showing. `most`:
  /// so many rows come at most, so that the job may be cancelled when they are there.
  static table_result of_query(std::vector<relation_column> columns, bool changelog, job_handle job,
                               std::shared_ptr<result_queue> queue, std::size_t max_width,
                               time_zone zone, std::optional<std::uint64_t> most = std::nullopt);

  table_result(table_result&&) noexcept;
  table_result& operator=(table_result&&) noexcept;
  ~table_result();

  /// Whether there are rows to take.
  bool has_rows() const noexcept { return has_rows_; }
  const std::vector<relation_column>& columns() const noexcept { return columns_; }
  /// Whether rows have kinds: a query in streaming mode.
  bool is_changelog() const noexcept { return changelog_; }
  /// The job of a query or an INSERT.
  const std::optional<job_handle>& job() const noexcept { return job_; }
  std::size_t max_column_width() const noexcept { return max_width_; }
  const time_zone& zone() const noexcept { return zone_; }

  /// The next rows; null at the end. Waits for them. Errors: `job_error`, `job_cancelled`.
  std::unique_ptr<columnar_batch> next();
  /// The same, waiting at most until `deadline`; then null, and `ended()` tells which it is.
  std::unique_ptr<columnar_batch> next_until(std::chrono::steady_clock::time_point deadline);
  bool ended() const noexcept { return ended_; }

  /// All rows that are left, as the print connector shows rows: `+I[a, 1]`.
  std::vector<std::string> collect_text();

  /// Prints as Flink's client does, rows as they come in streaming mode; waits for the end.
  /// Of an INSERT: waits for its end. `stop` is asked now and then whether to give up.
  void print(std::ostream& out, const std::function<bool()>& stop = {});
  void print();

  /// Waits for the end of the job, if there is one. Errors: `job_error`, `job_cancelled`.
  void wait();

private:
  void count(const columnar_batch& rows);

  using stop_function = std::function<bool()>;
  std::unique_ptr<columnar_batch> next_unless(const stop_function& stop);
  void print_changes(std::ostream& out, const stop_function& stop);
  void print_set(std::ostream& out, const stop_function& stop);

  bool has_rows_ = false;
  bool changelog_ = false;
  bool bare_ = false;
  bool ended_ = true;
  std::vector<relation_column> columns_;
  std::optional<job_handle> job_;
  std::shared_ptr<result_queue> queue_;
  std::unique_ptr<columnar_batch> rows_; ///< those that are there
  std::optional<std::uint64_t> most_;    ///< rows that are still to come, at most
  bool cancelled_ = false;               ///< the job, as no more rows come
  std::size_t max_width_ = 30;
  time_zone zone_;
};

} // namespace sluice::table
