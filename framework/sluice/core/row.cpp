#include "sluice/core/row.hpp"

#include <algorithm>

namespace sluice {

std::string_view to_string(column_type type) noexcept {
  switch (type) {
  case column_type::boolean:
    return "boolean";
  case column_type::int64:
    return "int64";
  case column_type::float64:
    return "float64";
  case column_type::string:
    return "string";
  }
  return "?";
}

std::optional<std::size_t> schema::find(std::string_view name) const noexcept {
  auto at = std::find_if(columns_.begin(), columns_.end(),
                         [&](const column& c) { return c.name == name; });
  if (at == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - columns_.begin());
}

std::ostream& operator<<(std::ostream& out, const row& r) {
  out << '(';
  for (std::size_t i = 0; i < r.cells.size(); ++i) {
    if (i > 0) out << ", ";
    out << to_text(r.cells[i]);
  }
  return out << ')';
}

} // namespace sluice
