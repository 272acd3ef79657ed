/// Short strings of a column, copied in a fixed number of instructions.
#pragma once

#include "sluice/table/types/string_ref.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace sluice::table::internal {

namespace detail {

struct text_mask {
  std::uint64_t first = 0;
  std::uint32_t last = 0;
};

/// Of a text of each size, its bytes. Sizes change from row to row: branches would be mispredicted.
inline constexpr auto kept_bytes = [] {
  std::array<text_mask, string_ref::inline_size + 1> result{};
  for (std::size_t size = 1; size < result.size(); ++size) {
    result[size].first = ~std::uint64_t{0} >> (size < 8 ? 64 - 8 * size : 0);
    if (size > 8) result[size].last = ~std::uint32_t{0} >> (96 - 8 * size);
  }
  return result;
}();

} // namespace detail

/// A text of up to `string_ref::inline_size` bytes of which so many can be read, whatever is behind
/// it: faster than copying just `size` bytes. REQUIRES: size <= string_ref::inline_size.
inline string_ref short_text(const char* text, std::uint32_t size) noexcept {
  static_assert(sizeof(string_ref) == 16 && std::is_trivially_copyable_v<string_ref>);
  if constexpr (std::endian::native != std::endian::little) return string_ref({text, size});
  std::uint64_t first = 0;
  std::uint32_t last = 0;
  std::memcpy(&first, text, sizeof first);
  std::memcpy(&last, text + sizeof first, sizeof last);
  first &= detail::kept_bytes[size].first;
  last &= detail::kept_bytes[size].last;
  // The layout that string_ref documents: the size, then the bytes.
  char bytes[sizeof(string_ref)];
  std::memcpy(bytes, &size, sizeof size);
  std::memcpy(bytes + 4, &first, sizeof first);
  std::memcpy(bytes + 12, &last, sizeof last);
  string_ref result;
  std::memcpy(static_cast<void*>(&result), bytes, sizeof result);
  return result;
}

} // namespace sluice::table::internal
