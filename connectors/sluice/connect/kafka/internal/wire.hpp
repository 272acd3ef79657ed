/// Bytes of Kafka's protocol: big-endian numbers, strings with their length in front.
#pragma once

#include "sluice/core/errors.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace sluice::internal {

/// Builds a request.
class wire_writer {
public:
  template <class T>
    requires std::is_integral_v<T>
  void number(T value) {
    auto bits = static_cast<std::make_unsigned_t<T>>(value);
    for (int shift = (static_cast<int>(sizeof(T)) - 1) * 8; shift >= 0; shift -= 8)
      bytes_ += static_cast<char>(static_cast<unsigned char>(bits >> shift));
  }
  void boolean(bool value) { bytes_ += value ? '\1' : '\0'; }
  void text(std::string_view value) {
    if (value.size() > static_cast<std::size_t>(std::numeric_limits<std::int16_t>::max()))
      throw io_error("a name is too long for Kafka");
    number(static_cast<std::int16_t>(value.size()));
    bytes_ += value;
  }

  /// For the flexible versions: lengths are varints and one more than they are.
  void compact_length(std::size_t n) { varint(n + 1); }
  void compact_text(std::string_view value) {
    compact_length(value.size());
    bytes_ += value;
  }
  void no_tags() { bytes_ += '\0'; }

  const std::string& bytes() const noexcept { return bytes_; }

private:
  void varint(std::size_t n) {
    for (; n >= 0x80; n >>= 7) bytes_ += static_cast<char>((n & 0x7f) | 0x80);
    bytes_ += static_cast<char>(n);
  }

  std::string bytes_;
};

/// Takes a response apart. Errors: `io_error` if it ends early.
class wire_reader {
public:
  explicit wire_reader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
    requires std::is_integral_v<T>
  T number() {
    auto bytes = take(sizeof(T));
    std::make_unsigned_t<T> bits = 0;
    for (unsigned char c : bytes)
      bits = static_cast<std::make_unsigned_t<T>>((std::uint64_t{bits} << 8) | c);
    return static_cast<T>(bits);
  }

  /// A null string is an empty one here.
  std::string_view text() {
    auto size = number<std::int16_t>();
    return size < 0 ? std::string_view{} : take(static_cast<std::size_t>(size));
  }

  std::size_t compact_length() {
    auto n = varint();
    return n == 0 ? 0 : n - 1;
  }
  std::string_view compact_text() { return take(compact_length()); }
  void skip_tags() {
    for (auto n = varint(); n > 0; --n) {
      varint();
      take(varint());
    }
  }

  std::string_view rest() const noexcept { return rest_; }

private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) throw io_error("a response of a Kafka broker ends early");
    auto result = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return result;
  }
  std::size_t varint() {
    std::size_t result = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      auto byte = static_cast<unsigned char>(take(1)[0]);
      result |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    throw io_error("a response of a Kafka broker has a broken length");
  }

  std::string_view rest_;
};

} // namespace sluice::internal
