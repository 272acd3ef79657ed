#include "sluice/table/ops/ranked_rows.hpp"

#include "sluice/table/ops/order_key.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <new>

namespace sluice::table {

namespace {

/// Rows of a block before it is split: moving their pointers costs about as much as finding it.
constexpr std::size_t largest_block = 512;

/// Rows that are looked through one by one for one that begins with certain bytes.
constexpr std::size_t longest_scan = 32;

/// In the index, where a row was.
ranked_row* gone() noexcept {
  static ranked_row mark;
  return &mark;
}

} // namespace

ranked_row* ranked_row::make(std::string_view key, std::string_view row, std::uint32_t hash) {
  auto* memory = std::malloc(sizeof(ranked_row) + key.size() + row.size());
  if (!memory) throw std::bad_alloc();
  auto* made = ::new (memory) ranked_row{static_cast<std::uint32_t>(key.size()),
                                         static_cast<std::uint32_t>(row.size()), hash};
  auto* to = reinterpret_cast<char*>(made + 1);
  std::copy(row.begin(), row.end(), std::copy(key.begin(), key.end(), to)); // either may be empty
  return made;
}

void ranked_row::free(ranked_row* row) noexcept { std::free(row); }

ranked_rows::~ranked_rows() { clear(); }

void ranked_rows::clear() noexcept {
  for_each([](ranked_row* row) { ranked_row::free(row); });
  single_ = nullptr;
  blocks_.clear();
  index_.clear();
  index_used_ = size_ = row_bytes_ = 0;
}

ranked_row* ranked_rows::at(std::size_t place) const noexcept {
  if (place >= size_) return nullptr;
  if (blocks_.empty()) return single_;
  for (const auto& b : blocks_) {
    if (place < b.size()) return b[place];
    place -= b.size();
  }
  return nullptr;
}

ranked_row* ranked_rows::last() const noexcept {
  if (blocks_.empty()) return single_;
  return blocks_.back().back();
}

/// The first row that does not come before what is looked for. REQUIRES: there are blocks.
template <class Before>
ranked_rows::position ranked_rows::search(Before before) const noexcept {
  auto found = std::partition_point(blocks_.begin(), blocks_.end(),
                                    [&](const block& b) { return before(b.back()); });
  if (found == blocks_.end()) return {blocks_.size() - 1, blocks_.back().size()};
  auto slot = std::partition_point(found->begin(), found->end(), before);
  return {static_cast<std::size_t>(found - blocks_.begin()),
          static_cast<std::size_t>(slot - found->begin())};
}

std::size_t ranked_rows::place_of(position at, std::size_t bound) const noexcept {
  std::size_t place = at.slot;
  for (std::size_t b = 0; b < at.number && place < bound; ++b) place += blocks_[b].size();
  return place < bound ? place : beyond;
}

std::size_t ranked_rows::insert(ranked_row* row, bool newest_first, std::size_t bound) {
  row_bytes_ += row->space();
  if (!index_.empty()) index_row(row);
  if (size_++ == 0 && blocks_.empty()) {
    single_ = row;
    return bound > 0 ? 0 : beyond;
  }
  if (blocks_.empty()) {
    blocks_.push_back({single_});
    single_ = nullptr;
  }
  auto key = row->key();
  auto where = search([&](const ranked_row* other) {
    auto order = compare_keys(other->key(), key);
    return newest_first ? order < 0 : order <= 0;
  });
  auto place = place_of(where, bound);
  auto& b = blocks_[where.number];
  b.insert(b.begin() + static_cast<std::ptrdiff_t>(where.slot), row);
  if (b.size() > largest_block) {
    block half(b.begin() + largest_block / 2, b.end());
    b.resize(largest_block / 2);
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(where.number) + 1,
                   std::move(half));
  }
  return place;
}

