#include "sluice/connect/table/internal/inline_rows.hpp"

#include "sluice/connect/table/internal/value_text.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/types/datetime.hpp"
#include "sluice/table/types/number_text.hpp"

#include <fmt/format.h>

namespace sluice::table::internal {

namespace {

/// Takes the text up to a separator at the top level from the front; quotes and brackets hide it.
std::string_view take_element(std::string_view& rest, char separator, bool& more) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    auto c = rest[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '[' || c == '{' || c == '(') ++depth;
    if (c == ']' || c == '}' || c == ')') --depth;
    if (c == separator && depth == 0) {
      auto element = rest.substr(0, i);
      rest.remove_prefix(i + 1);
      more = true;
      return trimmed(element);
    }
  }
  more = false;
  return trimmed(std::exchange(rest, {}));
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string out;
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '"') ++i;
  }
  return out;
}

/// What is between the brackets, if there are any.
bool inside(std::string_view& text, std::string_view opening, std::string_view closing) {
  if (text.size() < 2) return false;
  auto kind = opening.find(text.front());
  if (kind == std::string_view::npos || text.back() != closing[kind]) return false;
  text = trimmed(text.substr(1, text.size() - 2));
  return true;
}

bool append_inline(column& c, std::string_view text);

bool append_list(column& c, std::string_view text) {
  if (!inside(text, "[", "]")) return false;
  std::size_t count = 0;
  for (bool more = !text.empty(); more; ++count)
    if (!append_inline(c.child(0), take_element(text, ',', more))) return false;
  c.append_list(count);
  return true;
}

bool append_map(column& c, std::string_view text) {
  if (!inside(text, "{", "}")) return false;
  std::size_t count = 0;
  for (bool more = !text.empty(); more; ++count) {
    auto value = take_element(text, ',', more);
    bool has_value = false;
    auto key = take_element(value, '=', has_value);
    if (!has_value || !append_inline(c.child(0), key) || !append_inline(c.child(1), trimmed(value)))
      return false;
  }
  c.append_list(count);
  return true;
}

bool append_row(column& c, std::string_view text) {
  if (text.starts_with("+I")) text.remove_prefix(2);
  if (!inside(text, "[(", "])")) return false;
  bool more = true;
  for (std::size_t i = 0; i < c.num_children(); ++i)
    if (!more || !append_inline(c.child(i), take_element(text, ',', more))) return false;
  c.append_row();
  return !more;
}

/// False: the column is of no use any more.
bool append_inline(column& c, std::string_view text) {
  if (text == "null" || text == "NULL") {
    c.append_null();
    return true;
  }
  std::int64_t micros = 0;
  switch (c.type().root()) {
  case type_root::array:
    return append_list(c, text);
  case type_root::map:
    return append_map(c, text);
  case type_root::row:
    return append_row(c, text);
  case type_root::timestamp_ltz:
    if (text.ends_with('Z')) text.remove_suffix(1);
    [[fallthrough]];
  case type_root::timestamp:
    if (!parse_timestamp(unquoted(text), micros)) return false;
    c.append(micros);
    return true;
  case type_root::binary:
  case type_root::varbinary:
    c.append_text(unquoted(text));
    return true;
  case type_root::time: {
    std::int32_t millis = 0;
    if (!parse_time(unquoted(text), millis)) return false;
    c.append(millis);
    return true;
  }
  default:
    return append_value(c, unquoted(text), {});
  }
}

bool take_kind(std::string_view& line, row_kind& kind) {
  constexpr row_kind kinds[]
    = {row_kind::insert, row_kind::update_before, row_kind::update_after, row_kind::delete_};
  for (auto k : kinds) {
    if (!line.starts_with(to_string(k))) continue;
    auto rest = trimmed(line.substr(2));
    if (!inside(rest, "[", "]")) return false;
    line = rest;
    kind = k;
    return true;
  }
  return true;
}

} // namespace

std::unique_ptr<columnar_batch> parse_inline_rows(std::string_view text,
                                                  const std::vector<data_type::field>& columns,
                                                  std::string_view who) {
  std::vector<std::shared_ptr<column>> parsed;
  for (const auto& field : columns) parsed.push_back(std::make_shared<column>(field.type));
  std::vector<row_kind> kinds;
  bool changes = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto end = text.find('\n');
    auto line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    auto fail = [&](const std::string& reason) {
      throw plan_error(fmt::format("{}: line {}: {}: {}", who, number, reason, line));
    };
    auto kind = row_kind::insert;
    auto rest = line;
    if (!take_kind(rest, kind)) fail("a row looks like +I[1, a, null]");
    bool more = true;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!more) fail(fmt::format("there are {} values, not {}", i, columns.size()));
      auto element = take_element(rest, ',', more);
      if (!append_inline(*parsed[i], element))
        fail(fmt::format("{} is not {}", element, describe_type(columns[i].type)));
    }
    if (more && !columns.empty())
      fail(fmt::format("there are more than {} values", columns.size()));
    kinds.push_back(kind);
    changes |= kind != row_kind::insert;
  }
  auto batch = std::make_unique<columnar_batch>(
    std::vector<column_ptr>(parsed.begin(), parsed.end()), kinds.size());
  if (changes) std::copy(kinds.begin(), kinds.end(), batch->make_kinds());
  return batch;
}

} // namespace sluice::table::internal
