/// Where records end in raw bytes, and how many lines there are: for cutting and for placing.
#pragma once

#include "sluice/connect/format/record_format.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

/// Number of '\n' in `bytes`.
std::size_t count_newlines(std::string_view bytes) noexcept;

/// The UTF-8 byte order mark, which formats skip at the start of an input.
inline constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// Follows an input from its start, or from the start of a record, and finds where records end.
///
/// Quotes count as RFC 4180 has it: one opens only where a field starts, a doubled one within is a
/// quote, and any other is a character. The CSV decoder follows the same rules, so whoever cuts at
/// these ends gets exactly its records.
class record_scanner {
public:
  explicit record_scanner(const record_layout& layout) : layout_(layout) {}

  /// Takes in `bytes`, the next ones of the input, without looking for ends.
  void skip(std::string_view bytes) noexcept;

  /// Takes in `bytes` up to the first record end; returns the position behind that line end, or
  /// `npos` if there is none (then all of `bytes` is taken in).
  std::size_t find_end(std::string_view bytes) noexcept;

private:
  record_layout layout_;
  bool inside_ = false;
  bool can_open_ = true;
};

} // namespace sluice
