/// The nodes of an evaluator. Not for users.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/expr/expression.hpp"

#include <memory>

namespace sluice::table::detail {

/// One node of an expression with the memory it works in.
class expression_node {
public:
  explicit expression_node(data_type type) : type_(std::move(type)) {}
  virtual ~expression_node() = default;

  /// A column as long as `in`, defined in `rows` only.
  virtual column_ptr run(const columnar_batch& in, const selection& rows) = 0;

  const data_type& type() const noexcept { return type_; }

protected:
  /// A flat column of `size` rows to fill: the last result if nobody holds it any more.
  std::shared_ptr<column> scratch(std::size_t size);

private:
  data_type type_;
  std::shared_ptr<column> held_;
};

std::unique_ptr<expression_node> make_node(const expression_ptr& tree,
                                           const expression_context& context);

} // namespace sluice::table::detail
