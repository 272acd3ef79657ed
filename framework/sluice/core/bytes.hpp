/// Byte buffers that codecs write to and read from. Everything is little-endian.
#pragma once

#include "sluice/core/errors.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace sluice {

static_assert(
  std::endian::native == std::endian::little,
  "Sluice's files and frames are little-endian; a big-endian port must swap in bytes.hpp");

/// Appends values to a growing buffer.
class byte_writer {
public:
  byte_writer() = default;

  /// Continues behind what `buffer` holds.
  explicit byte_writer(std::string buffer) : buffer_(std::move(buffer)) {}

  template <class T>
    requires std::is_trivially_copyable_v<T>
  void raw(const T& value) {
    append(&value, sizeof(T));
  }

  void append(const void* data, std::size_t size) {
    buffer_.append(static_cast<const char*>(data), size);
  }

  /// LEB128: seven bits a byte, least significant first.
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      buffer_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    buffer_.push_back(static_cast<char>(value));
  }

  void text(std::string_view value) {
    varint(value.size());
    append(value.data(), value.size());
  }

  std::size_t size() const noexcept { return buffer_.size(); }
  std::string_view view() const noexcept { return buffer_; }
  std::string& buffer() noexcept { return buffer_; }
  std::string take() { return std::move(buffer_); }

private:
  std::string buffer_;
};

/// Reads values from a buffer that it does not own.
///
/// Errors: throws `format_error` when the buffer ends early; lengths are checked before memory is
/// allocated, so hostile input cannot make it allocate more than it sent.
class byte_reader {
public:
  explicit byte_reader(std::string_view data) : data_(data) {}

  template <class T>
    requires std::is_trivially_copyable_v<T>
  T raw() {
    T value;
    copy(&value, sizeof(T));
    return value;
  }

  void copy(void* target, std::size_t size) {
    need(size);
    if (size > 0) std::memcpy(target, data_.data() + position_, size); // empty ones may be null
    position_ += size;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      need(1);
      auto byte = static_cast<unsigned char>(data_[position_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        if (shift == 63 && byte > 1) break;
        return value;
      }
    }
    throw format_error("corrupt data: a length does not fit 64 bits");
  }

  /// A count of elements of which each takes at least `min_size` bytes.
  std::size_t count(std::size_t min_size = 1) {
    auto n = varint();
    if (min_size > 0 && n > remaining() / min_size)
      throw format_error("corrupt data: a length points past the end");
    return static_cast<std::size_t>(n);
  }

  std::string_view text() { return take(count()); }

  std::string_view take(std::size_t size) {
    need(size);
    auto result = data_.substr(position_, size);
    position_ += size;
    return result;
  }

  std::size_t remaining() const noexcept { return data_.size() - position_; }
  std::size_t position() const noexcept { return position_; }
  bool at_end() const noexcept { return position_ == data_.size(); }

private:
  void need(std::size_t size) const {
    if (size > remaining()) throw format_error("corrupt data: it ends early");
  }

  std::string_view data_;
  std::size_t position_ = 0;
};

} // namespace sluice
