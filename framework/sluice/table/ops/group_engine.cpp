#include "sluice/table/ops/group_engine.hpp"

namespace sluice::table::detail {

namespace {

std::vector<data_type> types_of_keys(const group_aggregate_spec& spec) {
  std::vector<data_type> types;
  for (auto k : spec.keys) types.push_back(spec.input.at(k));
  return types;
}

} // namespace

group_engine::group_engine(group_surroundings s, std::shared_ptr<const row_value> value,
                           std::size_t header)
  : with_(s), groups_(s.spec, std::move(value), header, s.state_ttl, s.context, s.states),
    key_types_(types_of_keys(s.spec)), results_(make_columns(groups_.calls().results())) {}

void group_engine::process(const columnar_batch& in, std::uint32_t input) {
  auto now = with_.state_ttl > 0 ? with_.context.processing_clock().now() : 0;
  groups_.begin(in, input);
  groups_.find_groups(now);
  if (with_.state_ttl > 0) forget_expired(now);
  handle();
  groups_.end();
}

void group_engine::on_processing_time(timestamp now) {
  flush_if_due(now);
  if (now >= expire_at_) expire(now);
}

void group_engine::reset(std::byte* value) {
  groups_.calls().destroy(value);
  groups_.calls().create(value);
  header_of(value).rows = 0;
}

// -- time to live ---------------------------------------------------------------------------------

/// Groups that were not touched for too long begin anew, though they were not swept yet.
void group_engine::forget_expired(timestamp now) {
  auto* const* values = groups_.values();
  for (std::size_t k = 0; k < groups_.size(); ++k) {
    auto& h = header_of(values[k]);
    if (h.rows > 0 && !h.old && now - h.touched > with_.state_ttl) reset(values[k]);
    h.touched = now;
  }
  request_expiry();
}

void group_engine::request_expiry() {
  if (with_.state_ttl == 0 || expire_at_ != max_timestamp || table().size() == 0) return;
  expire_at_ = saturating_add(with_.context.processing_clock().now(), with_.state_ttl + 1);
  with_.context.request_processing_time(expire_at_);
}

void group_engine::expire(timestamp now) {
  auto before = now - with_.state_ttl;
  table().for_each([&](std::byte* v) {
    const auto& h = header_of(v);
    if (h.touched < before && !h.old) table().erase(v);
  });
  groups_.expire_distinct(before);
  expire_at_ = max_timestamp;
  request_expiry();
}

} // namespace sluice::table::detail
