/// What operators that evaluate expressions share.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/ops/operators.hpp"

namespace sluice::table::detail {

/// The context of an operator's expressions, kept up to date. Stays where it is: evaluators refer
/// to it.
class evaluation {
public:
  explicit evaluation(const operator_settings& settings) {
    context_.zone = settings.zone;
    context_.now_micros = settings.query_start;
  }
  evaluation(const evaluation&) = delete;

  void open(operator_context& context) {
    if (context.mode() == execution_mode::streaming) clock_ = &context.processing_clock();
  }

  /// To be called before each batch: what "now" is for its rows.
  void begin_batch() {
    if (clock_ != nullptr) context_.now_micros = clock_->now();
  }
  void set_watermark(timestamp w) noexcept { context_.watermark = w; }

  const expression_context& context() const noexcept { return context_; }

private:
  expression_context context_;
  const clock* clock_ = nullptr;
};

} // namespace sluice::table::detail
