#include "sluice/table/types/decimal.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sluice::table::decimal {

namespace {

using wide = boost::multiprecision::int512_t;

constexpr std::array<uint128, 39> powers = [] {
  std::array<uint128, 39> result{};
  result[0] = 1;
  for (std::size_t i = 1; i < result.size(); ++i) result[i] = result[i - 1] * 10;
  return result;
}();

uint128 magnitude(int128 value) noexcept {
  return value < 0 ? uint128{0} - static_cast<uint128>(value) : static_cast<uint128>(value);
}

int128 with_sign(uint128 value, bool negative) noexcept {
  return static_cast<int128>(negative ? uint128{0} - value : value);
}

wide power_of_ten_wide(int n) {
  wide result = 1;
  for (; n > 38; n -= 38) result *= wide(powers[38]);
  return result * wide(powers[static_cast<std::size_t>(n)]);
}

/// value / divisor, HALF_UP. REQUIRES: divisor > 0.
int128 divide_half_up(int128 value, uint128 divisor) noexcept {
  auto m = magnitude(value);
  auto quotient = m / divisor;
  auto rest = m % divisor;
  if (rest >= divisor - rest) ++quotient;
  return with_sign(quotient, value < 0);
}

bool narrow(const wide& value, int precision, int128& out) {
  wide m = value < 0 ? wide(-value) : value;
  if (m >= wide(powers[static_cast<std::size_t>(precision)])) return false;
  auto low = static_cast<std::uint64_t>(m & wide(~std::uint64_t{0}));
  auto high = static_cast<std::uint64_t>(m >> 64);
  out = with_sign(static_cast<uint128>(high) << 64 | low, value < 0);
  return true;
}

wide divide_wide(wide numerator, wide divisor) {
  bool negative = (numerator < 0) != (divisor < 0);
  if (numerator < 0) numerator = -numerator;
  if (divisor < 0) divisor = -divisor;
  wide quotient = numerator / divisor;
  wide rest = numerator % divisor;
  if (rest * 2 >= divisor) ++quotient;
  return negative ? wide(-quotient) : quotient;
}

wide widen(int128 value) {
  auto m = magnitude(value);
  wide w = wide(static_cast<std::uint64_t>(m >> 64));
  w <<= 64;
  w += wide(static_cast<std::uint64_t>(m));
  return value < 0 ? wide(-w) : w;
}

/// `value` at `from_scale` to the shape, HALF_UP.
bool fit_wide(const wide& value, int from_scale, shape result, int128& out) {
  auto shift = result.scale - from_scale;
  if (shift >= 0) return narrow(value * power_of_ten_wide(shift), result.precision, out);
  return narrow(divide_wide(value, power_of_ten_wide(-shift)), result.precision, out);
}

/// Brings both to the larger scale; false when that needs more than 128 bits.
bool align(int128& a, int a_scale, int128& b, int b_scale) noexcept {
  if (a_scale < b_scale) return !__builtin_mul_overflow(a, power_of_ten(b_scale - a_scale), &a);
  if (b_scale < a_scale) return !__builtin_mul_overflow(b, power_of_ten(a_scale - b_scale), &b);
  return true;
}

} // namespace

int128 power_of_ten(int n) noexcept {
  return static_cast<int128>(powers[static_cast<std::size_t>(n)]);
}

bool fits(int128 value, int precision) noexcept {
  return magnitude(value) < powers[static_cast<std::size_t>(precision)];
}

bool rescale(int128 value, int from_scale, int to_precision, int to_scale, int128& out) noexcept {
  auto shift = to_scale - from_scale;
  if (shift > 38) {
    out = 0;
    return value == 0;
  }
  if (shift >= 0) {
    if (__builtin_mul_overflow(value, power_of_ten(shift), &out)) return false;
  } else {
    out = shift < -38 ? 0 : divide_half_up(value, powers[static_cast<std::size_t>(-shift)]);
  }
  return fits(out, to_precision);
}

