#include "sluice/table/ops/evaluation.hpp"

#include <memory>
#include <optional>

namespace sluice::table {

namespace {

/// Evaluates a condition over the batch, then the columns over the rows that are left.
///
/// Rows keep their places while expressions run; only the results are made dense. Columns that are
/// passed on as they are cost nothing if all rows stay.
class calc final : public stream_operator {
public:
  calc(const calc_spec& spec, const operator_settings& settings) : evaluation_(settings) {
    if (spec.condition) condition_.emplace(spec.condition, evaluation_.context());
    for (const auto& e : spec.columns)
      columns_.push_back({evaluator(e, evaluation_.context()), e->type()});
  }

  void open(operator_context& context) override {
    stream_operator::open(context);
    evaluation_.open(context);
  }

  void on_watermark(timestamp w, bool exact) override {
    evaluation_.set_watermark(w);
    forward_watermark(w, exact);
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    evaluation_.begin_batch();
    auto rows = condition_ ? condition_->select(in) : selection(in.size());
    if (rows.empty()) return;
    if (rows.size() == in.size())
      put_out_all(in);
    else
      put_out(in, rows);
  }

private:
  struct output {
    evaluator value;
    data_type type;
  };

  void put_out_all(columnar_batch& in) {
    std::vector<column_ptr> results;
    results.reserve(columns_.size());
    for (auto& c : columns_) results.push_back(c.value.evaluate(in));
    out_.assign(std::move(results), in.size());
    if (!in.insert_only()) std::copy_n(in.kinds(), in.size(), out_.make_kinds());
    if (in.has_timestamps()) out_.take_timestamps(in);
    ports_[0].push(out_);
  }

  void put_out(columnar_batch& in, const selection& rows) {
    std::vector<column_ptr> results;
    results.reserve(columns_.size());
    for (auto& c : columns_) {
      auto value = c.value.evaluate(in, rows);
      if (value->is_constant())
        results.push_back(column::constant(*value, rows.size()));
      else
        results.push_back(gather(*value, rows.rows(), rows.size()));
    }
    out_.assign(std::move(results), rows.size());
    if (!in.insert_only()) {
      auto* kinds = out_.make_kinds();
      for (std::size_t i = 0; i < rows.size(); ++i) kinds[i] = in.kinds()[rows[i]];
    }
    if (in.has_timestamps()) {
      auto* times = out_.make_timestamps();
      for (std::size_t i = 0; i < rows.size(); ++i) times[i] = in.timestamps()[rows[i]];
    }
    ports_[0].push(out_);
  }

  detail::evaluation evaluation_;
  std::optional<row_filter> condition_;
  std::vector<output> columns_;
  columnar_batch out_;
};

} // namespace

operator_factory make_calc(calc_spec spec, operator_settings settings) {
  return [spec = std::move(spec), settings = std::move(settings)] {
    return std::make_unique<calc>(spec, settings);
  };
}

} // namespace sluice::table
