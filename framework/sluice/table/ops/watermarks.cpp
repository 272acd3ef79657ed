#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/ops/operators.hpp"

#include <memory>

namespace sluice::table {

namespace {

/// The watermark is the greatest that any row stood for; rows whose expression is NULL say nothing.
class row_watermarks final : public ops::watermark_assigner {
public:
  row_watermarks(const expression_ptr& value, const operator_settings& settings)
    : value_(value, context_) {
    context_.zone = settings.zone;
    context_.now_micros = settings.query_start;
  }

  void process(batch& b, ops::assigned_output& out) override {
    auto& in = as_columnar(b);
    if (in.empty()) return;
    auto watermarks = value_.evaluate(in);
    auto greatest = greatest_;
    for (std::size_t i = 0; i < in.size(); ++i)
      if (!watermarks->is_null(i))
        greatest = std::max(greatest, watermarks->value<std::int64_t>(i));
    watermarks.reset();
    out.push(b);
    if (greatest <= greatest_) return;
    greatest_ = greatest;
    out.watermark(greatest, false);
  }

private:
  expression_context context_;
  evaluator value_;
  timestamp greatest_ = min_timestamp;
};

} // namespace

ops::watermark_settings make_watermarks(expression_ptr value, std::optional<duration> idleness,
                                        operator_settings settings) {
  auto make = [value = std::move(value), settings = std::move(settings)] {
    return std::make_unique<row_watermarks>(value, settings);
  };
  return {std::move(make), idleness};
}

} // namespace sluice::table
