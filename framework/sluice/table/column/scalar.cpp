#include "sluice/table/column/scalar.hpp"

#include "sluice/core/check.hpp"
#include "sluice/table/column/text.hpp"

namespace sluice::table {

scalar scalar::of(bool value) { return of(data_type::boolean().not_null(), std::int64_t{value}); }
scalar scalar::of(std::int32_t value) {
  return of(data_type::integer().not_null(), std::int64_t{value});
}
scalar scalar::of(std::int64_t value) { return of(data_type::bigint().not_null(), value); }
scalar scalar::of(double value) { return of(data_type::double_().not_null(), value); }
scalar scalar::of(std::string_view text) {
  auto length = static_cast<std::int32_t>(text.size());
  auto type = text.empty() ? data_type::varchar(1) : data_type::char_(length);
  return of(type.not_null(), std::string(text));
}

scalar scalar::of(data_type type, std::int64_t value) {
  auto p = type.physical();
  SLUICE_CHECK(p <= physical_type::int64, "{} is not stored as an integer", type.to_string());
  scalar result(std::move(type));
  result.value_ = value;
  return result;
}

scalar scalar::of(data_type type, double value) {
  SLUICE_CHECK(type.is_approximate(), "{} is not stored as a float", type.to_string());
  scalar result(std::move(type));
  result.value_ = value;
  return result;
}

scalar scalar::of(data_type type, int128 digits) {
  SLUICE_CHECK(type.is(type_root::decimal), "{} is not a decimal", type.to_string());
  scalar result(std::move(type));
  result.value_ = digits;
  return result;
}

scalar scalar::of(data_type type, std::string text) {
  SLUICE_CHECK(type.physical() == physical_type::string, "{} is not a string", type.to_string());
  scalar result(std::move(type));
  result.value_ = std::move(text);
  return result;
}

scalar scalar::of(data_type type, list elements) {
  SLUICE_CHECK(type.is_nested(), "{} has no elements", type.to_string());
  scalar result(std::move(type));
  result.value_ = std::move(elements);
  return result;
}

scalar scalar::from(const column& c, std::size_t row) {
  scalar result(c.type());
  if (c.is_null(row)) return result;
  const auto& source = c.dictionary_values() ? *c.dictionary_values() : c;
  switch (c.physical()) {
  case physical_type::row: {
    list fields;
    for (std::size_t k = 0; k < c.num_children(); ++k)
      fields.push_back(from(c.child(k), c.stored(row)));
    result.value_ = std::move(fields);
    break;
  }
  case physical_type::list: {
    list elements;
    auto entry = c.value<list_entry>(row);
    for (auto k = entry.offset; k < entry.offset + entry.size; ++k)
      for (std::size_t n = 0; n < source.num_children(); ++n)
        elements.push_back(from(source.child(n), k));
    result.value_ = std::move(elements);
    break;
  }
  case physical_type::string:
    result.value_ = std::string(c.text(row));
    break;
  case physical_type::decimal128:
    result.value_ = c.value<int128>(row);
    break;
  default:
    visit_physical(c.physical(), [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      if constexpr (std::is_floating_point_v<T>)
        result.value_ = static_cast<double>(c.value<T>(row));
      else if constexpr (std::is_integral_v<T> && sizeof(T) <= 8)
        result.value_ = static_cast<std::int64_t>(c.value<T>(row));
    });
  }
  return result;
}

void scalar::append_to(column& c) const {
  if (is_null()) return c.append_null();
  switch (c.physical()) {
  case physical_type::row:
    for (std::size_t k = 0; k < c.num_children(); ++k) elements()[k].append_to(c.child(k));
    c.append_row();
    break;
  case physical_type::list: {
    auto width = c.num_children();
    for (std::size_t k = 0; k < elements().size(); ++k) elements()[k].append_to(c.child(k % width));
    c.append_list(elements().size() / width);
    break;
  }
  case physical_type::string:
    c.append_text(text());
    break;
  case physical_type::decimal128:
    c.append(digits());
    break;
  default:
    visit_physical(c.physical(), [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      if constexpr (std::is_floating_point_v<T>)
        c.append(static_cast<T>(floating()));
      else if constexpr (std::is_integral_v<T> && sizeof(T) <= 8)
        c.append(static_cast<T>(integer()));
    });
  }
}

std::string scalar::to_string() const {
  if (is_null()) return "NULL";
  column c(type_);
  append_to(c);
  std::string out;
  if (!type_.is_character()) {
    append_cast_text(out, c, 0, time_zone());
    return out;
  }
  out += '\'';
  for (char ch : text()) {
    if (ch == '\'') out += '\'';
    out += ch;
  }
  return out + '\'';
}

} // namespace sluice::table
