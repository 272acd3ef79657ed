/// Exact decimal arithmetic: DECIMAL values are their digits without the point, in 128 bits.
///
/// Every function that can overflow says so by returning false; SQL makes NULL of that. Rounding is
/// HALF_UP (away from zero at one half), as in Flink.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::table {

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

namespace decimal {

/// 10 to the power of `n`, 0 <= n <= 38.
int128 power_of_ten(int n) noexcept;

/// Whether `value` has at most `precision` digits.
bool fits(int128 value, int precision) noexcept;

/// Changes the scale, rounding HALF_UP. False when the result has more than `precision` digits.
bool rescale(int128 value, int from_scale, int to_precision, int to_scale, int128& out) noexcept;

/// A result type, digits and digits behind the point.
struct shape {
  int precision;
  int scale;
};

bool add(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept;
bool subtract(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept;
bool multiply(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept;
/// REQUIRES: b != 0, also of `modulo`.
bool divide(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept;
/// The remainder has the sign of `a`.
bool modulo(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept;

/// -1, 0 or 1, at any scales.
int compare(int128 a, int a_scale, int128 b, int b_scale) noexcept;

/// Rounds to `digits` behind the point (negative: before it), towards zero if `truncate`; the value
/// is returned at `to_scale`.
bool round(int128 value, int scale, int digits, bool truncate, shape result, int128& out) noexcept;

/// The nearest integer not above (`floor`) or not below (`ceil`) the value, at scale 0.
int128 floor(int128 value, int scale) noexcept;
int128 ceil(int128 value, int scale) noexcept;

double to_double(int128 value, int scale) noexcept;

/// False for what is not finite or has too many digits.
bool from_double(double value, shape result, int128& out) noexcept;

/// The integral part as the low 64 bits, as Java's `longValue`.
std::int64_t to_integer(int128 value, int scale) noexcept;

/// Reads `-12.5`, `1e3`, blanks around allowed. False when the text is no number or too large.
bool parse(std::string_view text, shape result, int128& out) noexcept;

/// Digits with the point: `-12.50`.
void append_plain(std::string& out, int128 value, int scale);

/// As Java's BigDecimal prints: plain, but `1E-7` where the value is that small.
void append_java(std::string& out, int128 value, int scale);

} // namespace decimal
} // namespace sluice::table
