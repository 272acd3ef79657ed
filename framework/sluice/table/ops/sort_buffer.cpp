#include "sluice/table/ops/sort_buffer.hpp"

#include <algorithm>

namespace sluice::table {

namespace {

/// Rows that a bounded buffer holds before it looks for those that it may throw away.
constexpr std::size_t least_held = 4 * default_batch_rows;

} // namespace

sort_buffer::sort_buffer(std::vector<data_type> types, std::vector<sort_key> keys,
                         std::optional<std::uint64_t> bound)
  : types_(std::move(types)), codec_(std::move(keys)), bound_(bound), rows_(types_) {}

std::size_t sort_buffer::bytes() const noexcept {
  return rows_.bytes() + key_bytes_.size()
         + entries_.size() * (sizeof(entry) + sizeof(std::size_t));
}

bool sort_buffer::before(const entry& a, const entry& b) const noexcept {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  auto order = compare_keys(key_of(a), key_of(b));
  return order != 0 ? order < 0 : a.row < b.row;
}

void sort_buffer::add(const columnar_batch& in) {
  if (in.empty() || bound_ == 0u) return;
  codec_.encode(in, selection(in.size()), keys_);
  chosen_.clear();
  for (std::uint32_t i = 0; i < in.size(); ++i)
    if (!worst_ || compare_keys(keys_[i], {worst_->data(), worst_->size()}) < 0)
      chosen_.push_back(i);
  auto first = static_cast<std::uint32_t>(rows_.size());
  rows_.append_rows(in, selection(chosen_));
  for (std::size_t k = 0; k < chosen_.size(); ++k) {
    auto key = keys_[chosen_[k]];
    key_offsets_.push_back(key_bytes_.size());
    key_bytes_.insert(key_bytes_.end(), key.begin(), key.end());
    entries_.push_back({key_prefix(key), first + static_cast<std::uint32_t>(k),
                        static_cast<std::uint32_t>(key.size())});
  }
  if (bound_ && entries_.size() > least_held && entries_.size() / 2 > *bound_) throw_away();
}

/// Keeps the first rows as if there had been no others.
void sort_buffer::throw_away() {
  auto kept = static_cast<std::ptrdiff_t>(*bound_);
  auto less = [this](const entry& a, const entry& b) { return before(a, b); };
  std::nth_element(entries_.begin(), entries_.begin() + kept - 1, entries_.end(), less);
  auto worst = key_of(entries_[static_cast<std::size_t>(kept) - 1]);
  worst_.emplace(worst.begin(), worst.end());
  entries_.resize(static_cast<std::size_t>(kept));
  std::sort(entries_.begin(), entries_.end(),
            [](const entry& a, const entry& b) { return a.row < b.row; });
  chosen_.clear();
  std::vector<char> keys;
  std::vector<std::size_t> offsets;
  for (auto& e : entries_) {
    auto key = key_of(e);
    offsets.push_back(keys.size());
    keys.insert(keys.end(), key.begin(), key.end());
    chosen_.push_back(e.row);
  }
  for (std::size_t k = 0; k < entries_.size(); ++k) entries_[k].row = static_cast<std::uint32_t>(k);
  key_bytes_ = std::move(keys);
  key_offsets_ = std::move(offsets);
  columnar_batch rows(types_);
  rows.append_rows(rows_, selection(chosen_)); // copies, so that the others' strings go
  rows_.swap_contents(rows);
}

void sort_buffer::sort() {
  auto less = [this](const entry& a, const entry& b) { return before(a, b); };
  if (bound_ && *bound_ < entries_.size()) {
    auto kept = static_cast<std::ptrdiff_t>(*bound_);
    std::partial_sort(entries_.begin(), entries_.begin() + kept, entries_.end(), less);
    entries_.resize(static_cast<std::size_t>(kept));
  } else {
    std::sort(entries_.begin(), entries_.end(), less);
  }
}

void sort_buffer::clear() {
  columnar_batch rows(types_);
  rows_.swap_contents(rows);
  key_bytes_.clear();
  key_offsets_.clear();
  entries_.clear();
}

} // namespace sluice::table