bool add(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept {
  auto scale = std::max(a_scale, b_scale);
  auto x = a;
  auto y = b;
  int128 sum = 0;
  if (align(x, a_scale, y, b_scale) && !__builtin_add_overflow(x, y, &sum))
    return rescale(sum, scale, result.precision, result.scale, out);
  wide total
    = widen(a) * power_of_ten_wide(scale - a_scale) + widen(b) * power_of_ten_wide(scale - b_scale);
  return fit_wide(total, scale, result, out);
}

bool subtract(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept {
  return add(a, a_scale, -b, b_scale, result, out);
}

bool multiply(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept {
  int128 product = 0;
  if (!__builtin_mul_overflow(a, b, &product))
    return rescale(product, a_scale + b_scale, result.precision, result.scale, out);
  return fit_wide(widen(a) * widen(b), a_scale + b_scale, result, out);
}

bool divide(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept {
  // a / 10^as / (b / 10^bs) at scale rs is a * 10^(rs - as + bs) / b.
  auto shift = result.scale - a_scale + b_scale;
  int128 numerator = 0;
  if (shift >= 0 && shift <= 38 && !__builtin_mul_overflow(a, power_of_ten(shift), &numerator)) {
    auto quotient = divide_half_up(numerator, magnitude(b));
    out = b < 0 ? -quotient : quotient;
    return fits(out, result.precision);
  }
  if (shift >= 0)
    return narrow(divide_wide(widen(a) * power_of_ten_wide(shift), widen(b)), result.precision,
                  out);
  return narrow(divide_wide(widen(a), widen(b) * power_of_ten_wide(-shift)), result.precision, out);
}

bool modulo(int128 a, int a_scale, int128 b, int b_scale, shape result, int128& out) noexcept {
  auto scale = std::max(a_scale, b_scale);
  auto x = a;
  auto y = b;
  if (align(x, a_scale, y, b_scale))
    return rescale(x % y, scale, result.precision, result.scale, out);
  wide rest = (widen(a) * power_of_ten_wide(scale - a_scale))
              % (widen(b) * power_of_ten_wide(scale - b_scale));
  return fit_wide(rest, scale, result, out);
}

int compare(int128 a, int a_scale, int128 b, int b_scale) noexcept {
  auto x = a;
  auto y = b;
  if (align(x, a_scale, y, b_scale)) return x < y ? -1 : (x > y ? 1 : 0);
  // The one that overflowed is the larger by magnitude.
  if ((a < 0) != (b < 0)) return a < 0 ? -1 : 1;
  bool a_larger = a_scale < b_scale;
  return a_larger == (a > 0) ? 1 : -1;
}

bool round(int128 value, int scale, int digits, bool truncate, shape result, int128& out) noexcept {
  if (digits >= scale) return rescale(value, scale, result.precision, result.scale, out);
  auto drop = scale - digits;
  int128 kept = 0;
  if (drop <= 38) {
    auto divisor = powers[static_cast<std::size_t>(drop)];
    kept = truncate ? with_sign(magnitude(value) / divisor, value < 0)
                    : divide_half_up(value, divisor);
  }
  // `kept` counts units of 10^-digits.
  return fit_wide(digits >= 0 ? widen(kept) : widen(kept) * power_of_ten_wide(-digits),
                  std::max(digits, 0), result, out);
}

int128 floor(int128 value, int scale) noexcept {
  auto divisor = power_of_ten(scale);
  auto quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

int128 ceil(int128 value, int scale) noexcept { return -floor(-value, scale); }

double to_double(int128 value, int scale) noexcept {
  // A double holds 53 bits and 10^22 exactly, so within them one division is rounded correctly.
  constexpr int128 exact = int128{1} << 53;
  if (value <= exact && value >= -exact && scale <= 22)
    return static_cast<double>(value) / static_cast<double>(power_of_ten(scale));
  std::string text;
  append_plain(text, value, scale);
  double result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

bool from_double(double value, shape result, int128& out) noexcept {
  if (!std::isfinite(value)) return false;
  // By the shortest text of the number, as BigDecimal.valueOf does.
  std::array<char, 32> text{};
  auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return parse(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())), result,
               out);
}

std::int64_t to_integer(int128 value, int scale) noexcept {
  return static_cast<std::int64_t>(value / power_of_ten(scale));
}

bool parse(std::string_view text, shape result, int128& out) noexcept {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int128 digits = 0;
  int scale = 0;          // digits behind the point that are in `digits`
  int dropped_before = 0; // digits of the integral part that did not fit
  bool point = false;
  bool any = false;
  std::size_t i = 0;
  int first_dropped = -1; // decides the rounding
  for (; i < text.size(); ++i) {
    auto c = text[i];
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      any = true;
      if (first_dropped < 0 && fits(digits, 37)) {
        digits = digits * 10 + (c - '0');
        if (point) ++scale;
      } else {
        if (first_dropped < 0) first_dropped = c - '0';
        if (!point) ++dropped_before;
      }
    } else {
      break;
    }
  }
  if (!any) return false;
  int exponent = 0;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return false;
    auto rest = text.substr(i + 1);
    if (rest.starts_with('+')) rest.remove_prefix(1);
    auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
    if (failed != std::errc{} || rest.empty() || end != rest.data() + rest.size()) return false;
    if (std::abs(exponent) > 10'000) {
      out = 0;
      return digits == 0 || exponent < 0;
    }
  }
  if (first_dropped >= 5) ++digits; // of a digit far behind what a DECIMAL holds
  if (negative) digits = -digits;
  auto from_scale = scale - exponent - dropped_before;
  if (from_scale >= 0) return rescale(digits, from_scale, result.precision, result.scale, out);
  if (digits == 0) {
    out = 0;
    return true;
  }
  if (-from_scale > 38) return false;
  int128 widened = 0;
  if (__builtin_mul_overflow(digits, power_of_ten(-from_scale), &widened)) return false;
  return rescale(widened, 0, result.precision, result.scale, out);
}

namespace {

std::string digits_of(uint128 value) {
  std::array<char, 40> buffer{};
  auto at = buffer.size();
  do {
    buffer[--at] = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value > 0);
  return {buffer.data() + at, buffer.size() - at};
}

} // namespace

void append_plain(std::string& out, int128 value, int scale) {
  if (value < 0) out += '-';
  auto digits = digits_of(magnitude(value));
  auto places = static_cast<std::size_t>(scale);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  out.append(digits, 0, digits.size() - places);
  if (places == 0) return;
  out += '.';
  out.append(digits, digits.size() - places, places);
}

void append_java(std::string& out, int128 value, int scale) {
  auto digits = digits_of(magnitude(value));
  auto exponent = static_cast<int>(digits.size()) - 1 - scale;
  if (exponent >= -6) return append_plain(out, value, scale);
  if (value < 0) out += '-';
  out += digits[0];
  if (digits.size() > 1) {
    out += '.';
    out.append(digits, 1);
  }
  out += 'E';
  out += std::to_string(exponent);
}

} // namespace sluice::table::decimal
