/// The contract of connectors in SQL: what `'connector' = '...'` names.
///
/// A factory checks a table's options and makes a `table_source` or a `table_sink`: descriptions
/// that the planner asks what they can do, and that at last make an ordinary source or sink of
/// columnar batches for the runtime.
#pragma once

#include "sluice/io/sink.hpp"
#include "sluice/io/source.hpp"
#include "sluice/ops/operator.hpp"
#include "sluice/table/connect/changelog_mode.hpp"
#include "sluice/table/connect/options.hpp"
#include "sluice/table/expr/expression.hpp"
#include "sluice/table/types/data_type.hpp"
#include "sluice/table/types/time_zone.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

/// A metadata column as the table declares it.
struct metadata_column {
  std::string name;        ///< of the column
  std::string key;         ///< of the metadata: the column's name unless FROM said another
  data_type type;          ///< declared; the connector delivers (or takes) exactly this or refuses
  bool is_virtual = false; ///< only read
};

/// A table as CREATE TABLE described it, as far as a connector cares.
struct table_description {
  std::string name; ///< `catalog.database.table`, for errors
  /// The physical columns (no computed, no metadata ones), partition columns among them.
  std::vector<data_type::field> columns;
  std::vector<metadata_column> metadata;
  std::vector<std::string> primary_key;
  std::vector<std::string> partition_keys;
  /// All options but 'connector'.
  std::map<std::string, std::string> options;
  /// The value of 'connector'; empty if the table has none.
  std::string connector = {};
};

/// Settings of the session that a connector needs.
struct connector_context {
  execution_mode mode = execution_mode::streaming; ///< `streaming` or `batch`
  time_zone zone;
};

/// What a scan reads.
struct scan_request {
  /// Physical columns by number, in the order of the output.
  std::vector<std::size_t> columns;
  /// Metadata columns by number; they follow the physical ones in the output.
  std::vector<std::size_t> metadata;
  /// Conditions over the columns of the output that the source takes (`takes_filter`): rows for
  /// which one is not TRUE are left out.
  std::vector<expression_ptr> filters;
};

/// A table that can be read. Immutable; holds no resources.
class table_source {
public:
  virtual ~table_source() = default;

  virtual changelog_mode changelog() const { return changelog_mode::inserts(); }
  virtual boundedness bounded() const = 0;

  /// A source of columnar batches (`columnar_rows()`) with the columns that `request` asks for,
  /// with the declared types. Rows of a changelog have kinds.
  virtual std::shared_ptr<const source_base> make(const scan_request& request) const = 0;

  /// Whether the source leaves out by itself the rows of `request` for which `condition`, over its
  /// columns and deterministic, is not TRUE. Then nobody else does.
  virtual bool takes_filter(const expression& condition, const scan_request& request) const {
    (void)condition;
    (void)request;
    return false;
  }

  /// The parallelism that the options ask for (`scan.parallelism`).
  virtual std::optional<std::uint32_t> parallelism() const { return std::nullopt; }

  /// How many rows there are, if that is easy to tell: for the order of joins.
  virtual std::optional<std::uint64_t> estimated_rows() const { return std::nullopt; }
};

/// A table that can be written. Immutable; holds no resources.
class table_sink {
public:
  virtual ~table_sink() = default;

  /// The changes it wants to be told of out of those that come. UPDATE_BEFORE may come all the
  /// same, where a condition behind an aggregate needs it (HAVING): it takes its row back, and is a
  /// delete unless an UPDATE_AFTER of the same key follows. Errors: `plan_error` if it cannot take
  /// them ("... doesn't support consuming update changes ...").
  virtual changelog_mode accept(const changelog_mode& offered) const = 0;

  /// A sink of columnar batches whose columns are the physical ones, then the metadata columns that
  /// are not virtual.
  virtual std::shared_ptr<const sink_base> make() const = 0;

  /// The parallelism that the options ask for (`sink.parallelism`).
  virtual std::optional<std::uint32_t> parallelism() const { return std::nullopt; }

  /// Physical columns by number: rows that are alike in these go to the same writer (partitions of
  /// a directory). Empty: any writer takes any row; a changelog with a primary key goes by that
  /// key.
  virtual std::vector<std::size_t> distribution() const { return {}; }

  /// INSERT OVERWRITE. Errors: `plan_error` where it cannot.
  virtual std::shared_ptr<const table_sink> overwriting() const {
    throw plan_error("INSERT OVERWRITE is not supported by this connector");
  }
};

/// Makes sources and sinks of one connector. Immutable.
class table_factory {
public:
  virtual ~table_factory() = default;

  /// The value of 'connector', `kafka`.
  virtual std::string identifier() const = 0;
  /// One sentence, for the documents.
  virtual std::string doc() const = 0;

  /// The options it takes in this role, formats' included, given what the table says (a format's
  /// options depend on 'format'). Empty if it has not got the role.
  virtual std::vector<option_definition> source_options(const table_description& table) const {
    (void)table;
    return {};
  }
  virtual std::vector<option_definition> sink_options(const table_description& table) const {
    (void)table;
    return {};
  }

  /// Errors: `plan_error`; of those that have not got the role, one that says so.
  virtual std::shared_ptr<const table_source> make_source(const table_description& table,
                                                          const table_options& options,
                                                          const connector_context& context) const;
  virtual std::shared_ptr<const table_sink> make_sink(const table_description& table,
                                                      const table_options& options,
                                                      const connector_context& context) const;
};

/// The connectors that tables can name.
///
/// Thread safety: const calls from any thread; adding is for one thread before they are used.
class connector_registry {
public:
  /// Errors: `plan_error` if there is one of that name.
  void add(std::shared_ptr<const table_factory> factory);

  /// Checks the options and makes the source (or sink) of a table. Errors: `plan_error` that names
  /// the table and, for an unknown connector, those that there are.
  std::shared_ptr<const table_source> source(const table_description& table,
                                             const connector_context& context) const;
  std::shared_ptr<const table_sink> sink(const table_description& table,
                                         const connector_context& context) const;

  /// All of them by name.
  std::vector<const table_factory*> factories() const;

private:
  const table_factory& factory_of(const table_description& table) const;

  std::map<std::string, std::shared_ptr<const table_factory>, std::less<>> factories_;
};

} // namespace sluice::table
