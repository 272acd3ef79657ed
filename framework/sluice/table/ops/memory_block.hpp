/// Memory of tables, in large pages where there is enough of it. Not for users.
#pragma once

#include <cstddef>
#include <utility>

namespace sluice::table::detail {

/// Owned, aligned memory. From 2 MiB on the system is asked for huge pages: keys are hit at random,
/// and with small pages each hit would also miss the TLB.
class memory_block {
public:
  memory_block() = default;
  /// `alignment` is a power of two.
  memory_block(std::size_t size, std::size_t alignment);
  memory_block(memory_block&& other) noexcept { swap(other); }
  memory_block& operator=(memory_block&& other) noexcept {
    swap(other);
    return *this;
  }
  ~memory_block();

  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  void swap(memory_block& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(alignment_, other.alignment_);
  }

private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t alignment_ = 0;
};

} // namespace sluice::table::detail
