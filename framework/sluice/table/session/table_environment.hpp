/// Where programs with tables start: SQL, the catalog, and tables as values.
#pragma once

#include "sluice/api/environment.hpp"
#include "sluice/core/row.hpp"
#include "sluice/table/bind/binder.hpp"
#include "sluice/table/session/session_config.hpp"
#include "sluice/table/session/table_result.hpp"
#include "sluice/table/sql/statement.hpp"
#include "sluice/table/streams/change.hpp"
#include "sluice/table/streams/stream_schema.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

class table;
class statement_set;

/// A session: catalog, functions, connectors, configuration. Copies mean the same session.
///
/// Lazy: nothing runs before an INSERT, a query's result, or `execute`. Not thread-safe.
class table_environment {
public:
  /// `streams`: the program whose streams tables are made of and become; its settings are those of
  /// the session's jobs unless SET says otherwise.
  explicit table_environment(stream_environment streams = {});

  session_config& config() noexcept;
  catalog_manager& catalogs() noexcept;
  /// Add functions of your own here: `functions().add_function("TWICE", [](std::int64_t x) {..})`.
  function_registry& functions() noexcept;
  connector_registry& connectors() noexcept;
  stream_environment& streams() noexcept;

  /// Runs one statement. Errors: `sql_error` and `binding_error` with the place, `plan_error`, and
  /// what starting a job may throw.
  table_result execute_sql(std::string_view sql);

  /// The same for a parsed statement.
  table_result execute(const sql::statement& statement);

  /// A query as a value. Errors: as above.
  table sql_query(std::string_view sql);
  /// A table or view of the catalog: `t`, `db.t`, `catalog.db.t`.
  table from(std::string_view path);
  /// Inline rows; all of one width. Columns are named f0, f1 ... unless `names` says otherwise.
  table from_values(std::vector<std::vector<scalar>> rows, std::vector<std::string> names = {});

  /// Gives a table a name that SQL can use.
  void create_temporary_view(const std::string& name, const table& t);

  // -- streams ----------------------------------------------------------------------------------
  // Of the program that this environment was made with. Tables that become streams are part of that
  // program: they run in its `execute()`, with its settings, and not SET's.

  /// A stream as a table that only grows. Errors: `plan_error` when the schema does not fit.
  template <class T>
  table from_data_stream(const data_stream<T>& stream, const stream_schema& schema = {});
  /// The same, with a name that SQL can use.
  template <class T>
  void create_temporary_view(const std::string& name, const data_stream<T>& stream,
                             const stream_schema& schema = {});
  /// A stream of changes as the table that they make. Upserts need a primary key in the schema.
  template <class T>
  table from_changelog_stream(const data_stream<change<T>>& stream,
                              const stream_schema& schema = {},
                              changelog_mode changes = changelog_mode::all());
  /// The rows of a table that only grows. Columns are found by the names of `T`'s fields, or by
  /// position if it is a tuple or a single value; a column that is the event time is the timestamp
  /// of the records. Errors: `plan_error` when rows of the table may change, or do not fit.
  template <class T = row>
  data_stream<T> to_data_stream(const table& t);
  /// The changes of a table. Without `update_before`, updates are upserts by a key of the table.
  template <class T = row>
  data_stream<change<T>> to_changelog_stream(const table& t,
                                             changelog_mode accepted = changelog_mode::all());

  /// Collects INSERTs to run as one job.
  statement_set create_statement_set();

  /// The plans of a query, an INSERT or a statement set.
  std::string explain_sql(std::string_view sql, std::vector<sql::explain_detail> details = {});

  struct session;
  const std::shared_ptr<session>& shared() const noexcept { return session_; }

private:
  std::shared_ptr<session> session_;
};

/// What all users of a session share. For the implementation of tables.
struct table_environment::session {
  explicit session(stream_environment env);

  stream_environment streams;
  session_config config;
  catalog_manager catalogs;
  function_registry functions;
  connector_registry connectors;
  std::map<std::string, relation_ptr> views; ///< tables of the program that have a name

  /// The mode of jobs; of `automatic`, that of a plan.
  execution_mode mode_of(const relation_ptr& plan) const;
  bind_context context(execution_mode mode) const;
  /// Binds by `bind(context)`, in the mode that the result then has.
  template <class Bind>
  relation_ptr bound(Bind&& bind) const {
    if (config.mode() != execution_mode::automatic) return bind(context(config.mode()));
    auto plan = bind(context(execution_mode::streaming));
    if (mode_of(plan) == execution_mode::streaming) return plan;
    return bind(context(execution_mode::batch));
  }

  table_result run_query(const relation_ptr& plan);
  /// Runs INSERTs as one job. REQUIRES: at least one.
  table_result run_inserts(const std::vector<relation_ptr>& plans, const std::string& name);
  std::string explain(const std::vector<relation_ptr>& plans,
                      const std::vector<sql::explain_detail>& details) const;

  /// Adds the operators of plans to the program of `streams`: those of INSERTs, or those of one
  /// query, of which it tells where the rows come out. Errors: `plan_error` when the program runs
  /// in another mode than the session, or the changes of the query are not `accepted`.
  lowered add_to_streams(const std::vector<relation_ptr>& plans, const changelog_mode& accepted);
};

/// INSERTs that run as one job. Copies are independent.
class statement_set {
public:
  explicit statement_set(std::shared_ptr<table_environment::session> session)
    : session_(std::move(session)) {}

  /// Adds an INSERT statement. Errors: as `execute_sql`.
  statement_set& add_insert_sql(std::string_view sql);
  /// Adds the rows of `t` into a table of the catalog.
  statement_set& add_insert(const std::string& target, const table& t);

  /// Starts all of them, and forgets them.
  table_result execute();
  /// Adds all of them to the program of the session's streams, to run in its `execute()`, and
  /// forgets them.
  void attach_as_data_stream();
  std::string explain(const std::vector<sql::explain_detail>& details = {}) const;

private:
  std::shared_ptr<table_environment::session> session_;
  std::vector<relation_ptr> plans_;
};

} // namespace sluice::table

#include "sluice/table/session/table.hpp"
