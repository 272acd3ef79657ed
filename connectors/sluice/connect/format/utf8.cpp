#include "sluice/connect/format/utf8.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace sluice {

namespace {

/// Length of the valid sequence at `text[i]`; 0 if it is wrong, with the bytes to skip in `wrong`.
std::size_t sequence_length(std::string_view text, std::size_t i, std::size_t& wrong) noexcept {
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  auto lead = byte(i);
  wrong = 1;
  if (lead < 0x80) return 1;
  std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (std::size_t k = 1; k < length; ++k) {
    if (i + k >= text.size() || byte(i + k) < low || byte(i + k) > high) {
      wrong = k;
      return 0;
    }
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

} // namespace

bool is_valid_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < text.size();) {
    auto length = sequence_length(text, i, wrong);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

void append_valid_utf8(std::string& out, std::string_view text) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (auto length = sequence_length(text, i, wrong)) {
      out.append(text, i, length);
      i += length;
    } else {
      out += "\xef\xbf\xbd";
      i += wrong;
    }
  }
}

void append_escaped(std::string& out, std::string_view text, std::size_t max_chars) {
  std::size_t wrong = 0;
  std::size_t chars = 0;
  for (std::size_t i = 0; i < text.size(); ++chars) {
    if (chars == max_chars) {
      out += "...";
      return;
    }
    auto length = sequence_length(text, i, wrong);
    auto c = text[i];
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (length == 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
      length = 1;
    } else {
      out.append(text, i, length);
    }
    i += length;
  }
}

std::string invalid_utf8_reason(std::string_view text) {
  auto at = find_invalid_utf8(text);
  if (at == std::string_view::npos) return "invalid UTF-8";
  return fmt::format("invalid UTF-8 (byte 0x{:02x} at position {})",
                     static_cast<unsigned char>(text[at]), at + 1);
}

} // namespace sluice
