#include "sluice/table/column/key.hpp"
#include "sluice/table/ops/join_algorithm.hpp"

#include <algorithm>

namespace sluice::table {

join_plan::join_plan(const join_spec& spec)
  : type(spec.type), condition(spec.condition), null_aware(spec.null_aware),
    emits_update_before(spec.emits_update_before), build_left(spec.build_left) {
  if (null_aware && ((type != join_type::anti && type != join_type::mark) || spec.keys.empty()))
    throw plan_error("a join that is aware of NULLs is an anti or mark join with a key");
  auto& left = sides[0];
  auto& right = sides[1];
  left.types = spec.left;
  right.types = spec.right;
  right.first_column = spec.left.size();
  for (const auto& key : spec.keys) {
    if (null_aware && &key == &spec.keys.front()) {
      compared[0] = key.left;
      compared[1] = key.right;
      continue;
    }
    left.keys.push_back(key.left);
    right.keys.push_back(key.right);
    null_safe.push_back(key.null_safe);
  }
  left.unique = spec.left_key;
  right.unique = spec.right_key;
  left.retracts = spec.left_retracts;
  right.retracts = spec.right_retracts;
  left.outer = type == join_type::left || type == join_type::full;
  right.outer = type == join_type::right || type == join_type::full;
}

std::vector<data_type> join_plan::key_types() const {
  std::vector<data_type> types;
  for (auto key : sides[0].keys) types.push_back(sides[0].types.at(key).as_nullable());
  return types;
}

bool rows_with_keys(const columnar_batch& in, const join_plan& plan, std::size_t side,
                    std::vector<std::uint8_t>& out) {
  out.assign(in.size(), 1);
  bool all = true;
  const auto& keys = plan.sides[side].keys;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const auto& c = in.at(keys[k]);
    if (plan.null_safe[k] || !c.may_have_nulls()) continue;
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (!c.is_null(i)) continue;
      out[i] = 0;
      all = false;
    }
  }
  return all;
}

// -- pairs ---------------------------------------------------------------------------------------

pair_filter::pair_filter(const join_plan& plan, const expression_context& context) : plan_(plan) {
  std::vector<std::size_t> all;
  if (plan.condition) {
    filter_ = std::make_unique<row_filter>(plan.condition, context);
    all = inputs_of(*plan.condition);
  }
  auto split = plan.sides[1].first_column;
  if (plan.null_aware) {
    all.push_back(plan.compared[0]);
    all.push_back(split + plan.compared[1]);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (auto c : all) wanted_[c < split ? 0 : 1].push_back(c < split ? c : c - split);
}

selection pair_filter::select(const std::vector<column_ptr> (&columns)[2], std::size_t count) {
  std::vector<column_ptr> all;
  for (std::size_t side = 0; side < 2; ++side) {
    std::size_t next = 0;
    const auto& types = plan_.sides[side].types;
    for (std::size_t c = 0; c < types.size(); ++c) {
      if (next < wanted_[side].size() && wanted_[side][next] == c)
        all.push_back(columns[side][next++]);
      else
        all.push_back(column::nulls(types[c], count)); // nobody reads it
    }
  }
  pairs_.assign(std::move(all), count);
  auto rows = selection(count);
  if (filter_) rows = filter_->select(pairs_, rows);
  return plan_.null_aware ? compare(rows) : rows;
}

selection pair_filter::compare(selection rows) {
  const auto& a = pairs_.at(plan_.compared[0]);
  const auto& b = pairs_.at(plan_.sides[1].first_column + plan_.compared[1]);
  compared_.clear();
  rows.for_each([&](std::size_t i) {
    if (a.is_null(i) || b.is_null(i) || rows_equal(a, i, b, i))
      compared_.push_back(static_cast<std::uint32_t>(i));
  });
  return selection(compared_);
}

// -- the operator --------------------------------------------------------------------------------

namespace {

class join_operator final : public stream_operator {
public:
  join_operator(std::shared_ptr<const join_plan> plan, operator_settings settings)
    : plan_(std::move(plan)), settings_(std::move(settings)) {
    expressions_.zone = settings_.zone;
    expressions_.now_micros = settings_.query_start;
  }

  void open(operator_context& context) override {
    stream_operator::open(context);
    join_host host{context, states_, ports_[0], expressions_};
    if (context.mode() == execution_mode::batch)
      algorithm_ = make_hash_join(*plan_, host);
    else
      algorithm_ = make_streaming_join(*plan_, host, settings_.state_ttl);
  }

  void restored() override { algorithm_->restored(); }

  void process(batch& b, std::uint32_t input) override {
    if (context_->mode() == execution_mode::streaming)
      expressions_.now_micros = context_->processing_clock().now();
    algorithm_->process(as_columnar(b), input);
  }

  void on_watermark(timestamp w, bool exact) override {
    expressions_.watermark = w;
    stream_operator::on_watermark(w, exact);
  }

  void on_processing_time(timestamp now) override { algorithm_->on_processing_time(now); }
  void finish_input(std::uint32_t input) override { algorithm_->finish_input(input); }
  void finish() override { algorithm_->finish(); }
  void finish_keys() override { algorithm_->finish_keys(); }
  void forget_keys() override { algorithm_->forget_keys(); }
  bool may_expand() const noexcept override { return true; }

private:
  std::shared_ptr<const join_plan> plan_;
  operator_settings settings_;
  expression_context expressions_;
  std::unique_ptr<join_algorithm> algorithm_;
};

} // namespace

operator_factory make_join(join_spec spec, operator_settings settings) {
  auto plan = std::make_shared<const join_plan>(spec);
  return [plan, settings = std::move(settings)]() -> std::unique_ptr<stream_operator> {
    return std::make_unique<join_operator>(plan, settings);
  };
}

} // namespace sluice::table
