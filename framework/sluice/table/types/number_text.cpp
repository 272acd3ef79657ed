#include "sluice/table/types/number_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

namespace sluice::table {

namespace {

template <class Float>
void append_java_text(std::string& out, Float value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::signbit(value)) out += '-';
  value = std::abs(value);
  if (std::isinf(value)) {
    out += "Infinity";
    return;
  }
  if (value == 0) {
    out += "0.0";
    return;
  }
  // d.ddde+xx: the digits and the exponent are taken apart and put together as Java does.
  std::array<char, 48> buffer{};
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                           std::chars_format::scientific)
               .ptr;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  auto e = text.find('e');
  int exponent = 0;
  auto exponent_text = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits.append(text.substr(2, e - 2));
  if (exponent < -3 || exponent >= 7) {
    out += digits[0];
    out += '.';
    out += digits.size() > 1 ? std::string_view(digits).substr(1) : std::string_view("0");
    out += 'E';
    out += std::to_string(exponent);
  } else if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    out += digits;
  } else {
    auto integral = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() < integral) digits.append(integral - digits.size(), '0');
    out.append(digits, 0, integral);
    out += '.';
    out += digits.size() > integral ? std::string_view(digits).substr(integral)
                                    : std::string_view("0");
  }
}

template <class Float>
bool parse_floating(std::string_view text, Float& out) noexcept {
  text = trimmed(text);
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "NaN") {
    out = std::numeric_limits<Float>::quiet_NaN();
    return true;
  }
  if (text == "Infinity") {
    out = std::numeric_limits<Float>::infinity();
  } else {
    // from_chars would take "inf", "nan(...)" and hexadecimal digits, which SQL does not have.
    if (text.empty() || (text[0] != '.' && (text[0] < '0' || text[0] > '9'))) return false;
    if (text.ends_with('d') || text.ends_with('D') || text.ends_with('f') || text.ends_with('F'))
      text.remove_suffix(1); // as Java's parser
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (end != text.data() + text.size()) return false;
    if (failed == std::errc::result_out_of_range) {
      auto e = text.find_first_of("eE");
      bool tiny = e != std::string_view::npos && text.substr(e + 1).starts_with('-');
      bool small = e == std::string_view::npos && text.starts_with("0.");
      out = tiny || small ? Float{0} : std::numeric_limits<Float>::infinity();
    } else if (failed != std::errc{}) {
      return false;
    }
  }
  if (negative) out = -out;
  return true;
}

} // namespace

void append_java(std::string& out, double value) { append_java_text(out, value); }
void append_java(std::string& out, float value) { append_java_text(out, value); }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

bool parse_integer(std::string_view text, std::int64_t least, std::int64_t most,
                   std::int64_t& out) noexcept {
  text = trimmed(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  if (auto point = text.find('.'); point != std::string_view::npos) {
    auto fraction = text.substr(point + 1);
    if (!std::all_of(fraction.begin(), fraction.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    text = text.substr(0, point);
    if (text.empty() && !fraction.empty()) {
      out = 0;
      return true;
    }
  }
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() && !text.empty() && out >= least
         && out <= most;
}

bool parse_double(std::string_view text, double& out) noexcept { return parse_floating(text, out); }
bool parse_float(std::string_view text, float& out) noexcept { return parse_floating(text, out); }

bool parse_boolean(std::string_view text, bool& out) noexcept {
  text = trimmed(text);
  if (text.size() > 5) return false;
  std::string lower(text);
  for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (auto yes : {"true", "t", "yes", "y", "1"}) {
    if (lower == yes) {
      out = true;
      return true;
    }
  }
  for (auto no : {"false", "f", "no", "n", "0"}) {
    if (lower == no) {
      out = false;
      return true;
    }
  }
  return false;
}

} // namespace sluice::table
