/// Nested values as bytes that are equal when the values are the same key. Not for users.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/table/column/column.hpp"

#include <cmath>
#include <limits>
#include <type_traits>

namespace sluice::table::detail {

/// A number as keys hold it: one NaN, no -0.0.
template <class T>
T key_number(T value) noexcept {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return std::numeric_limits<T>::quiet_NaN();
    return value == 0 ? T{0} : value;
  } else {
    return value;
  }
}

/// Appends row `i` of `c`, NULL or not, of any type.
void encode_key_value(byte_writer& out, const column& c, std::size_t i);

/// Appends what was encoded to a flat column. Errors: `format_error`.
void decode_key_value(byte_reader& in, column& out);

} // namespace sluice::table::detail
