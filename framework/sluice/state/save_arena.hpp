/// Memory for what an actor saves aside while a snapshot is written.
#pragma once

#include "sluice/core/large_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace sluice::detail {

/// Gives out memory that is given back all at once, for objects that need no destructor.
/// Not thread-safe.
class save_arena {
public:
  save_arena() = default;
  save_arena(const save_arena&) = delete;
  save_arena& operator=(const save_arena&) = delete;

  ~save_arena() {
    for (auto& p : pieces_)
      if (p.memory != nullptr) free_large(p.memory, p.size, alignment);
  }

  /// Takes back all that was given out, and keeps it for the next.
  void clear() noexcept {
    next_piece_ = 0;
    left_ = 0;
  }

  /// Aligned to a cache line.
  void* allocate(std::size_t bytes) {
    bytes = (bytes + alignment - 1) / alignment * alignment;
    if (bytes > left_) [[unlikely]]
      take_piece(bytes);
    auto* result = next_;
    next_ += bytes;
    left_ -= bytes;
    return result;
  }

private:
  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t first_piece = 8 * 1024;

  struct piece {
    void* memory;
    std::size_t size;
  };

  void take_piece(std::size_t at_least) {
    while (next_piece_ < pieces_.size() && pieces_[next_piece_].size < at_least) ++next_piece_;
    if (next_piece_ == pieces_.size()) add_piece(at_least);
    auto& p = pieces_[next_piece_++];
    next_ = static_cast<std::byte*>(p.memory);
    left_ = p.size;
  }

  /// Twice as large as the last, up to a huge page: little for small tables, few for large ones.
  void add_piece(std::size_t at_least) {
    auto size = pieces_.empty() ? first_piece : std::min(2 * pieces_.back().size, huge_page);
    size = std::max(size, at_least);
    pieces_.push_back({nullptr, 0}); // first, as it may throw
    pieces_.back().memory = allocate_large(size, alignment);
    pieces_.back().size = size;
  }

  std::vector<piece> pieces_;
  std::size_t next_piece_ = 0;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
};

} // namespace sluice::detail
