/// UTF-8: is it, where is it not, and how to show it anyway.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

bool is_valid_utf8(std::string_view text) noexcept;

/// Index of the first byte that does not belong to a valid sequence; `npos` if there is none.
std::size_t find_invalid_utf8(std::string_view text) noexcept;

/// Appends `text`, with U+FFFD for each maximal wrong sequence.
void append_valid_utf8(std::string& out, std::string_view text);

/// Appends up to `max_chars` characters of `text` for a message: control characters, backslashes
/// and invalid bytes as escapes in the way of C, and "..." where it was cut.
void append_escaped(std::string& out, std::string_view text, std::size_t max_chars);

/// "invalid UTF-8 (byte 0xe9 at position 3)", for a text that is not valid.
std::string invalid_utf8_reason(std::string_view text);

} // namespace sluice
