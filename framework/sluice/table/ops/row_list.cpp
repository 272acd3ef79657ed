#include "sluice/table/ops/row_list.hpp"

#include "sluice/core/hash.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

namespace sluice::table {

namespace {

/// Rows that are looked through one by one.
constexpr std::uint32_t longest_scan = 24;

} // namespace

/// Open addressing: offsets of rows by their hashes. Rows that are gone stay in it until the list
/// is packed.
struct row_list::index {
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  std::vector<std::uint32_t> slots;
  std::uint32_t filled = 0;

  std::size_t next(std::size_t slot) const noexcept { return (slot + 1) & (slots.size() - 1); }
  std::size_t home(std::uint32_t hash) const noexcept { return hash & (slots.size() - 1); }
  void add(std::uint32_t hash, std::uint32_t offset) {
    auto slot = home(hash);
    while (slots[slot] != none) slot = next(slot);
    slots[slot] = offset;
    ++filled;
  }
};

std::uint32_t row_hash(std::string_view bytes) noexcept {
  return static_cast<std::uint32_t>(hash_bytes(bytes.data(), bytes.size()));
}

stored_row& row_list::append(std::string_view row, std::uint32_t hash) {
  auto space = (sizeof(stored_row) + row.size() + 3) / 4 * 4;
  if (used_ + space > capacity_) grow(used_ + space);
  auto* target
    = ::new (data() + used_) stored_row{static_cast<std::uint32_t>(row.size()), hash, 1, 0};
  std::memcpy(target->bytes(), row.data(), row.size());
  auto offset = used_;
  used_ += static_cast<std::uint32_t>(space);
  ++live_;
  if (index_) {
    if (2 * (index_->filled + 1) > index_->slots.size())
      build_index();
    else
      index_->add(hash, offset);
  }
  return at_offset(offset);
}

stored_row* row_list::find(std::string_view key, std::uint32_t hash) {
  auto is_it = [&](const stored_row& row) {
    return row.hash == hash && row.count > 0 && row.size >= key.size()
           && std::memcmp(row.bytes(), key.data(), key.size()) == 0;
  };
  if (!index_ && live_ > longest_scan) build_index();
  if (!index_) {
    for (auto* row = first(); row; row = after(*row))
      if (is_it(*row)) return row;
    return nullptr;
  }
  for (auto slot = index_->home(hash); index_->slots[slot] != index::none;
       slot = index_->next(slot)) {
    auto& row = at_offset(index_->slots[slot]);
    if (is_it(row)) return &row;
  }
  return nullptr;
}

void row_list::erase(stored_row& row) {
  auto space = static_cast<std::uint32_t>(row.space());
  if (--live_ == 0) return clear();
  if (index_) {
    row.count = 0;
    dead_ += space;
    if (dead_ > used_ / 2) compact();
    return;
  }
  auto* from = reinterpret_cast<std::byte*>(&row);
  auto* end = data() + used_;
  std::memmove(from, from + space, static_cast<std::size_t>(end - from) - space);
  used_ -= space;
}

void row_list::clear() noexcept {
  drop_index();
  used_ = live_ = dead_ = 0;
}

void row_list::compact() {
  auto* to = data();
  for (std::uint32_t at = 0; at < used_;) {
    auto& row = at_offset(at);
    auto space = row.space();
    at += static_cast<std::uint32_t>(space);
    if (row.count == 0) continue;
    std::memmove(to, &row, space);
    to += space;
  }
  used_ = static_cast<std::uint32_t>(to - data());
  dead_ = 0;
  if (live_ > longest_scan / 2)
    build_index();
  else
    drop_index();
}

void row_list::build_index() {
  if (!index_) index_ = new index;
  std::size_t slots = 64;
  while (slots < 4 * std::size_t{live_}) slots *= 2;
  index_->slots.assign(slots, index::none);
  index_->filled = 0;
  for_each([&](stored_row& row) {
    index_->add(row.hash, static_cast<std::uint32_t>(reinterpret_cast<std::byte*>(&row) - data()));
  });
}

void row_list::drop_index() noexcept {
  delete index_;
  index_ = nullptr;
}

void row_list::grow(std::size_t needed) {
  constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
  if (needed > most) throw error("the rows of one key take more than 4 GiB of state");
  auto wanted = std::min(most, std::max({needed, std::size_t{capacity_} * 2, std::size_t{64}}));
  auto* grown = static_cast<std::byte*>(std::realloc(heap_, wanted));
  if (!grown) throw std::bad_alloc();
  if (!heap_) std::memcpy(grown, this + 1, used_);
  heap_ = grown;
  capacity_ = static_cast<std::uint32_t>(wanted);
}

void row_list::release() noexcept {
  drop_index();
  std::free(heap_);
}

std::size_t row_list::owned_bytes() const noexcept {
  return (heap_ ? capacity_ : 0) + (index_ ? index_->slots.capacity() * 4 + sizeof(index) : 0);
}

void row_list::encode(byte_writer& out) const {
  out.varint(live_);
  const_cast<row_list*>(this)->for_each([&](const stored_row& row) {
    out.raw(row.hash);
    out.varint(row.count);
    out.varint(row.matches);
    out.text(row.view());
  });
}

void row_list::decode(byte_reader& in, const row_codec& codec) {
  for (auto n = in.count(7); n > 0; --n) {
    auto hash = in.raw<std::uint32_t>();
    auto count = in.varint();
    auto matches = in.varint();
    auto row = in.text();
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    if (count == 0 || count > most || matches > most || !codec.check(row))
      throw format_error("corrupt data: not a stored row");
    auto& stored = append(row, hash);
    stored.count = static_cast<std::uint32_t>(count);
    stored.matches = static_cast<std::uint32_t>(matches);
  }
}

} // namespace sluice::table
