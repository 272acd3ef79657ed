/// Lengths and places in UTF-8 text, counted in code points. Malformed bytes count as one each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::table::utf8 {

/// Bytes of the code point that begins with `lead`.
constexpr std::size_t size_of(unsigned char lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

/// Bytes of the first code point of a text that is not empty.
inline std::size_t first_size(std::string_view text) noexcept {
  auto size = size_of(static_cast<unsigned char>(text[0]));
  return size < text.size() ? size : text.size();
}

inline bool is_ascii(std::string_view text) noexcept {
  unsigned char all = 0;
  for (char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

inline std::size_t length(std::string_view text) noexcept {
  if (is_ascii(text)) return text.size();
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) i += first_size(text.substr(i));
  return count;
}

/// Byte offset of code point `n`, or the size if there are fewer.
inline std::size_t offset_of(std::string_view text, std::size_t n) noexcept {
  std::size_t i = 0;
  for (; n > 0 && i < text.size(); --n) i += first_size(text.substr(i));
  return i;
}

/// The first `n` code points.
inline std::string_view prefix(std::string_view text, std::size_t n) noexcept {
  if (text.size() <= n) return text;
  return text.substr(0, offset_of(text, n));
}

/// Takes the first code point. REQUIRES: not empty.
inline char32_t take(std::string_view& text) noexcept {
  auto size = first_size(text);
  auto lead = static_cast<unsigned char>(text[0]);
  char32_t value = size == 1 ? lead : lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  text.remove_prefix(size);
  return value;
}

inline void append(std::string& out, char32_t c) {
  auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  auto v = static_cast<std::uint32_t>(c);
  if (v < 0x80) {
    put(v);
  } else if (v < 0x800) {
    put(0xc0 | v >> 6);
    put(0x80 | (v & 0x3f));
  } else if (v < 0x10000) {
    put(0xe0 | v >> 12);
    put(0x80 | (v >> 6 & 0x3f));
    put(0x80 | (v & 0x3f));
  } else {
    put(0xf0 | v >> 18);
    put(0x80 | (v >> 12 & 0x3f));
    put(0x80 | (v >> 6 & 0x3f));
    put(0x80 | (v & 0x3f));
  }
}

} // namespace sluice::table::utf8
