#include "sluice/table/function/text_functions.hpp"

#include "sluice/table/types/utf8.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace sluice::table::texts {

namespace {

/// Case of the scripts whose capitals lie at a fixed distance; others stay as they are.
char32_t upper_of(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  if ((c >= 0xe0 && c <= 0xfe && c != 0xf7) || (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2)
      || (c >= 0x430 && c <= 0x44f))
    return c - 32;
  if (c == 0xff) return 0x178;
  if (c == 0x3c2) return 0x3a3;
  if (c >= 0x450 && c <= 0x45f) return c - 80;
  bool odd_is_lower = (c >= 0x100 && c <= 0x137 && c != 0x131) || (c >= 0x14a && c <= 0x177)
                      || (c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff);
  if (odd_is_lower) return c & ~char32_t{1};
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) return c % 2 == 0 ? c - 1 : c;
  return c;
}

char32_t lower_of(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9 && c != 0x3a2)
      || (c >= 0x410 && c <= 0x42f))
    return c + 32;
  if (c == 0x178) return 0xff;
  if (c >= 0x400 && c <= 0x40f) return c + 80;
  bool even_is_upper = (c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14a && c <= 0x177)
                       || (c >= 0x1e00 && c <= 0x1e95) || (c >= 0x1ea0 && c <= 0x1eff);
  if (even_is_upper) return c | 1;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e)) return c % 2 == 1 ? c + 1 : c;
  return c;
}

constexpr char32_t sharp_s = 0xdf;

} // namespace

std::string upper(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (utf8::is_ascii(text)) {
    for (char c : text) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return out;
  }
  while (!text.empty()) {
    auto c = utf8::take(text);
    if (c == sharp_s)
      out += "SS";
    else
      utf8::append(out, upper_of(c));
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (utf8::is_ascii(text)) {
    for (char c : text) out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return out;
  }
  while (!text.empty()) utf8::append(out, lower_of(utf8::take(text)));
  return out;
}

std::string initcap(std::string_view text) {
  std::string out;
  bool inside = false;
  while (!text.empty()) {
    auto c = utf8::take(text);
    utf8::append(out, inside ? lower_of(c) : upper_of(c));
    inside = c >= 0x80 || std::isalnum(static_cast<int>(c)) != 0;
  }
  return out;
}

std::string reverse(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (utf8::is_ascii(text)) {
    out.assign(text.rbegin(), text.rend());
    return out;
  }
  std::u32string points;
  while (!text.empty()) points += utf8::take(text);
  for (auto i = points.size(); i > 0; --i) utf8::append(out, points[i - 1]);
  return out;
}

std::string_view substring(std::string_view text, std::int64_t start,
                           std::optional<std::int64_t> length) {
  if (length && *length <= 0) return text.substr(0, 0);
  bool ascii = utf8::is_ascii(text);
  auto size = static_cast<std::int64_t>(ascii ? text.size() : utf8::length(text));
  std::int64_t begin = start > 0 ? start - 1 : (start < 0 ? size + start : 0);
  if (begin < 0 && start < 0) return text.substr(0, 0);
  if (begin >= size) return text.substr(0, 0);
  auto count = length ? std::min(*length, size - begin) : size - begin;
  if (ascii) return text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
  auto from = utf8::offset_of(text, static_cast<std::size_t>(begin));
  return utf8::prefix(text.substr(from), static_cast<std::size_t>(count));
}

std::int32_t position(std::string_view part, std::string_view text, std::int64_t from) {
  if (from < 1) return 0;
  if (part.empty()) return 1;
  auto start = utf8::offset_of(text, static_cast<std::size_t>(from - 1));
  auto at = text.find(part, start);
  if (at == std::string_view::npos) return 0;
  return static_cast<std::int32_t>(utf8::length(text.substr(0, at))) + 1;
}

std::string to_base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                              reinterpret_cast<const unsigned char*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  std::size_t padding = 0;
  while (padding < 2 && padding < padded.size() && padded[padded.size() - 1 - padding] == '=')
    ++padding;
  std::string out(padded.size() / 4 * 3 + 1, '\0');
  auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                              reinterpret_cast<const unsigned char*>(padded.data()),
                              static_cast<int>(padded.size()));
  if (size < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char ch : text) {
    auto c = static_cast<unsigned char>(ch);
    if ((c < 0x80 && std::isalnum(c) != 0) || c == '.' || c == '-' || c == '*' || c == '_') {
      out += ch;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += digits[c >> 4];
      out += digits[c & 15];
    }
  }
  return out;
}

std::optional<std::string> url_decode(std::string_view text) {
  auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
        return std::nullopt;
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<std::string> url_part(std::string_view url, std::string_view part,
                                    std::optional<std::string_view> key) {
  auto colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  auto protocol = url.substr(0, colon);
  auto rest = url.substr(colon + 3);
  std::optional<std::string_view> ref;
  if (auto hash = rest.find('#'); hash != std::string_view::npos) {
    ref = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
  }
  auto end = rest.find_first_of("/?");
  auto authority = rest.substr(0, end);
  auto file = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  std::optional<std::string_view> query;
  auto path = file;
  if (auto mark = file.find('?'); mark != std::string_view::npos) {
    query = file.substr(mark + 1);
    path = file.substr(0, mark);
  }
  auto at = authority.rfind('@');
  auto host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  if (auto port = host.rfind(':'); port != std::string_view::npos) host = host.substr(0, port);
  auto own = [](std::string_view v) { return std::optional<std::string>(std::string(v)); };
  if (part == "HOST") return own(host);
  if (part == "PATH") return own(path);
  if (part == "PROTOCOL") return own(protocol);
  if (part == "AUTHORITY") return own(authority);
  if (part == "FILE") return own(file);
  if (part == "REF") return ref ? own(*ref) : std::nullopt;
  if (part == "USERINFO")
    return at == std::string_view::npos ? std::nullopt : own(authority.substr(0, at));
  if (part != "QUERY" || !query) return std::nullopt;
  if (!key) return own(*query);
  for (auto pairs = *query; !pairs.empty();) {
    auto amp = pairs.find('&');
    auto pair = pairs.substr(0, amp);
    pairs = amp == std::string_view::npos ? std::string_view{} : pairs.substr(amp + 1);
    if (pair.starts_with(*key) && pair.size() > key->size() && pair[key->size()] == '=')
      return own(pair.substr(key->size() + 1));
  }
  return std::nullopt;
}

} // namespace sluice::table::texts
