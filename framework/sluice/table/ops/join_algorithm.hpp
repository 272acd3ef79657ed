/// The two ways to join, of which an operator takes one when it is opened.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/ops/operators.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace sluice::table {

/// A side of a join, made ready from its spec.
struct join_side {
  std::vector<data_type> types;
  std::vector<std::size_t> keys;   ///< columns by which rows are spread and looked up
  std::vector<std::size_t> unique; ///< columns by which rows are unique, or empty
  bool retracts = false;
  bool outer = false;           ///< rows without a match are put out with NULLs
  std::size_t first_column = 0; ///< among left columns followed by right ones
};

/// A join, made ready from its spec.
struct join_plan {
  join_type type = join_type::inner;
  join_side sides[2];
  std::vector<bool> null_safe; ///< per key
  expression_ptr condition;
  /// NOT IN: a pair also matches if a compared column is NULL.
  bool null_aware = false;
  std::size_t compared[2] = {0, 0};
  bool emits_update_before = true;
  bool build_left = false;

  /// Errors: `plan_error` for what is not supported together.
  explicit join_plan(const join_spec& spec);

  /// Only rows of the left side are put out.
  bool left_only() const noexcept {
    return type == join_type::semi || type == join_type::anti || marks();
  }
  /// Whether they have a match comes behind them.
  bool marks() const noexcept { return type == join_type::mark; }
  bool has_condition() const noexcept { return condition || null_aware; }
  std::vector<data_type> key_types() const;
};

/// Chooses among pairs of rows those that a join's condition accepts.
class pair_filter {
public:
  pair_filter(const join_plan& plan, const expression_context& context);

  /// Columns of a side, by number, that `select` reads.
  const std::vector<std::size_t>& wanted(std::size_t side) const noexcept { return wanted_[side]; }

  /// The pairs that match, ascending. `columns[side][i]` is column `wanted(side)[i]` of all pairs.
  /// Valid until the next call.
  selection select(const std::vector<column_ptr> (&columns)[2], std::size_t count);

private:
  selection compare(selection rows);

  const join_plan& plan_;
  std::vector<std::size_t> wanted_[2];
  std::unique_ptr<row_filter> filter_;
  columnar_batch pairs_;
  std::vector<std::uint32_t> compared_;
};

/// Writes 1 where a row has a value for each key that needs one. Returns whether all have.
bool rows_with_keys(const columnar_batch& in, const join_plan& plan, std::size_t side,
                    std::vector<std::uint8_t>& out);

class join_algorithm {
public:
  virtual ~join_algorithm() = default;
  virtual void process(columnar_batch& in, std::uint32_t input) = 0;
  virtual void restored() {}
  virtual void finish_input(std::uint32_t) {}
  virtual void finish() {}
  virtual void finish_keys() {}
  virtual void forget_keys() {}
  virtual void on_processing_time(timestamp) {}
};

/// What an operator lends to its algorithm; outlives it.
struct join_host {
  operator_context& context;
  state_registry& states;
  output_port& out;
  const expression_context& expressions;
};

std::unique_ptr<join_algorithm> make_streaming_join(const join_plan& plan, join_host host,
                                                    duration state_ttl);
std::unique_ptr<join_algorithm> make_hash_join(const join_plan& plan, join_host host);

} // namespace sluice::table
