#include "sluice/connect/table/internal/partition_path.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <charconv>

namespace sluice::table::internal {

namespace {

constexpr std::string_view escaped_characters = "\"#%'*/:=?\\{[]^";

bool must_escape(char c) noexcept {
  auto code = static_cast<unsigned char>(c);
  return code < 0x20 || code == 0x7f || escaped_characters.find(c) != std::string_view::npos;
}

} // namespace

std::string escape_path(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (must_escape(c))
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

std::string unescape_path(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    unsigned code = 0;
    if (name[i] == '%' && i + 2 < name.size()) {
      auto digits = name.substr(i + 1, 2);
      auto [end, failed] = std::from_chars(digits.data(), digits.data() + 2, code, 16);
      if (failed == std::errc{} && end == digits.data() + 2) {
        out += static_cast<char>(code);
        i += 2;
        continue;
      }
    }
    out += name[i];
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> partitions_of(std::string_view base,
                                                               std::string_view path) {
  std::vector<std::pair<std::string, std::string>> found;
  if (path.starts_with(base)) path.remove_prefix(base.size());
  while (true) {
    auto slash = path.find('/');
    if (slash == std::string_view::npos) return found; // the rest is the file's name
    auto directory = path.substr(0, slash);
    path.remove_prefix(slash + 1);
    if (auto equals = directory.find('='); equals != std::string_view::npos)
      found.emplace_back(unescape_path(directory.substr(0, equals)),
                         unescape_path(directory.substr(equals + 1)));
  }
}

std::string local_path(const std::string& text, const std::string& table) {
  std::string_view path = text;
  if (path.starts_with("file:")) {
    path.remove_prefix(5);
    if (path.starts_with("//")) path.remove_prefix(2);
  } else if (auto scheme = path.find("://"); scheme != std::string_view::npos) {
    throw plan_error(
      fmt::format("table {}: option 'path': there is no file system '{}', only file://", table,
                  path.substr(0, scheme)));
  }
  if (path.empty()) throw plan_error(fmt::format("table {}: option 'path' is empty", table));
  return std::string(path);
}

} // namespace sluice::table::internal
