#include "sluice/table/ops/partial_groups.hpp"

#include "sluice/core/errors.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::table::detail {

namespace {

/// What the memory of states is cut into: they are aligned to as much.
using piece = int128;

} // namespace

std::vector<data_type> types_of_states(const group_calls& calls, partial_form form) {
  if (form == partial_form::encoded) return {data_type::bytes().not_null()};
  return {(calls.size() - calls.header()) / sizeof(piece), data_type::decimal(38, 0).not_null()};
}

void partial_groups::read(const columnar_batch& in, std::size_t states) {
  clear();
  memory_.reserve(in.size() * calls_->size(), 0);
  rows_.resize(in.size());
  if (form_ == partial_form::memory) return read_memory(in, states);
  const auto& bytes = in.at(states);
  for (; count_ < in.size(); ++count_) {
    byte_reader reader(bytes.text(count_));
    rows_[count_] = reader.raw<std::int64_t>();
    calls_->decode(reader, memory_.data() + count_ * calls_->size());
  }
}

void partial_groups::read_memory(const columnar_batch& in, std::size_t states) {
  const auto header = calls_->header();
  const auto size = calls_->size();
  if (in.num_columns() != states + (size - header) / sizeof(piece))
    throw format_error("a partial result has another size than its calls");
  for (auto c = states; c < in.num_columns(); ++c) {
    auto* to = memory_.data() + header + (c - states) * sizeof(piece);
    const auto& from = in.at(c);
    for (std::size_t i = 0; i < in.size(); ++i)
      std::memcpy(to + i * size, &from.value<piece>(i), sizeof(piece));
  }
  std::fill_n(rows_.begin(), in.size(), 1);
  count_ = in.size();
}

void partial_groups::append(const group_calls& calls, partial_form form,
                            std::span<const std::byte* const> values,
                            std::span<const std::int64_t> rows,
                            std::span<const std::shared_ptr<column>> to) {
  if (form == partial_form::encoded) {
    byte_writer bytes;
    for (std::size_t i = 0; i < values.size(); ++i) {
      bytes.buffer().clear();
      bytes.raw(rows[i]);
      calls.encode(values[i], bytes);
      to[0]->append_text(bytes.view());
    }
    return;
  }
  for (std::size_t c = 0; c < to.size(); ++c) {
    const auto offset = calls.header() + c * sizeof(piece);
    for (const auto* value : values) {
      piece states;
      std::memcpy(&states, value + offset, sizeof states);
      to[c]->append(states);
    }
  }
}

void partial_groups::clear() noexcept {
  if (form_ == partial_form::memory) count_ = 0; // nothing to destroy
  for (; count_ > 0; --count_) calls_->destroy(memory_.data() + (count_ - 1) * calls_->size());
}

void partial_groups::merge_into(std::byte* const* values, const selection& rows) {
  from_.clear();
  rows.for_each([&](std::size_t i) { from_.push_back(memory_.data() + i * calls_->size()); });
  calls_->merge(values, from_.data(), from_.size());
}

} // namespace sluice::table::detail
