/// Functions of one text, shared by kernels. Not for users.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::table::texts {

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string initcap(std::string_view text);
std::string reverse(std::string_view text);

/// As SUBSTRING: code points from `start` (1-based; from the end if negative), at most `length`.
std::string_view substring(std::string_view text, std::int64_t start,
                           std::optional<std::int64_t> length);

/// 1-based code point where the `occurrence`-th `part` begins, searching from code point `from`.
std::int32_t position(std::string_view part, std::string_view text, std::int64_t from = 1);

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

std::string url_encode(std::string_view text);
std::optional<std::string> url_decode(std::string_view text);

/// A part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, AUTHORITY, FILE, USERINFO.
std::optional<std::string> url_part(std::string_view url, std::string_view part,
                                    std::optional<std::string_view> key);

} // namespace sluice::table::texts
