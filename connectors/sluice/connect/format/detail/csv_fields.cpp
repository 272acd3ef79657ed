#include "sluice/connect/format/detail/csv_fields.hpp"

namespace sluice::detail {

bool parse_plain_cell(std::string_view text, column_type type, cell& target) {
  auto parse = [&]<class V>(V value) {
    if (!parse_plain_field(text, value)) return false;
    target = value;
    return true;
  };
  switch (type) {
  case column_type::boolean:
    return parse(false);
  case column_type::int64:
    return parse(std::int64_t{0});
  case column_type::float64:
    return parse(0.0);
  case column_type::string:
    break;
  }
  return false;
}

bool append_csv_cell(std::string& out, const cell& value, const csv_options& options) {
  return std::visit(
    [&]<class V>(const V& v) {
      if constexpr (std::same_as<V, std::monostate>) {
        append_csv_null(out, options);
        return true;
      } else {
        return append_csv_field(out, v, options);
      }
    },
    value);
}

} // namespace sluice::detail
