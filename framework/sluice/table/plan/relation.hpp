/// Bound logical plans: trees of relations over numbered, typed columns.
///
/// The binder makes them from SQL and the fluent API makes them as well; rules rewrite them;
/// lowering turns them into operators. Immutable, so trees share their parts; thread-safe.
#pragma once

#include "sluice/table/connect/table_connector.hpp"
#include "sluice/table/expr/expression.hpp"
#include "sluice/table/function/aggregate.hpp"
#include "sluice/table/types/data_type.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::table {

/// Whether a column tells time to the engine.
enum class time_attribute : std::uint8_t {
  none,
  event_time,      ///< watermarks are about it: windows may be made of it
  processing_time, ///< PROCTIME(): read from the clock when it is looked at
};

/// A column of a relation.
struct relation_column {
  std::string name;
  data_type type;
  time_attribute time = time_attribute::none;

  friend bool operator==(const relation_column&, const relation_column&) = default;
};

struct relation;
using relation_ptr = std::shared_ptr<const relation>;

// -- leaves --------------------------------------------------------------------------------------

/// Reads a table of a connector: its physical columns, then its metadata columns.
struct scan_node {
  std::string table; ///< full name
  std::shared_ptr<const table_source> source;
  scan_request request;
  std::vector<std::size_t> primary_key; ///< columns of the output, or empty
  /// The connector and its options, with those of hints: what tells two scans of one table apart
  /// (`share_parts`).
  std::string definition;
};

/// Inline rows, all inserts.
struct values_node {
  std::vector<std::vector<scalar>> rows;
};

/// Columns of a stream of the program: `node`'s output, as the program that is being built knows
/// it.
struct stream_scan_node {
  std::uint32_t node = 0;
  std::uint32_t port = 0;
  changelog_mode changes;
  std::vector<std::size_t> primary_key;
};

// -- rows in, rows out ---------------------------------------------------------------------------

struct filter_node {
  expression_ptr condition;
};

/// Output column i is `expressions[i]` over the input.
struct project_node {
  std::vector<expression_ptr> expressions;
};

/// Makes `column` the event time of the stream; `value`, over the input, is the watermark that a
/// row stands for.
struct watermark_node {
  std::size_t column = 0;
  expression_ptr value;
};

/// An aggregate of the query.
struct aggregate_call {
  std::string name; ///< `SUM`
  /// Made for insert-only input; lowering asks the registry for one that can retract where needed.
  std::shared_ptr<const aggregate_function> function;
  /// Columns of the input, of the types that `function` wants.
  std::vector<std::size_t> arguments;
  /// What the registry was asked with, literals and all (separator of LISTAGG).
  std::vector<call_argument> argument_types;
  std::optional<std::size_t> filter; ///< BOOLEAN column of the input
  bool distinct = false;

  std::string to_string(const std::vector<relation_column>& input) const;
};

/// GROUP BY, and SELECT DISTINCT (no calls). Output: keys, then results. Without keys one row.
struct aggregate_node {
  std::vector<std::size_t> keys;
  std::vector<aggregate_call> calls;
};

enum class window_kind : std::uint8_t { tumble, hop, cumulate, session };

/// Windows over a time column, in microseconds.
struct window_spec {
  window_kind kind = window_kind::tumble;
  std::size_t time_column = 0;
  std::int64_t size = 0;  ///< greatest length for CUMULATE, gap for SESSION
  std::int64_t slide = 0; ///< of HOP; step of CUMULATE; else = size
  std::int64_t offset = 0;
  bool processing_time = false;
  /// The time column is TIMESTAMP_LTZ: windows are cut in local time.
  bool local_time = false;

  friend bool operator==(const window_spec&, const window_spec&) = default;
};

/// TUMBLE, HOP, CUMULATE as table functions: a row for each window of each input row. SESSION: each
/// row once, when its session, of rows with the same `partition` columns, is over. Output: input,
/// window_start, window_end, window_time.
struct window_table_node {
  window_spec window;
  std::vector<std::size_t> partition;
};

/// GROUP BY window_start, window_end and further keys over a `window_table_node`, made of the two
/// by a rule. Its input is the window table's input. Output: keys, results, then those of
/// window_start (0), window_end (1), window_time (2) that are named in `properties`.
struct window_aggregate_node {
  window_spec window;
  std::vector<std::size_t> keys;
  std::vector<aggregate_call> calls;
  std::vector<std::uint8_t> properties;
};

enum class join_type : std::uint8_t {
  inner,
  left,
  right,
  full,
  semi,
  anti,
  mark, ///< all left rows, each with whether it has a match: a subquery's condition as a value
};

/// A key of an equi-join.
struct join_key {
  std::size_t left = 0;
  std::size_t right = 0;  ///< column of the right input; both have the same type
  bool null_safe = false; ///< IS NOT DISTINCT FROM: NULL equals NULL
};

