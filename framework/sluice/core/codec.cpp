#include "sluice/core/codec.hpp"

namespace sluice::detail {

std::vector<std::pair<std::string, std::string>> struct_fields(std::string_view schema) {
  constexpr std::string_view prefix = "struct{";
  if (!schema.starts_with(prefix) || !schema.ends_with('}')) return {};
  schema.remove_prefix(prefix.size());
  schema.remove_suffix(1);
  std::vector<std::pair<std::string, std::string>> fields;
  int depth = 0;
  std::size_t begin = 0;
  auto add = [&](std::string_view field) {
    auto colon = field.find(':');
    auto open = field.find_first_of("<({");
    if (colon == field.npos || open < colon) return false;
    fields.emplace_back(field.substr(0, colon), field.substr(colon + 1));
    return true;
  };
  for (std::size_t i = 0; i <= schema.size(); ++i) {
    auto c = i < schema.size() ? schema[i] : ',';
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
    if (c != ',' || depth != 0) continue;
    if (!add(schema.substr(begin, i - begin))) return {};
    begin = i + 1;
  }
  return fields;
}

} // namespace sluice::detail
