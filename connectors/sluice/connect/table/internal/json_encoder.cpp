#include "sluice/connect/format/detail/json_value.hpp"
#include "sluice/connect/table/internal/json_settings.hpp"
#include "sluice/connect/table/internal/row_encoder.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/types/datetime.hpp"
#include "sluice/table/types/decimal.hpp"
#include "sluice/table/types/number_text.hpp"

#include <cmath>

namespace sluice::table::internal {

namespace {

/// As Jackson: what JSON has no number for becomes a text.
template <class T>
void append_floating(std::string& out, T value) {
  bool finite = std::isfinite(value);
  if (!finite) out += '"';
  append_java(out, value);
  if (!finite) out += '"';
}

class columnar_json_encoder final : public row_encoder<columnar_json_encoder> {
public:
  columnar_json_encoder(const format_columns& columns, json_settings settings)
    : wanted_(columns.wanted), settings_(std::move(settings)) {
    for (const auto& field : columns.columns) names_.push_back(key_text(field.name));
  }

  void append_row(std::string& out, const columnar_batch& rows, std::size_t row) const {
    out += '{';
    bool first = true;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const auto& c = rows.at(wanted_[i]);
      if (settings_.omit_nulls && c.is_null(row)) continue;
      if (!std::exchange(first, false)) out += ',';
      out += names_[i];
      append_value(out, c, row);
    }
    out += '}';
  }

private:
  static std::string key_text(std::string_view name) {
    std::string out;
    ::sluice::detail::append_json_string(out, name);
    return out + ':';
  }

  void append_value(std::string& out, const column& c, std::size_t row) const {
    if (c.is_null(row)) {
      out += "null";
      return;
    }
    const auto& type = c.type();
    switch (type.root()) {
    case type_root::null:
      out += "null";
      break;
    case type_root::float_:
      append_floating(out, c.value<float>(row));
      break;
    case type_root::double_:
      append_floating(out, c.value<double>(row));
      break;
    case type_root::decimal:
      if (settings_.plain_decimals)
        decimal::append_plain(out, c.value<int128>(row), type.scale());
      else
        decimal::append_java(out, c.value<int128>(row), type.scale());
      break;
    case type_root::char_:
    case type_root::varchar:
      ::sluice::detail::append_json_string(out, c.text(row));
      break;
    case type_root::binary:
    case type_root::varbinary:
      out += '"';
      append_base64(out, c.text(row));
      out += '"';
      break;
    case type_root::date:
      out += '"';
      append_date(out, c.value<std::int32_t>(row));
      out += '"';
      break;
    case type_root::time:
      out += '"';
      append_time_text(out, c.value<std::int32_t>(row));
      out += '"';
      break;
    case type_root::timestamp:
    case type_root::timestamp_ltz:
      out += '"';
      append_timestamp_text(out, c.value<std::int64_t>(row), settings_.timestamps,
                            type.is(type_root::timestamp_ltz));
      out += '"';
      break;
    case type_root::array:
      append_array(out, c, c.value<list_entry>(row));
      break;
    case type_root::map:
      append_map(out, c, c.value<list_entry>(row));
      break;
    case type_root::row:
      append_fields(out, c, c.stored(row));
      break;
    default:
      append_bare_value(out, c, row);
    }
  }

  void append_array(std::string& out, const column& c, list_entry entry) const {
    out += '[';
    for (std::uint32_t i = 0; i < entry.size; ++i) {
      if (i > 0) out += ',';
      append_value(out, c.child(0), entry.offset + i);
    }
    out += ']';
  }

  void append_map(std::string& out, const column& c, list_entry entry) const {
    const auto& keys = c.child(0);
    out += '{';
    bool first = true;
    for (auto i = entry.offset; i < entry.offset + entry.size; ++i) {
      std::string_view key = settings_.null_key_literal;
      if (!keys.is_null(i)) {
        key = keys.text(i);
      } else if (settings_.null_keys == null_key::fail) {
        throw format_error("JSON format doesn't support to serialize map data with null keys. You "
                           "can drop null key entries or encode null in literals by specifying "
                           "map-null-key.mode option.");
      } else if (settings_.null_keys == null_key::drop) {
        continue;
      }
      if (!std::exchange(first, false)) out += ',';
      ::sluice::detail::append_json_string(out, key);
      out += ':';
      append_value(out, c.child(1), i);
    }
    out += '}';
  }

  void append_fields(std::string& out, const column& c, std::size_t row) const {
    out += '{';
    bool first = true;
    for (std::size_t i = 0; i < c.num_children(); ++i) {
      if (settings_.omit_nulls && c.child(i).is_null(row)) continue;
      if (!std::exchange(first, false)) out += ',';
      ::sluice::detail::append_json_string(out, c.type().field_names()[i]);
      out += ':';
      append_value(out, c.child(i), row);
    }
    out += '}';
  }

  std::vector<std::size_t> wanted_;
  json_settings settings_;
  std::vector<std::string> names_; // quoted, with the colon
};

} // namespace

std::shared_ptr<const record_encoder>
make_json_encoder(const format_columns& columns, json_settings settings, const std::string& table) {
  check_json_types(columns, table);
  return std::make_shared<columnar_json_encoder>(columns, std::move(settings));
}

} // namespace sluice::table::internal