/// Output: left columns, then right ones; of semi and anti joins only the left ones, of mark joins
/// the left ones and a BOOLEAN.
struct join_node {
  join_type type = join_type::inner;
  std::vector<join_key> keys;
  /// Over left columns followed by right ones; or null.
  expression_ptr condition;
  /// An anti join of NOT IN: a NULL among what is compared makes the result unknown, so that the
  /// row does not pass. The first key is the compared one. A mark join then says whether the result
  /// is TRUE or unknown.
  bool null_aware = false;
};

/// UNION ALL of inputs with the same types.
struct union_node {};

struct sort_key {
  std::size_t column = 0;
  bool descending = false;
  bool nulls_first = true; ///< Flink: NULLs are smallest, so first if ascending

  friend bool operator==(const sort_key&, const sort_key&) = default;
};

/// ORDER BY, OFFSET and LIMIT; without keys only the latter two.
struct sort_node {
  std::vector<sort_key> keys;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> limit;
};

enum class rank_function : std::uint8_t { row_number, rank, dense_rank };

/// The rows `first` to `last` (from 1) of each partition by an order. Output: input, and the rank
/// if `output_rank`. Of a range over a window function that a condition bounds, made by a rule.
struct rank_node {
  rank_function function = rank_function::row_number;
  std::vector<std::size_t> partition;
  std::vector<sort_key> order;
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  bool output_rank = false;
};

/// ROW_NUMBER() and the like OVER (PARTITION BY .. ORDER BY ..) without a bound. Output: input,
/// then the number. Becomes a `rank_node` if a condition above bounds it.
struct over_rank_node {
  rank_function function = rank_function::row_number;
  std::vector<std::size_t> partition;
  std::vector<sort_key> order;
};

/// Each row as often as the last column, a BIGINT, says. Output: the columns before it. Of
/// INTERSECT ALL and EXCEPT ALL.
struct replicate_node {};

// -- what a statement does with rows -------------------------------------------------------------

/// INSERT INTO. The input has the columns that the sink takes (physical, then metadata).
struct sink_node {
  std::string table;
  std::shared_ptr<const table_sink> sink;
  /// What the table declares: what is NOT NULL here and nullable in the input is checked.
  std::vector<relation_column> declared;
  std::vector<std::size_t> primary_key;
  std::string connector; ///< what `connector` of the table says
};

/// A relation: what it does, with its inputs and its output columns.
struct relation {
  using variant = std::variant<scan_node, values_node, stream_scan_node, filter_node, project_node,
                               watermark_node, aggregate_node, window_table_node,
                               window_aggregate_node, join_node, union_node, sort_node, rank_node,
                               over_rank_node, replicate_node, sink_node>;

  variant node;
  std::vector<relation_ptr> inputs;
  std::vector<relation_column> columns;
  source_position position; ///< in the query; line 0 where there is none

  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&node);
  }
  const relation& input(std::size_t i = 0) const { return *inputs.at(i); }
  std::vector<data_type> types() const;

  // Each checks what it requires (`broken_invariant`) and finds the output columns: names, types
  // with their nullability, and time attributes.
  static relation_ptr scan(scan_node node, std::vector<relation_column> columns,
                           source_position at = {});
  static relation_ptr values(values_node node, std::vector<relation_column> columns,
                             source_position at = {});
  static relation_ptr stream_scan(stream_scan_node node, std::vector<relation_column> columns);
  static relation_ptr filter(relation_ptr input, expression_ptr condition, source_position at = {});
  /// `names` are those of the output.
  static relation_ptr project(relation_ptr input, std::vector<expression_ptr> expressions,
                              std::vector<std::string> names, source_position at = {});
  static relation_ptr watermark(relation_ptr input, watermark_node node, source_position at = {});
  /// `names` are those of the results; keys keep theirs.
  static relation_ptr aggregate(relation_ptr input, aggregate_node node,
                                std::vector<std::string> names, source_position at = {});
  static relation_ptr window_table(relation_ptr input, window_table_node node,
                                   source_position at = {});
  static relation_ptr window_aggregate(relation_ptr input, window_aggregate_node node,
                                       std::vector<std::string> names, source_position at = {});
  static relation_ptr join(relation_ptr left, relation_ptr right, join_node node,
                           source_position at = {});
  static relation_ptr union_all(std::vector<relation_ptr> inputs, source_position at = {});
  static relation_ptr sort(relation_ptr input, sort_node node, source_position at = {});
  static relation_ptr rank(relation_ptr input, rank_node node, std::string name,
                           source_position at = {});
  static relation_ptr over_rank(relation_ptr input, over_rank_node node, std::string name,
                                source_position at = {});
  static relation_ptr replicate(relation_ptr input, source_position at = {});
  static relation_ptr sink(relation_ptr input, sink_node node, source_position at = {});

  /// The same with other inputs, whose columns have the same types.
  relation_ptr with_inputs(std::vector<relation_ptr> other) const;
};

/// Column `i` of `r` as an expression.
expression_ptr column_of(const relation& r, std::size_t i, source_position at = {});

/// The plan as an indented tree, a line per relation.
std::string to_string(const relation& plan);

/// The same; `annotate` gives what is added to a line, before its closing parenthesis.
std::string to_string(const relation& plan,
                      const std::function<std::string(const relation&)>& annotate);

} // namespace sluice::table
