/// JSON from values. Not for users.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::table {

class function_registry;

/// A part of `add_json_functions`.
void add_json_constructors(function_registry& registry);

/// Digits of control characters: Flink's constructors and its JSON_QUOTE differ in them.
enum class json_hex : std::uint8_t { lower, upper };

/// Appends `text` in quotes, with the escapes of JSON.
void append_json_text(std::string& out, std::string_view text, json_hex hex = json_hex::upper);

} // namespace sluice::table
