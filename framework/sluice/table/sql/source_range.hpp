/// Places in a SQL text.
#pragma once

#include <compare>
#include <cstdint>

namespace sluice::sql {

/// A place in a SQL text.
struct source_position {
  std::uint32_t line = 1;   ///< counted from 1
  std::uint32_t column = 1; ///< in characters (not bytes) of the line, counted from 1
  std::uint32_t offset = 0; ///< in bytes of the whole text

  friend auto operator<=>(const source_position&, const source_position&) = default;
};

/// A part of a SQL text; `end` is the place after its last character.
struct source_range {
  source_position begin;
  source_position end;

  bool empty() const noexcept { return begin.offset == end.offset; }

  friend bool operator==(const source_range&, const source_range&) = default;
};

} // namespace sluice::sql
