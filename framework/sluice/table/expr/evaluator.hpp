/// Runs bound expressions over batches, one kernel call per node and batch.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/expr/expression.hpp"

#include <memory>
#include <vector>

namespace sluice::table {

namespace detail {
class expression_node;
}

/// An expression made ready to run. One per operator instance: it owns the columns that it writes
/// and takes them back when nobody else holds them any more.
class evaluator {
public:
  /// `context` must outlive this object.
  evaluator(const expression_ptr& tree, const expression_context& context);
  evaluator(evaluator&&) noexcept;
  evaluator& operator=(evaluator&&) noexcept;
  ~evaluator();

  const data_type& type() const noexcept { return type_; }

  /// The value for each row of `in`; it may be a column of the batch itself, and constant.
  /// Errors: `evaluation_error` with the place in the query.
  column_ptr evaluate(const columnar_batch& in);

  /// Only for `rows`; the others are unspecified and must not be read, strings least of all.
  column_ptr evaluate(const columnar_batch& in, const selection& rows);

private:
  data_type type_;
  std::unique_ptr<detail::expression_node> root_;
};

/// A condition made ready to choose rows: operands of AND are applied one after the other, each
/// only to the rows that are left.
class row_filter {
public:
  row_filter(const expression_ptr& condition, const expression_context& context);
  row_filter(row_filter&&) noexcept;
  ~row_filter();

  /// The rows (of `rows`) for which the condition is TRUE. Valid until the next call.
  selection select(const columnar_batch& in);
  selection select(const columnar_batch& in, selection rows);

private:
  std::vector<evaluator> conditions_;
  std::vector<std::uint32_t> rows_[2];
};

/// Writes those of `rows` where the BOOLEAN column is TRUE to `out` and returns how many they are;
/// `out` has room for all, and may be the list of `rows`.
std::size_t select_true(const column& condition, const selection& rows, std::uint32_t* out);

/// Computes what does not depend on the input: constant parts become literals, conditions that are
/// known are taken out. What would throw stays, so that it throws only where it is needed.
expression_ptr fold_constants(const expression_ptr& tree, const expression_context& context);

} // namespace sluice::table
