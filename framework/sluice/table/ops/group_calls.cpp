#include "sluice/table/ops/group_calls.hpp"

#include <algorithm>

namespace sluice::table::detail {

group_calls::group_calls(std::vector<aggregate_spec> calls, std::size_t header)
  : calls_(std::move(calls)), header_((header + 15) / 16 * 16), size_(header_),
    arguments_(calls_.size()), signs_(calls_.size()) {
  for (const auto& c : calls_) {
    offsets_.push_back(size_);
    size_ += (c.function->state_size() + 15) / 16 * 16;
    trivial_ = trivial_ && c.function->trivial();
  }
}

std::vector<data_type> group_calls::results() const {
  std::vector<data_type> types;
  for (const auto& c : calls_) types.push_back(c.function->result());
  return types;
}

// -- states ---------------------------------------------------------------------------------------

void group_calls::create(std::byte* value) const {
  for (std::size_t c = 0; c < calls_.size(); ++c) calls_[c].function->create(value + offsets_[c]);
}

void group_calls::destroy(std::byte* value) const noexcept {
  if (trivial_) return;
  for (std::size_t c = 0; c < calls_.size(); ++c) calls_[c].function->destroy(value + offsets_[c]);
}

void group_calls::encode(const std::byte* value, byte_writer& out) const {
  for (std::size_t c = 0; c < calls_.size(); ++c)
    calls_[c].function->encode(value + offsets_[c], out);
}

void group_calls::decode(byte_reader& in, std::byte* value) const {
  std::size_t made = 0;
  try {
    for (; made < calls_.size(); ++made) calls_[made].function->decode(in, value + offsets_[made]);
  } catch (...) {
    while (made-- > 0) calls_[made].function->destroy(value + offsets_[made]);
    throw;
  }
}

std::string group_calls::schema() const {
  std::string text = "aggregates (";
  for (const auto& c : calls_) {
    if (text.back() != '(') text += ", ";
    for (const auto& a : c.function->arguments()) text += a.as_nullable().to_string() + ' ';
    text += "-> " + c.function->result().as_nullable().to_string();
    text += " in " + std::to_string(c.function->state_size());
    if (c.distinct) text += " distinct";
  }
  return text + ")";
}

std::size_t encoded_size(const group_calls& calls, const std::byte* value) noexcept {
  if (calls.trivial()) return 0;
  byte_writer out;
  calls.encode(value, out);
  return out.size();
}

std::size_t states_value::owned_bytes(const std::byte* value) const noexcept {
  return encoded_size(calls_, value);
}

// -- a batch at a time ----------------------------------------------------------------------------

void group_calls::begin(const columnar_batch& in) {
  in_ = &in;
  for (std::size_t c = 0; c < calls_.size(); ++c) {
    arguments_[c].clear();
    for (auto a : calls_[c].arguments) arguments_[c].push_back(&in.at(a));
    if (!signed_rows(c)) continue;
    auto& signs = signs_[c];
    signs.resize(std::max(signs.size(), in.size()));
    const auto* filter = calls_[c].filter ? &in.at(*calls_[c].filter) : nullptr;
    for (std::size_t i = 0; i < in.size(); ++i) {
      std::int8_t sign = takes_back(in.kind(i)) ? -1 : 1;
      signs[i] = !filter || is_true(*filter, i) ? sign : std::int8_t{0};
    }
  }
}

void group_calls::split_by_kind(std::byte* const* values, const selection& rows) {
  adds_.clear();
  retracts_.clear();
  for (std::size_t k = 0; k < rows.size(); ++k)
    (takes_back(in_->kind(rows[k])) ? retracts_ : adds_).add(values[k], rows[k]);
}

/// Rows are added before others are taken back, so that what a function keeps never has to go below
/// nothing; it comes to the same.
void group_calls::apply_lists(std::size_t c) {
  const auto& f = *calls_[c].function;
  if (!adds_.rows.empty())
    f.update(adds_.values.data(), offsets_[c], arguments_[c], selection(adds_.rows));
  if (!retracts_.rows.empty())
    f.retract(retracts_.values.data(), offsets_[c], arguments_[c], selection(retracts_.rows));
}

void group_calls::apply(std::byte* const* values, const selection& rows) {
  const bool insert_only = in_->insert_only();
  bool split = false;
  for (std::size_t c = 0; c < calls_.size(); ++c) {
    if (signed_rows(c)) continue;
    if (insert_only) {
      calls_[c].function->update(values, offsets_[c], arguments_[c], rows);
      continue;
    }
    if (!split) split_by_kind(values, rows);
    split = true;
    apply_lists(c);
  }
  for (std::size_t c = 0; c < calls_.size(); ++c) {
    if (!signed_rows(c)) continue;
    adds_.clear();
    retracts_.clear();
    const auto* signs = signs_[c].data();
    for (std::size_t k = 0; k < rows.size(); ++k) {
      auto sign = signs[rows[k]];
      if (sign != 0) (sign < 0 ? retracts_ : adds_).add(values[k], rows[k]);
    }
    apply_lists(c);
  }
}

void group_calls::apply_to_one(std::byte* value, const selection& rows) {
  bool simple = in_->insert_only();
  for (std::size_t c = 0; c < calls_.size(); ++c) simple = simple && !signed_rows(c);
  if (simple) {
    for (std::size_t c = 0; c < calls_.size(); ++c)
      calls_[c].function->update_one(value + offsets_[c], arguments_[c], rows);
    return;
  }
  std::vector<std::byte*> values(rows.size(), value);
  apply(values.data(), rows);
}

void group_calls::merge(std::byte* const* into, const std::byte* const* from,
                        std::size_t count) const {
  for (std::size_t c = 0; c < calls_.size(); ++c)
    calls_[c].function->merge(into, from, offsets_[c], count);
}

void group_calls::emit(const std::byte* const* values, std::size_t count,
                       std::span<column* const> out) const {
  for (std::size_t c = 0; c < calls_.size(); ++c)
    calls_[c].function->emit(values, offsets_[c], count, *out[c]);
}

} // namespace sluice::table::detail
