/// The rows of a table of keys: chunks per key group, and snapshots of them. Not for users.
#pragma once

#include "sluice/state/snapshot.hpp"
#include "sluice/table/ops/key_layout.hpp"
#include "sluice/table/ops/keyed_rows.hpp"
#include "sluice/table/ops/memory_block.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace sluice::table::detail {

struct chunk_view;

/// Rows of one key group: a header at an address that is a multiple of the chunk size, so that it
/// is found from any of its rows.
struct row_chunk {
  /// Of the last snapshot that was taken, while the store is watched. Touched by the actor only.
  chunk_view* view = nullptr;
  std::uint32_t group = 0; ///< index from the first own group
  std::uint32_t used = 0;  ///< slots that ever held a row
  std::uint32_t live = 0;  ///< rows
  std::uint32_t first = 0; ///< where slot 0 is

  /// A bit per slot that holds a row.
  std::uint64_t* bits() noexcept { return reinterpret_cast<std::uint64_t*>(this + 1); }
  const std::uint64_t* bits() const noexcept {
    return reinterpret_cast<const std::uint64_t*>(this + 1);
  }
  bool holds(std::uint32_t slot) const noexcept {
    return (bits()[slot / 64] >> (slot % 64) & 1) != 0;
  }
};

/// A chunk as a snapshot sees it. Whoever comes first encodes it: the writer when it is its turn,
/// or the actor before it changes a row.
struct chunk_view {
  enum : std::uint8_t { pending, busy, done };

  row_chunk* chunk = nullptr;
  std::uint32_t group = 0;
  std::atomic<std::uint8_t> state{pending};
  std::string bytes; ///< if the actor encoded it
};

/// Makes rows and ends them. A row is a key and a value; it never moves.
///
/// Owner: one table, and the snapshots that still read it. Destroys the rows that are left.
class row_store {
public:
  row_store(key_layout keys, std::shared_ptr<const row_value> values, std::uint32_t num_groups);
  ~row_store();
  row_store(const row_store&) = delete;

  const key_layout& keys() const noexcept { return keys_; }
  const row_value& values() const noexcept { return *values_; }
  /// Bytes from one row to the next.
  std::size_t row_size() const noexcept { return row_size_; }
  /// Bytes from a row to its value.
  std::size_t value_offset() const noexcept { return keys_.size(); }
  std::size_t memory_bytes() const noexcept;
  std::size_t owned_bytes() const noexcept;

  row_chunk& chunk_of(std::byte* row) const noexcept {
    auto address = reinterpret_cast<std::uintptr_t>(row) & ~(std::uintptr_t{chunk_bytes_} - 1);
    return *reinterpret_cast<row_chunk*>(address);
  }

  /// A row with a copy of `key` and a new value. The chunk it is in is encoded first if need be.
  std::byte* insert(std::uint32_t group, const std::byte* key);
  /// A row of what `encode_chunk` wrote. Errors: `format_error`.
  std::byte* decode(std::uint32_t group, byte_reader& in);
  /// REQUIRES: `before_change`.
  void erase(std::byte* row) noexcept;

  /// Calls `f(chunk)` for each chunk, by group.
  template <class F>
  void for_each_chunk(F&& f) {
    for (auto& g : groups_)
      for (std::size_t i = 0; i < g.chunks.size(); ++i) f(*g.chunks[i]);
  }
  std::byte* row_at(const row_chunk& c, std::uint32_t slot) const noexcept {
    return const_cast<std::byte*>(reinterpret_cast<const std::byte*>(&c)) + c.first
           + slot * row_size_;
  }

  /// Whether a snapshot may be reading, so that changes need care.
  void set_watched(bool watched) noexcept { watched_ = watched; }
  /// Encodes the chunk of a row that is about to change unless that is done.
  void before_change(row_chunk& c) {
    if (watched_ && c.view) settle(c);
  }
  void encode_chunk(const row_chunk& c, byte_writer& out) const;

private:
  struct group_rows {
    std::vector<row_chunk*> chunks;
    std::byte* free = nullptr; ///< erased rows; each holds the address of the next
  };

  std::byte* allocate(std::uint32_t group);
  row_chunk* add_chunk(std::uint32_t group);
  void mark(std::byte* row, bool live) noexcept;
  void settle(row_chunk& c);

  key_layout keys_;
  std::shared_ptr<const row_value> values_;
  std::size_t row_size_ = 0;
  std::size_t chunk_bytes_ = 0;
  std::uint32_t slots_ = 0; ///< of a chunk
  std::size_t header_bytes_ = 0;
  std::vector<group_rows> groups_;
  std::vector<memory_block> blocks_;
  std::size_t block_left_ = 0;
  std::size_t num_chunks_ = 0;
  std::size_t key_bytes_ = 0;
  bool watched_ = false;
};

/// What a snapshot and the table share.
class store_view {
public:
  explicit store_view(std::shared_ptr<row_store> store);

  /// Whether nobody reads it any more. Then changes need no care.
  bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  void close() noexcept { closed_.store(true, std::memory_order_release); }
  /// On the actor: encodes all that is not written yet.
  void settle_all();

  /// On the writer's thread, once.
  void write(snapshot_writer& out, std::uint32_t first_group);

private:
  std::shared_ptr<row_store> store_;
  std::unique_ptr<chunk_view[]> chunks_;
  std::size_t count_ = 0;
  std::atomic<bool> closed_{false};
};

} // namespace sluice::table::detail
