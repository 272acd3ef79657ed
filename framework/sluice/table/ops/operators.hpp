/// The operators of tables: what each is told, and the factories that make them for a plan.
///
/// All take and give columnar batches. Numbers of columns are of the input. An operator decides by
/// `operator_context::mode()` whether it gives final results only (batch) or a changelog as input
/// comes (streaming). Errors of all at run time: `evaluation_error` and `error` with the place.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/ops/watermarks.hpp"
#include "sluice/plan/config.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/expr/expression.hpp"
#include "sluice/table/function/aggregate.hpp"
#include "sluice/table/plan/relation.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::table {

/// What a session says to all operators of a query.
struct operator_settings {
  time_zone zone;
  /// What "now" is in batch mode: UTC microseconds, when the query was planned.
  std::int64_t query_start = 0;
  /// How long state of a key that is not touched is kept; 0: for ever.
  duration state_ttl{0};
  /// Bytes of rows that an operator sorts in memory; more goes to disk.
  std::size_t memory_limit = default_batch_memory_limit;
  /// Where files of that are; empty: the system's place.
  std::string temp_directory;
};

/// Filter and projection in one pass. Rows keep their kinds.
struct calc_spec {
  std::vector<data_type> input;
  expression_ptr condition; ///< or null
  std::vector<expression_ptr> columns;
};
operator_factory make_calc(calc_spec spec, operator_settings settings);

/// An aggregate, ready to run.
struct aggregate_spec {
  std::shared_ptr<const aggregate_function> function;
  std::vector<std::size_t> arguments;
  std::optional<std::size_t> filter;
  bool distinct = false;
};

/// Collapses updates: an operator collects input up to so many rows or so long, and then puts out
/// one change per key. 0 rows: off.
struct mini_batch {
  std::size_t rows = 0;
  duration latency{0};
};

/// GROUP BY. Keyed by `keys` unless there are none (then of parallelism 1).
/// Output: keys, then results.
struct group_aggregate_spec {
  std::vector<data_type> input;
  std::vector<std::size_t> keys;
  std::vector<aggregate_spec> calls;
  /// Rows may be taken back; the functions can retract then.
  bool input_retracts = false;
  /// Streaming: somebody needs `update_before` rows.
  bool emits_update_before = true;
  mini_batch batching;
};
operator_factory make_group_aggregate(group_aggregate_spec spec, operator_settings settings);

/// The first of two phases: aggregates what comes in one subtask before it is sent to the subtask
/// of its key. Holds nothing across a barrier or a watermark; gives up aggregating while keys
/// hardly repeat. Port 0: rows as they came (of types `input`). Port 1: partial results: keys, then
/// columns that only the second phase understands. No DISTINCT among the calls.
operator_factory make_local_aggregate(group_aggregate_spec spec, operator_settings settings);
/// The second: input 0 takes rows as they came, input 1 partial results. Output as
/// `make_group_aggregate`.
operator_factory make_global_aggregate(group_aggregate_spec spec, operator_settings settings);
/// The columns of partial results in this mode.
std::vector<data_type> partial_types(const group_aggregate_spec& spec, execution_mode mode);

/// GROUP BY windows. Fires a window when the watermark (or the clock) passes its end; insert-only.
struct window_aggregate_spec {
  std::vector<data_type> input;
  window_spec window;
  std::vector<std::size_t> keys;
  std::vector<aggregate_spec> calls;
  std::vector<std::uint8_t> properties; ///< see `window_aggregate_node`
  bool input_retracts = false;
};
operator_factory make_window_aggregate(window_aggregate_spec spec, operator_settings settings);

/// TUMBLE, HOP, CUMULATE: adds window_start, window_end, window_time.
operator_factory make_window_table(std::vector<data_type> input, window_spec window,
                                   operator_settings settings);

/// SESSION: puts rows out when their session is over, with window_start, window_end, window_time.
/// Keyed by `partition`; of inserts only.
operator_factory make_session_table(std::vector<data_type> input, window_spec window,
                                    std::vector<std::size_t> partition, operator_settings settings);

