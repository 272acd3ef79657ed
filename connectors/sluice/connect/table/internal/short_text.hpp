/// Short strings of a column, copied in a fixed number of instructions.
#pragma once

#include "sluice/table/types/string_ref.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace sluice::table::internal {

/// A text of up to `string_ref::inline_size` bytes of which so many can be read, whatever is behind
/// it: faster than copying just `size` bytes. REQUIRES: size <= string_ref::inline_size.
inline string_ref short_text(const char* text, std::uint32_t size) noexcept {
  static_assert(sizeof(string_ref) == 16 && std::is_trivially_copyable_v<string_ref>);
  if constexpr (std::endian::native != std::endian::little) return string_ref({text, size});
  std::uint64_t first = 0;
  std::uint32_t last = 0;
  std::memcpy(&first, text, sizeof first);
  std::memcpy(&last, text + sizeof first, sizeof last);
  if (size < 8) {
    first &= (std::uint64_t{1} << (8 * size)) - 1;
    last = 0;
  } else if (size < string_ref::inline_size) {
    last &= (std::uint32_t{1} << (8 * (size - 8))) - 1;
  }
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
