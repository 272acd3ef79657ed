/// Numbers in fields of text, without what is rare. Of each text, 8 bytes can be read.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace sluice::table::internal {

inline constexpr std::array<double, 16> powers_of_ten{1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/// Eight digits, the first one in the lowest byte. False: some are none.
inline bool read_eight_digits(std::uint64_t text, std::uint64_t& out) noexcept {
  text ^= 0x3030303030303030;
  if (((text + 0x7676767676767676) | text) & 0x8080808080808080) return false;
  text = text * 10 + (text >> 8); // pairs of digits in every other byte
  constexpr std::uint64_t pairs = 0x000000ff000000ff;
  out = ((text & pairs) * 0x000f424000000064 + (text >> 16 & pairs) * 0x0000271000000001) >> 32;
  return true;
}

/// Up to 8 bytes of text, with zeros in front of them. REQUIRES: 1 <= size <= 8; 8 bytes can be
/// read.
inline std::uint64_t load_digits(const char* at, std::size_t size) noexcept {
  std::uint64_t text = 0;
  std::memcpy(&text, at, sizeof text);
  auto missing = 8 * (8 - size);
  auto zeros = (std::uint64_t{1} << missing) - 1;
  return text << missing | (0x3030303030303030 & zeros);
}

/// How many digits there are at `at`, if that is at most 7; else 0. 8 bytes can be read.
inline std::size_t count_short_digits(const char* at) noexcept {
  if constexpr (std::endian::native != std::endian::little) return 0;
  std::uint64_t text = 0;
  std::memcpy(&text, at, sizeof text);
  text ^= 0x3030303030303030;
  auto others = ((text + 0x7676767676767676) | text) & 0x8080808080808080;
  return others == 0 ? 0 : static_cast<std::size_t>(std::countr_zero(others)) / 8;
}

/// Numbers without a sign in a fixed number of instructions: lengths change from row to row, and
/// loops over the digits would be mispredicted. False: it takes something slower to tell.
inline bool read_shortest_double(const char* at, std::size_t size, double& out) noexcept {
  if constexpr (std::endian::native != std::endian::little) return false;
  if (size - 1 >= 8) return false;
  auto text = load_digits(at, size);
  auto points = text ^ 0x2e2e2e2e2e2e2e2e;
  points = (points - 0x0101010101010101) & ~points & 0x8080808080808080;
  std::size_t behind = 0;
  if (points != 0) {
    auto bit = static_cast<unsigned>(std::countr_zero(points)) - 7; // of the point's byte
    behind = 7 - bit / 8;
    if (behind + 1 == size) return false; // no digit in front of it
    auto front = (std::uint64_t{1} << bit) - 1;
    text = (text & ~(front << 8 | 0xff)) | (text & front) << 8 | 0x30;
  }
  std::uint64_t digits = 0;
  if (!read_eight_digits(text, digits)) return false;
  out = static_cast<double>(digits) / powers_of_ten[behind];
  return true;
}

/// Up to 15 digits with a point among them: the quotient of two exact numbers is correctly rounded.
inline bool read_short_double(const char* at, std::size_t size, double& out) noexcept {
  if (read_shortest_double(at, size, out)) return true;
  if (size == 0 || size > 17) return false;
  auto* end = at + size;
  bool negative = *at == '-';
  if (negative) ++at;
  std::uint64_t digits = 0;
  auto* begin = at;
  for (; at < end; ++at) {
    auto d = static_cast<unsigned char>(*at - '0');
    if (d > 9) break;
    digits = digits * 10 + d;
  }
  auto before = static_cast<std::size_t>(at - begin);
  std::size_t behind = 0;
  if (at < end) {
    if (*at != '.') return false;
    begin = ++at;
    for (; at < end; ++at) {
      auto d = static_cast<unsigned char>(*at - '0');
      if (d > 9) return false;
      digits = digits * 10 + d;
    }
    behind = static_cast<std::size_t>(at - begin);
  }
  if (before == 0 || before + behind > 15) return false;
  auto value = static_cast<double>(digits);
  if (behind > 0) value /= powers_of_ten[behind];
  out = negative ? -value : value;
  return true;
}

/// Up to 18 digits.
template <class T>
bool read_short_integer(const char* at, std::size_t size, T& out) noexcept {
  if (size == 0 || size > 19) return false;
  if constexpr (std::endian::native == std::endian::little && sizeof(T) >= 4) {
    std::uint64_t digits = 0;
    if (size <= 8 && read_eight_digits(load_digits(at, size), digits)) {
      out = static_cast<T>(digits);
      return true;
    }
  }
  bool negative = *at == '-';
  auto* end = at + size;
  if (negative) ++at;
  if (at == end || end - at > 18) return false;
  std::int64_t value = 0;
  for (; at < end; ++at) {
    auto d = static_cast<unsigned char>(*at - '0');
    if (d > 9) return false;
    value = value * 10 + d;
  }
  if (negative) value = -value;
  if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) return false;
  out = static_cast<T>(value);
  return true;
}

} // namespace sluice::table::internal
