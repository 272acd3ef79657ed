#include "sluice/table/streams/record_mapping.hpp"

#include <fmt/format.h>

namespace sluice::table {

void detail::throw_null_value(const column& c) {
  throw format_error(fmt::format("NULL in a column of {} whose field takes none: make the field a "
                                 "std::optional, or filter the table",
                                 c.type().to_string()));
}

data_type record_mapping<row>::cell_type(const data_type& type) {
  auto stored = type.is(type_root::boolean) ? data_type::boolean()
                : type.is_integer()         ? data_type::bigint()
                : type.is_approximate()     ? data_type::double_()
                                            : data_type::string();
  return stored.with_nullable(type.nullable());
}

namespace {

std::string_view name_of(const cell& c) {
  static constexpr std::string_view names[] = {"NULL", "BOOLEAN", "BIGINT", "DOUBLE", "STRING"};
  return names[c.index()];
}

} // namespace

void record_mapping<row>::append_row(column_span to, const row& r) {
  if (r.size() != to.size())
    throw format_error(
      fmt::format("a row of {} cells in a table of {} columns", r.size(), to.size()));
  for (std::size_t i = 0; i < to.size(); ++i) {
    auto& column = *to[i];
    const auto& cell = r[i];
    if (std::holds_alternative<std::monostate>(cell) && column.type().nullable())
      column.append_null();
    else if (const auto* b = std::get_if<bool>(&cell); b && column.type().is(type_root::boolean))
      column.append<std::uint8_t>(*b);
    else if (const auto* n = std::get_if<std::int64_t>(&cell); n && column.type().is_integer())
      column.append(*n);
    else if (const auto* d = std::get_if<double>(&cell); d && column.type().is_approximate())
      column.append(*d);
    else if (const auto* s = std::get_if<std::string>(&cell); s && column.type().is_character())
      column.append_text(*s);
    else
      throw format_error(fmt::format("cell {} of a row is {}, and its column is {}", i,
                                     name_of(cell), column.type().to_string()));
  }
}

void record_mapping<row>::read_row(columns_view from, std::size_t i, row& to) {
  to.cells.resize(from.size());
  for (std::size_t k = 0; k < from.size(); ++k) {
    const auto& c = *from[k];
    if (c.is_null(i))
      to.cells[k] = std::monostate{};
    else if (c.type().is(type_root::boolean))
      to.cells[k] = c.value<std::uint8_t>(i) != 0;
    else if (c.type().is_integer())
      to.cells[k] = c.value<std::int64_t>(i);
    else if (c.type().is_approximate())
      to.cells[k] = c.value<double>(i);
    else
      to.cells[k] = std::string(c.text(i));
  }
}

} // namespace sluice::table
