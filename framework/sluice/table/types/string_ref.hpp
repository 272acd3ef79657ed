/// Strings as columns hold them: 16 bytes each, short ones inside, long ones in a heap beside.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice::table {

/// A string of up to 12 bytes, or the first 4 bytes and the place of a longer one (the layout that
/// Umbra published): comparing for equality mostly needs no look at the heap.
class string_ref {
public:
  static constexpr std::uint32_t inline_size = 12;

  string_ref() = default;

  /// Views `text`, which must stay where it is if it is longer than `inline_size`.
  explicit string_ref(std::string_view text) noexcept
    : size_(static_cast<std::uint32_t>(text.size())) {
    if (size_ <= inline_size) {
      if (size_ > 0) std::memcpy(bytes_, text.data(), size_);
    } else {
      std::memcpy(bytes_, text.data(), 4);
      auto pointer = text.data();
      std::memcpy(bytes_ + 4, &pointer, sizeof pointer);
    }
  }

  std::uint32_t size() const noexcept { return size_; }
  bool is_inline() const noexcept { return size_ <= inline_size; }

  const char* data() const noexcept {
    if (is_inline()) return bytes_;
    const char* pointer = nullptr;
    std::memcpy(&pointer, bytes_ + 4, sizeof pointer);
    return pointer;
  }

  std::string_view view() const noexcept { return {data(), size_}; }

  friend bool operator==(const string_ref& a, const string_ref& b) noexcept {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, &a, 8); // size and first bytes
    std::memcpy(&y, &b, 8);
    if (x != y) return false;
    if (a.is_inline()) return std::memcmp(a.bytes_ + 4, b.bytes_ + 4, 8) == 0;
    return std::memcmp(a.data() + 4, b.data() + 4, a.size_ - 4) == 0;
  }

  /// In the order of the bytes, which is that of Unicode code points.
  friend int compare(const string_ref& a, const string_ref& b) noexcept {
    auto common = a.size_ < b.size_ ? a.size_ : b.size_;
    if (common > 0)
      if (auto order = std::memcmp(a.data(), b.data(), common); order != 0) return order;
    return a.size_ < b.size_ ? -1 : (a.size_ > b.size_ ? 1 : 0);
  }

private:
  std::uint32_t size_ = 0;
  char bytes_[12] = {};
};

static_assert(sizeof(string_ref) == 16);

/// Memory for the long strings of a column. Never gives a string's memory back before `clear`.
///
/// Thread safety: one writer; strings that were written may be read by any thread.
class string_heap {
public:
  /// Copies `text` in if it does not fit a `string_ref`.
  string_ref add(std::string_view text) {
    if (text.size() <= string_ref::inline_size) return string_ref(text);
    auto target = allocate(text.size());
    std::memcpy(target, text.data(), text.size());
    return string_ref({target, text.size()});
  }

  /// Room for `size` bytes that the caller fills before it makes a `string_ref` of them.
  char* allocate(std::size_t size) {
    if (size > left_) grow(size);
    auto result = next_;
    next_ += size;
    left_ -= size;
    used_ += size;
    return result;
  }

  /// Bytes in use.
  std::size_t bytes() const noexcept { return used_; }

  /// Bytes held.
  std::size_t capacity() const noexcept { return capacity_; }

  /// Forgets all strings and keeps the largest block.
  void clear() noexcept {
    if (blocks_.size() > 1) {
      std::size_t largest = 0;
      for (std::size_t i = 1; i < blocks_.size(); ++i)
        if (blocks_[i].size > blocks_[largest].size) largest = i;
      std::swap(blocks_[0], blocks_[largest]);
      blocks_.resize(1);
    }
    next_ = blocks_.empty() ? nullptr : blocks_[0].memory.get();
    left_ = capacity_ = blocks_.empty() ? 0 : blocks_[0].size;
    used_ = 0;
  }

private:
  struct block {
    std::unique_ptr<char[]> memory;
    std::size_t size = 0;
  };

  void grow(std::size_t size) {
    std::size_t wanted = blocks_.empty() ? 4096 : blocks_.back().size * 2;
    constexpr std::size_t largest_step = std::size_t{1} << 20;
    wanted = wanted > largest_step ? largest_step : wanted;
    if (wanted < size) wanted = size;
    blocks_.push_back({std::unique_ptr<char[]>(new char[wanted]), wanted});
    next_ = blocks_.back().memory.get();
    left_ = wanted;
    capacity_ += wanted;
  }

  std::vector<block> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace sluice::table
