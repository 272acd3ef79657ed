#include "sluice/table/ops/partial_groups.hpp"

namespace sluice::table::detail {

void partial_groups::read(const columnar_batch& in, std::size_t states) {
  clear();
  memory_.reserve(in.size() * calls_->size(), 0);
  rows_.resize(in.size());
  const auto& bytes = in.at(states);
  for (; count_ < in.size(); ++count_) {
    byte_reader reader(bytes.text(count_));
    rows_[count_] = reader.raw<std::int64_t>();
    calls_->decode(reader, memory_.data() + count_ * calls_->size());
  }
}

void partial_groups::clear() noexcept {
  for (; count_ > 0; --count_) calls_->destroy(memory_.data() + (count_ - 1) * calls_->size());
}

void partial_groups::merge_into(std::byte* const* values, const selection& rows) {
  from_.clear();
  rows.for_each([&](std::size_t i) { from_.push_back(memory_.data() + i * calls_->size()); });
  calls_->merge(values, from_.data(), from_.size());
}

} // namespace sluice::table::detail