/// Joins; input 0 is the left side. Keyed by the keys (of a null-aware join: by those behind the
/// first); without such keys of parallelism 1.
///
/// Batch mode: the build side is held until its input has ended, the other side until then.
struct join_spec {
  join_type type = join_type::inner;
  std::vector<data_type> left;
  std::vector<data_type> right;
  std::vector<join_key> keys;
  expression_ptr condition; ///< over left columns followed by right ones; or null
  bool null_aware = false;
  bool left_retracts = false;
  bool right_retracts = false;
  bool emits_update_before = true;
  /// Columns by which rows of a side are unique (a primary key, the keys of a GROUP BY); empty:
  /// rows may repeat.
  std::vector<std::size_t> left_key;
  std::vector<std::size_t> right_key;
  /// Batch mode: the side of which the hash table is built. Of a null-aware join always the right.
  bool build_left = false;
};
operator_factory make_join(join_spec spec, operator_settings settings);

/// Top-N and deduplication. Keyed by `partition`. RANK and DENSE_RANK in batch mode only (refused
/// by `open` with a `plan_error`). Of rows that tie, the one that came first is first; but in "the
/// last row" (one row, by a time, descending) the one that came last.
///
/// Streaming, without the rank in the output: a row that takes the place of another comes as -D and
/// +I; with one row per partition, or as a new version of it by `unique_key`, as -U and +U.
struct rank_spec {
  std::vector<data_type> input;
  rank_node rank;
  /// Rows come that take back or update earlier ones. If not, only rows in the range are kept.
  bool input_retracts = false;
  bool emits_update_before = true;
  /// Columns by which input rows are unique (so that `update_after` alone updates), or empty.
  std::vector<std::size_t> unique_key;
};
operator_factory make_rank(rank_spec spec, operator_settings settings);

/// ORDER BY with OFFSET and LIMIT of a bounded input, in one subtask. With `local`, the first of
/// two phases: keeps only rows that may be among the first, or, without a limit, passes them on.
/// Rows past the memory limit go to disk as sorted runs. Of inserts only.
operator_factory make_sort(std::vector<data_type> input, sort_node sort, bool local,
                           operator_settings settings);

/// ORDER BY event time, ascending (the first key, and others), of a stream of inserts, in one
/// subtask: rows go in order when the watermark passes their time. Rows whose time is not after
/// that of the last one that went come too late and are counted.
operator_factory make_temporal_sort(std::vector<data_type> input, std::vector<sort_key> keys);

/// Each row as often as its last column, a BIGINT, says; without that column.
operator_factory make_replicate_rows();

/// OFFSET and LIMIT without an order, of insert-only rows, in one subtask.
operator_factory make_limit(std::vector<data_type> input, std::uint64_t offset,
                            std::optional<std::uint64_t> limit);

/// Turns upserts by key into a full changelog. Keyed by `keys`.
operator_factory make_changelog_normalize(std::vector<data_type> input,
                                          std::vector<std::size_t> keys, bool emits_update_before,
                                          operator_settings settings);

/// In front of a sink with a primary key that is not the key by which the changelog is ordered:
/// keeps all rows per primary key, so that the last one that is valid wins. Keyed by `keys`.
operator_factory make_upsert_materialize(std::vector<data_type> input,
                                         std::vector<std::size_t> keys, operator_settings settings);

/// Leaves out the rows of these kinds.
operator_factory make_drop_changes(bool update_before, bool deletes);

/// Checks that NOT NULL columns of a sink hold no NULL (`table.exec.sink.not-null-enforcer`), or
/// drops such rows, counted, if `drop`.
operator_factory make_not_null_enforcer(std::vector<relation_column> columns, bool drop);

/// Whether values of a type may have a wrong length: CHAR(n), VARCHAR(n), BINARY(n), VARBINARY(n),
/// but not STRING and BYTES.
bool has_length(const data_type& type) noexcept;

/// Cuts and fills up the texts and bytes of a sink's columns to their declared lengths, if
/// `trim_pad`, or fails when one does not have it (`table.exec.sink.type-length-enforcer`). Fields
/// within rows, arrays and maps are not looked at.
operator_factory make_length_enforcer(std::vector<relation_column> columns, bool trim_pad);

/// Watermarks: `value`, over the rows, is the watermark each stands for; `time` their event time.
ops::watermark_settings make_watermarks(expression_ptr value, std::optional<duration> idleness,
                                        operator_settings settings);

/// A bounded source of given rows: columns, and kinds if not all are inserts.
std::shared_ptr<const source_base> make_values_source(std::vector<data_type> types,
                                                      std::vector<std::vector<scalar>> rows);

} // namespace sluice::table
