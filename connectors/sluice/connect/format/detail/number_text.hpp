/// Numbers and truth values from text and back.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace sluice::detail {

/// Arithmetic types that are written as numbers (`char` is a character).
template <class T>
concept number
  = std::is_arithmetic_v<T> && !std::same_as<T, bool> && !std::same_as<T, char>
    && !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t>
    && !std::same_as<T, char32_t> && !std::same_as<T, long double>;

enum class parse_error : std::uint8_t { none, malformed, out_of_range };

/// Reads all of `text` except blanks around it. What is too small for a floating-point number is 0,
/// as in C and Java; what is too big is an error. `out` is unchanged on error.
template <number T>
parse_error parse_number(std::string_view text, T& out) noexcept;

/// true, false, 1 or 0, in any case, with blanks around it.
parse_error parse_bool(std::string_view text, bool& out) noexcept;

/// Appends the shortest text that reads back as the same number; floating ones show that they are.
template <number T>
void append_number_text(std::string& out, T value);

} // namespace sluice::detail