std::size_t ranked_rows::remove(const ranked_row* row, std::size_t bound) {
  if (!index_.empty()) {
    auto mask = index_.size() - 1;
    auto slot = row->hash & mask;
    while (index_[slot] != row) slot = (slot + 1) & mask;
    index_[slot] = gone();
  }
  --size_;
  row_bytes_ -= row->space();
  if (blocks_.empty()) {
    single_ = nullptr;
    return bound > 0 ? 0 : beyond;
  }
  auto at
    = search([&](const ranked_row* other) { return compare_keys(other->key(), row->key()) < 0; });
  while (at.slot == blocks_[at.number].size() || blocks_[at.number][at.slot] != row) {
    if (at.slot >= blocks_[at.number].size())
      at = {at.number + 1, 0};
    else
      ++at.slot;
  }
  auto place = place_of(at, bound);
  auto& b = blocks_[at.number];
  b.erase(b.begin() + static_cast<std::ptrdiff_t>(at.slot));
  if (b.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at.number));
  return place;
}

ranked_row* ranked_rows::find(std::string_view key, std::string_view row) const noexcept {
  if (blocks_.empty())
    return single_ && single_->key() == key && single_->row() == row ? single_ : nullptr;
  auto at = search([&](const ranked_row* other) { return compare_keys(other->key(), key) < 0; });
  for (; at.number < blocks_.size(); at = {at.number + 1, 0})
    for (; at.slot < blocks_[at.number].size(); ++at.slot) {
      auto* candidate = blocks_[at.number][at.slot];
      if (candidate->key() != key) return nullptr;
      if (candidate->row() == row) return candidate;
    }
  return nullptr;
}

ranked_row* ranked_rows::find_leading(std::string_view leading, std::uint32_t hash) {
  auto is_it
    = [&](const ranked_row* row) { return row->hash == hash && row->row().starts_with(leading); };
  if (index_.empty() && size_ <= longest_scan) {
    ranked_row* found = nullptr;
    for_each([&](ranked_row* row) {
      if (!found && is_it(row)) found = row;
    });
    return found;
  }
  if (index_.empty()) build_index();
  auto mask = index_.size() - 1;
  for (auto slot = hash & mask; index_[slot]; slot = (slot + 1) & mask)
    if (index_[slot] != gone() && is_it(index_[slot])) return index_[slot];
  return nullptr;
}

void ranked_rows::index_row(ranked_row* row) {
  if (2 * (index_used_ + 1) > index_.size()) build_index();
  auto mask = index_.size() - 1;
  auto slot = row->hash & mask;
  while (index_[slot]) slot = (slot + 1) & mask;
  index_[slot] = row;
  ++index_used_;
}

void ranked_rows::build_index() {
  std::size_t slots = 128;
  while (slots < 4 * size_) slots *= 2;
  index_.assign(slots, nullptr);
  index_used_ = 0;
  for_each([&](ranked_row* row) { index_row(row); });
}

std::size_t ranked_rows::owned_bytes() const noexcept {
  std::size_t pointers = index_.capacity() + size_;
  return row_bytes_ + pointers * sizeof(ranked_row*) + blocks_.capacity() * sizeof(block);
}

void ranked_rows::encode(byte_writer& out) const {
  out.varint(size_);
  for_each([&](const ranked_row* row) {
    out.raw(row->hash);
    out.text(row->key());
    out.text(row->row());
  });
}

void ranked_rows::decode(byte_reader& in, const row_codec& codec) {
  for (auto n = in.count(6); n > 0; --n) {
    auto hash = in.raw<std::uint32_t>();
    auto key = in.text();
    auto row = in.text();
    if (!codec.check(row)) throw format_error("corrupt data: not a stored row");
    insert(ranked_row::make(key, row, hash), false, 0); // they come in their order
  }
}

void ranked_value::encode(const std::byte* value, byte_writer& out) const {
  const auto& c = *reinterpret_cast<const content*>(value);
  out.raw(c.touched);
  c.rows.encode(out);
}

void ranked_value::decode(byte_reader& in, std::byte* value) const {
  create(value);
  try {
    of(value).touched = in.raw<timestamp>();
    of(value).rows.decode(in, *codec_);
  } catch (...) {
    destroy(value);
    throw;
  }
}

std::size_t ranked_value::owned_bytes(const std::byte* value) const noexcept {
  return reinterpret_cast<const content*>(value)->rows.owned_bytes();
}

} // namespace sluice::table
