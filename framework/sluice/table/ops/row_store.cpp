#include "sluice/table/ops/row_store.hpp"

#include "sluice/state/group_table.hpp"

#include <algorithm>
#include <bit>
#include <thread>

namespace sluice::table::detail {

namespace {

constexpr std::size_t smallest_chunk = 16 * 1024;
constexpr std::size_t fewest_slots = 8;
constexpr std::size_t first_block = 256 * 1024;
constexpr std::size_t largest_block = std::size_t{2} << 20;
constexpr std::size_t cache_line = 64;

/// Rows that fit a cache line do not cross one.
std::size_t distance_of_rows(std::size_t size) {
  if (size <= cache_line) return std::bit_ceil(size);
  return (size + 15) / 16 * 16;
}

std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

void wait_a_little(int spins) {
  if (spins < 1000)
    sluice::detail::spin_pause();
  else
    std::this_thread::yield();
}

} // namespace

row_store::row_store(key_layout keys, std::shared_ptr<const row_value> values,
                     std::uint32_t num_groups)
  : keys_(std::move(keys)), values_(std::move(values)), groups_(num_groups) {
  row_size_ = distance_of_rows(keys_.size() + values_->size());
  chunk_bytes_ = std::max(smallest_chunk, std::bit_ceil(fewest_slots * row_size_ + cache_line * 2));
  slots_ = static_cast<std::uint32_t>((chunk_bytes_ - sizeof(row_chunk)) / row_size_);
  auto header = [&] { return round_up(sizeof(row_chunk) + (slots_ + 63) / 64 * 8, cache_line); };
  while (header() + slots_ * row_size_ > chunk_bytes_) --slots_;
  header_bytes_ = header();
}

row_store::~row_store() {
  if (values_->trivial() && !keys_.has_strings()) return;
  for_each_chunk([&](row_chunk& c) {
    for (std::uint32_t s = 0; s < c.used; ++s) {
      if (!c.holds(s)) continue;
      auto* row = row_at(c, s);
      values_->destroy(row + value_offset());
      keys_.destroy(row);
    }
  });
}

std::size_t row_store::memory_bytes() const noexcept { return num_chunks_ * chunk_bytes_; }

std::size_t row_store::owned_bytes() const noexcept {
  auto total = key_bytes_;
  if (values_->trivial()) return total;
  for (const auto& g : groups_)
    for (const auto* c : g.chunks)
      for (std::uint32_t s = 0; s < c->used; ++s)
        if (c->holds(s)) total += values_->owned_bytes(row_at(*c, s) + value_offset());
  return total;
}

// -- rows -----------------------------------------------------------------------------------------

row_chunk* row_store::add_chunk(std::uint32_t group) {
  if (block_left_ < chunk_bytes_) {
    auto size = blocks_.empty() ? first_block : std::min(blocks_.back().size() * 2, largest_block);
    blocks_.emplace_back(std::max(size, chunk_bytes_), chunk_bytes_);
    block_left_ = blocks_.back().size();
  }
  const auto& block = blocks_.back();
  auto* c = ::new (block.data() + (block.size() - block_left_)) row_chunk;
  block_left_ -= chunk_bytes_;
  ++num_chunks_;
  c->group = group;
  c->first = static_cast<std::uint32_t>(header_bytes_);
  auto& chunks = groups_[group].chunks;
  // Few keys leave most of a group's first chunk empty: if all began at the same offset, they
  // would meet in the same sets of the cache.
  if (chunks.empty()) c->first += group % 16 * 256;
  std::fill_n(c->bits(), (slots_ + 63) / 64, 0);
  chunks.push_back(c);
  return c;
}

std::byte* row_store::allocate(std::uint32_t group_index) {
  auto& g = groups_[group_index];
  if (g.free) {
    auto* row = g.free;
    before_change(chunk_of(row));
    std::memcpy(&g.free, row, sizeof g.free);
    return row;
  }
  auto* c = g.chunks.empty() ? nullptr : g.chunks.back();
  if (!c || c->first + (c->used + 1) * row_size_ > chunk_bytes_) c = add_chunk(group_index);
  before_change(*c);
  return row_at(*c, c->used++);
}

void row_store::mark(std::byte* row, bool live) noexcept {
  auto& c = chunk_of(row);
  auto offset = static_cast<std::size_t>(row - reinterpret_cast<std::byte*>(&c)) - c.first;
  auto slot = offset / row_size_;
  auto bit = std::uint64_t{1} << (slot % 64);
  if (live) {
    c.bits()[slot / 64] |= bit;
    ++c.live;
  } else {
    c.bits()[slot / 64] &= ~bit;
    --c.live;
  }
}

std::byte* row_store::insert(std::uint32_t group, const std::byte* key) {
  auto* row = allocate(group);
  key_bytes_ += keys_.copy(key, row);
  values_->create(row + value_offset());
  mark(row, true);
  return row;
}

std::byte* row_store::decode(std::uint32_t group, byte_reader& in) {
  auto* row = allocate(group);
  auto owned = keys_.decode(in, row);
  try {
    values_->decode(in, row + value_offset());
  } catch (...) {
    keys_.destroy(row);
    throw;
  }
  key_bytes_ += owned;
  mark(row, true);
  return row;
}

void row_store::erase(std::byte* row) noexcept {
  auto& g = groups_[chunk_of(row).group];
  values_->destroy(row + value_offset());
  key_bytes_ -= keys_.destroy(row);
  mark(row, false);
  std::memcpy(row, &g.free, sizeof g.free);
  g.free = row;
}

// -- snapshots ------------------------------------------------------------------------------------

void row_store::encode_chunk(const row_chunk& c, byte_writer& out) const {
  for (std::uint32_t w = 0; w * 64 < c.used; ++w) {
    for (auto bits = c.bits()[w]; bits != 0; bits &= bits - 1) {
      const auto* row = row_at(c, w * 64 + static_cast<std::uint32_t>(std::countr_zero(bits)));
      keys_.encode(row, out);
      values_->encode(row + value_offset(), out);
    }
  }
}

void row_store::settle(row_chunk& c) {
  auto& v = *c.view;
  std::uint8_t expected = chunk_view::pending;
  if (v.state.compare_exchange_strong(expected, chunk_view::busy, std::memory_order_acquire)) {
    byte_writer out;
    try {
      encode_chunk(c, out);
    } catch (...) {
      v.state.store(chunk_view::pending, std::memory_order_release);
      throw;
    }
    v.bytes = out.take();
    v.state.store(chunk_view::done, std::memory_order_release);
  } else {
    for (int spins = 0; v.state.load(std::memory_order_acquire) != chunk_view::done; ++spins)
      wait_a_little(spins);
  }
  c.view = nullptr;
}

store_view::store_view(std::shared_ptr<row_store> store) : store_(std::move(store)) {
  std::size_t total = 0;
  store_->for_each_chunk([&](row_chunk& c) {
    c.view = nullptr;
    total += c.live > 0 ? 1 : 0;
  });
  chunks_ = std::make_unique<chunk_view[]>(total);
  store_->for_each_chunk([&](row_chunk& c) {
    if (c.live == 0) return;
    auto& v = chunks_[count_++];
    v.chunk = &c;
    v.group = c.group;
    c.view = &v;
  });
}

void store_view::settle_all() {
  for (std::size_t i = 0; i < count_; ++i) store_->before_change(*chunks_[i].chunk);
}

void store_view::write(snapshot_writer& out, std::uint32_t first_group) {
  byte_writer bytes;
  std::uint32_t open = ~std::uint32_t{0};
  for (std::size_t i = 0; i < count_; ++i) {
    auto& v = chunks_[i];
    bytes.buffer().clear();
    for (int spins = 0;; ++spins) {
      std::uint8_t expected = chunk_view::pending;
      if (v.state.compare_exchange_strong(expected, chunk_view::busy, std::memory_order_acquire)) {
        struct set_done { // whatever happens, nobody must wait for ever
          chunk_view& v;
          ~set_done() { v.state.store(chunk_view::done, std::memory_order_release); }
        } guard{v};
        store_->encode_chunk(*v.chunk, bytes);
        break;
      }
      if (v.state.load(std::memory_order_acquire) == chunk_view::done) {
        bytes.buffer().swap(v.bytes);
        break;
      }
      wait_a_little(spins);
    }
    if (v.group != open) out.begin_group(first_group + v.group);
    open = v.group;
    out.append(bytes.view());
  }
}

} // namespace sluice::table::detail
