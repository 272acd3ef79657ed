#include "sluice/table/ops/stored_output.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::table {

void stored_output::flush() {
  auto n = rows_.size();
  if (n == 0) return;
  std::vector<column_ptr> columns;
  std::vector<column*> targets;
  for (const auto& type : codec_->types()) {
    auto made = std::make_shared<column>(type);
    targets.push_back(made.get());
    columns.push_back(std::move(made));
  }
  codec_->decode(rows_.data(), n, targets);
  if (numbered_) {
    auto numbers = std::make_shared<column>(data_type::bigint().not_null());
    numbers->reset(n);
    std::memcpy(numbers->values<std::int64_t>(), numbers_.data(), n * sizeof(std::int64_t));
    columns.push_back(std::move(numbers));
  }
  batch_.assign(std::move(columns), n);
  if (std::any_of(kinds_.begin(), kinds_.end(), [](auto k) { return k != row_kind::insert; }))
    std::memcpy(batch_.make_kinds(), kinds_.data(), n);
  kinds_.clear();
  rows_.clear();
  numbers_.clear();
  out_.push(batch_);
}

} // namespace sluice::table
