#include "sluice/table/ops/group_rows.hpp"

#include <algorithm>

namespace sluice::table::detail {

group_rows::group_rows(const group_aggregate_spec& spec, std::shared_ptr<const row_value> value,
                       std::size_t header, std::int64_t ttl, operator_context& context,
                       state_registry& states)
  : keys_(spec.keys), calls_(spec.calls, header),
    partials_(calls_, form_of(calls_, context.mode())) {
  std::vector<data_type> types;
  for (auto k : keys_) {
    first_.push_back(first_.size());
    types.push_back(spec.input.at(k));
  }
  table_.emplace(types, std::move(value), context.key_groups(), context.max_parallelism());
  states.add("groups", &*table_);
  for (std::size_t c = 0; c < spec.calls.size(); ++c) {
    const auto& call = spec.calls[c];
    if (!call.distinct) continue;
    auto at = std::find_if(distinct_.begin(), distinct_.end(),
                           [&](const auto& d) { return d->arguments() == call.arguments; });
    if (at == distinct_.end())
      at = distinct_.insert(
        at, std::make_unique<distinct_values>(spec.input, keys_, call.arguments, ttl, context));
    (*at)->add(c, call.filter);
  }
  for (std::size_t d = 0; d < distinct_.size(); ++d)
    states.add("distinct " + std::to_string(d), &distinct_[d]->open());
}

void group_rows::begin(const columnar_batch& in, std::uint32_t input) {
  in_ = &in;
  is_partial_ = input == 1;
  if (is_partial_)
    partials_.read(in, first_.size());
  else
    calls_.begin(in);
}

void group_rows::find_groups(timestamp now) {
  key_columns_.clear();
  for (auto k : keys()) key_columns_.push_back(&in_->at(k));
  values_.resize(std::max(values_.size(), in_->size()));
  const auto* hashes = table_->hashes(*in_, keys());
  table_->find_or_insert(key_columns_, hashes, selection(in_->size()), values_.data(), nullptr);
  if (is_partial_) return;
  for (auto& d : distinct_) d->look_at(*in_, hashes, calls_, now);
}

void group_rows::apply_to_one(std::byte* value) {
  if (!is_partial_) return calls_.apply_to_one(value, selection(in_->size()));
  std::fill_n(values_.begin(), in_->size(), value);
  partials_.merge_into(values_.data(), selection(in_->size()));
}

void group_rows::expire_distinct(timestamp before) {
  for (auto& d : distinct_) d->expire(before);
}

} // namespace sluice::table::detail
