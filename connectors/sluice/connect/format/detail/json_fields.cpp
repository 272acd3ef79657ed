#include "sluice/connect/format/detail/json_fields.hpp"

#include "sluice/connect/format/utf8.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice::detail {

bool json_reader::read_bool(const json_value& value, bool& out) noexcept {
  if (value.kind() == json_kind::boolean) {
    out = value.as_bool();
    return true;
  }
  return value.kind() == json_kind::text && parse_bool(value.as_text(), out) == parse_error::none;
}

bool json_reader::fail(const json_value& value, std::string_view wanted) {
  std::string text;
  value.to_text(text);
  std::string shown;
  append_escaped(shown, text, 60);
  auto quote = value.kind() == json_kind::text ? "\"" : "";
  return fail(fmt::format("{}{}{} is not {}", quote, shown, quote, wanted));
}

bool json_reader::fail(std::string reason) {
  path_.clear();
  reason_ = std::move(reason);
  return false;
}

bool json_reader::at_field(std::string_view name) {
  std::string step;
  append_escaped(step, name, 60);
  path_ = path_.empty() || path_.front() == '[' ? step + path_ : step + '.' + path_;
  return false;
}

bool json_reader::at_index(std::size_t index) {
  auto step = fmt::format("[{}]", index);
  path_ = path_.empty() || path_.front() == '[' ? step + path_ : step + '.' + path_;
  return false;
}

bool json_reader::null_instead() noexcept {
  if (options_.errors != on_error::null_field) return false;
  path_.clear();
  ++nulled_;
  return true;
}

bool json_reader::field_missing(std::string_view name, bool present) {
  if (!options_.fail_on_missing_field) return true;
  fail(present ? "is null" : "is missing");
  return at_field(name);
}

bool json_reader::read_row(const json_value& value, row& out) {
  auto& columns = options_.row_schema.columns();
  if (value.kind() != json_kind::object) return fail(value, "an object");
  out.cells.resize(columns.size());
  std::vector<bool> seen(columns.size());
  json_fields fields(value);
  std::string_view name;
  json_value item;
  for (std::size_t expected = 0; fields.next(name, item);) {
    auto at = expected < columns.size() && columns[expected].name == name
                ? expected
                : options_.row_schema.find(name).value_or(columns.size());
    if (at == columns.size()) continue;
    expected = at + 1;
    seen[at] = true;
    auto& target = out[at];
    if (item.kind() == json_kind::null) {
      target = std::monostate{};
      continue;
    }
    bool good = false;
    auto take = [&]<class V>(V wanted) {
      good = read(item, wanted);
      if (good) target = wanted;
    };
    switch (columns[at].type) {
    case column_type::boolean:
      take(false);
      break;
    case column_type::int64:
      take(std::int64_t{0});
      break;
    case column_type::float64:
      take(0.0);
      break;
    case column_type::string:
      if (!std::holds_alternative<std::string>(target)) target.emplace<std::string>();
      good = read(item, std::get<std::string>(target));
      break;
    }
    if (good) continue;
    target = std::monostate{};
    if (!null_instead()) return at_field(name);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (seen[i]) continue;
    out[i] = std::monostate{};
    if (!field_missing(columns[i].name, false)) return false;
  }
  return true;
}

void append_json_row(std::string& out, const row& value, const json_options& options) {
  auto& columns = options.row_schema.columns();
  if (value.size() != columns.size())
    throw format_error(fmt::format("JSON: a row of {} cells cannot be written by a schema of {} "
                                   "columns",
                                   value.size(), columns.size()));
  out += '{';
  bool first = true;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    bool null = std::holds_alternative<std::monostate>(value[i]);
    if (null && options.omit_null_fields) continue;
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, columns[i].name);
    out += ':';
    std::visit(
      [&]<class V>(const V& v) {
        if constexpr (std::same_as<V, std::monostate>)
          out += "null";
        else
          append_json(out, v, options);
      },
      value[i]);
  }
  out += '}';
}

} // namespace sluice::detail
