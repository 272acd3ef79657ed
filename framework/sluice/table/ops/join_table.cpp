#include "sluice/table/ops/join_table.hpp"

#include "sluice/core/errors.hpp"

#include <algorithm>
#include <bit>

namespace sluice::table {

namespace {

constexpr std::uint64_t tag_bits = ~std::uint64_t{0} << 32;

/// Keys whose slots are fetched before the first is looked at.
constexpr std::size_t probe_run = 64;

} // namespace

void join_table::clear() {
  heads_ = {};
  next_ = {};
  hashes_ = nullptr;
  chained_ = false;
}

void join_table::build(const std::uint64_t* hashes, std::size_t size, const std::uint8_t* skip) {
  clear();
  hashes_ = hashes;
  if (size >= none) throw error("a join holds more than 4 billion rows in one subtask");
  heads_.assign(std::bit_ceil(std::max<std::size_t>(16, size * 2)), 0);
  next_.assign(size, none);
  constexpr std::size_t ahead = 16;
  // From the last one on, so that chains are in the order of the rows.
  for (auto i = size; i-- > 0;) {
    if (i >= ahead) __builtin_prefetch(&heads_[slot_of(hashes_[i - ahead])], 1);
    if (skip && skip[i] != 0) continue;
    auto& head = heads_[slot_of(hashes_[i])];
    if (head != 0) {
      next_[i] = static_cast<std::uint32_t>(head) - 1;
      chained_ = true;
    }
    head = (hashes_[i] & tag_bits) | (i + 1);
  }
}

void join_table::find(const std::uint64_t* hashes, std::size_t count,
                      std::uint32_t* first) const noexcept {
  if (heads_.empty()) {
    std::fill_n(first, count, none);
    return;
  }
  for (std::size_t begin = 0; begin < count; begin += probe_run) {
    auto end = std::min(count, begin + probe_run);
    for (auto i = begin; i < end; ++i) __builtin_prefetch(&heads_[slot_of(hashes[i])]);
    for (auto i = begin; i < end; ++i) {
      auto head = heads_[slot_of(hashes[i])];
      if (head == 0) {
        first[i] = none;
        continue;
      }
      auto row = static_cast<std::uint32_t>(head) - 1;
      // Equal tags almost always are equal hashes; whoever asks compares the keys anyway.
      first[i] = (head & tag_bits) == (hashes[i] & tag_bits) ? row : next(row, hashes[i]);
    }
  }
}

} // namespace sluice::table
