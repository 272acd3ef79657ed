/// Numbers and texts, as Java and Flink write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::table {

/// As Java's `Double.toString`: `1.0`, `1.0E10`, `NaN`, `-Infinity`; shortest digits that read
/// back.
void append_java(std::string& out, double value);
void append_java(std::string& out, float value);

/// Reads an integer as Flink casts one: blanks around, a sign, a fraction that is dropped. False
/// when it is no number or does not fit.
bool parse_integer(std::string_view text, std::int64_t least, std::int64_t most,
                   std::int64_t& out) noexcept;

/// Reads a floating point number: blanks around, `NaN`, `Infinity`, `1e5`.
bool parse_double(std::string_view text, double& out) noexcept;
bool parse_float(std::string_view text, float& out) noexcept;

/// `true`, `t`, `yes`, `y`, `1` and their opposites, in any case.
bool parse_boolean(std::string_view text, bool& out) noexcept;

/// Without blanks at both ends.
std::string_view trimmed(std::string_view text) noexcept;

} // namespace sluice::table
