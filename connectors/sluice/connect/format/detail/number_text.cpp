#include "sluice/connect/format/detail/number_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace sluice::detail {

namespace {

std::string_view trim(std::string_view text) noexcept {
  auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Plain decimals of at most 18 digits, exactly: a mantissa below 2^53 divided by a power of ten
/// that a double holds exactly is rounded once (Clinger's fast path).
bool parse_plain_decimal(const char* at, const char* end, double& out) noexcept {
  static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                      1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
  bool negative = at != end && *at == '-';
  if (negative) ++at;
  auto begin = at;
  if (end - at > 19 || at == end) return false;
  std::uint64_t mantissa = 0;
  const char* point = nullptr;
  for (; at != end; ++at) {
    auto digit = static_cast<unsigned char>(*at - '0');
    if (digit <= 9) {
      mantissa = mantissa * 10 + digit;
    } else if (*at == '.' && !point) {
      point = at;
    } else {
      return false;
    }
  }
  if (mantissa > (std::uint64_t{1} << 53)) return false;
  auto fraction = point ? end - point - 1 : 0;
  if (point && (fraction == 0 || point == begin)) return false; // "5.", ".5": by the library
  auto value = static_cast<double>(mantissa) / powers[fraction];
  out = negative ? -value : value;
  return true;
}

/// Whether `text`, a decimal that fits no floating-point number, is too small for one, not too big.
bool is_too_small(std::string_view text) noexcept {
  // The exponent that the first digit other than 0 would have before the point.
  std::int64_t magnitude = 0;
  bool significant = false;
  bool behind_point = false;
  std::size_t i = text.starts_with('-') ? 1 : 0;
  for (; i < text.size() && (text[i] | 0x20) != 'e'; ++i) {
    if (text[i] == '.') {
      behind_point = true;
      continue;
    }
    if (significant && !behind_point) ++magnitude;
    if (!significant && behind_point) --magnitude;
    significant |= text[i] != '0';
  }
  if (i == text.size()) return magnitude < 0;
  auto exponent_text = text.substr(i + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  std::int64_t exponent = 0;
  auto code
    = std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent)
        .ec;
  if (code == std::errc::result_out_of_range) return exponent_text.starts_with('-');
  // No text is long enough to make up for an exponent beyond this.
  constexpr std::int64_t limit = std::int64_t{1} << 40;
  return magnitude + std::clamp(exponent, -limit, limit) < 0;
}

} // namespace

template <number T>
parse_error parse_number(std::string_view text, T& out) noexcept {
  if constexpr (std::same_as<T, double>) {
    // before trimming: most numbers have no blanks
    if (parse_plain_decimal(text.data(), text.data() + text.size(), out)) return parse_error::none;
  }
  text = trim(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  T value{};
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc::result_out_of_range) {
    if (end != text.data() + text.size()) return parse_error::malformed;
    if constexpr (std::is_floating_point_v<T>) {
      if (is_too_small(text)) {
        out = text.starts_with('-') ? T{-0.0} : T{0};
        return parse_error::none;
      }
    }
    return parse_error::out_of_range;
  }
  if (code != std::errc{} || end != text.data() + text.size()) return parse_error::malformed;
  out = value;
  return parse_error::none;
}

parse_error parse_bool(std::string_view text, bool& out) noexcept {
  text = trim(text);
  auto is = [&](std::string_view word) {
    if (text.size() != word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i)
      if ((text[i] | 0x20) != word[i]) return false;
    return true;
  };
  if (text == "1" || is("true")) {
    out = true;
  } else if (text == "0" || is("false")) {
    out = false;
  } else {
    return parse_error::malformed;
  }
  return parse_error::none;
}

template <number T>
void append_number_text(std::string& out, T value) {
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  out += text;
  if constexpr (std::is_floating_point_v<T>) {
    if (text.find_first_not_of("-0123456789") == std::string_view::npos) out += ".0";
  }
}

#define SLUICE_NUMBER(T)                                                                           \
  template parse_error parse_number<T>(std::string_view, T&) noexcept;                             \
  template void append_number_text<T>(std::string&, T);
SLUICE_NUMBER(signed char)
SLUICE_NUMBER(unsigned char)
SLUICE_NUMBER(short)
SLUICE_NUMBER(unsigned short)
SLUICE_NUMBER(int)
SLUICE_NUMBER(unsigned)
SLUICE_NUMBER(long)
SLUICE_NUMBER(unsigned long)
SLUICE_NUMBER(long long)
SLUICE_NUMBER(unsigned long long)
SLUICE_NUMBER(float)
SLUICE_NUMBER(double)
#undef SLUICE_NUMBER

} // namespace sluice::detail
