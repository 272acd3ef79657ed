#include "sluice/table/ops/group_engine.hpp"
#include "sluice/table/ops/operators.hpp"

#include <utility>

namespace sluice::table {

namespace {

class group_aggregate final : public stream_operator {
public:
  group_aggregate(group_aggregate_spec spec, const operator_settings& settings)
    : spec_(std::move(spec)), state_ttl_(settings.state_ttl.count()) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    bool batch = context.mode() == execution_mode::batch;
    detail::group_surroundings with{spec_, batch ? 0 : state_ttl_, context, states_, ports_[0]};
    if (batch)
      engine_ = detail::make_final_groups(with);
    else if (spec_.batching.rows > 0)
      engine_ = detail::make_mini_batch_groups(with);
    else
      engine_ = detail::make_changing_groups(with);
  }

  void restored() override { engine_->restored(); }

  void process(batch& b, std::uint32_t input) override {
    if (!b.empty()) engine_->process(as_columnar(b), input);
  }

  void on_watermark(timestamp w, bool exact) override {
    engine_->flush();
    forward_watermark(w, exact);
  }

  void on_processing_time(timestamp now) override { engine_->on_processing_time(now); }
  void finish() override { engine_->finish(); }
  void finish_keys() override { engine_->finish_keys(); }
  void forget_keys() override { states_.clear(); }

private:
  group_aggregate_spec spec_;
  std::int64_t state_ttl_;
  std::unique_ptr<detail::group_engine> engine_;
};

} // namespace

operator_factory make_group_aggregate(group_aggregate_spec spec, operator_settings settings) {
  return [spec = std::move(spec), settings = std::move(settings)] {
    return std::make_unique<group_aggregate>(spec, settings);
  };
}

operator_factory make_global_aggregate(group_aggregate_spec spec, operator_settings settings) {
  // The same operator: it takes partial results at its second input.
  return make_group_aggregate(std::move(spec), std::move(settings));
}

std::vector<data_type> partial_types(const group_aggregate_spec& spec, execution_mode mode) {
  std::vector<data_type> types;
  for (auto k : spec.keys) types.push_back(spec.input.at(k));
  detail::group_calls calls(spec.calls, 0);
  for (auto& t : detail::types_of_states(calls, detail::form_of(calls, mode))) types.push_back(t);
  return types;
}

} // namespace sluice::table
