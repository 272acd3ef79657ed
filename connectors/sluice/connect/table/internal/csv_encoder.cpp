#include "sluice/connect/table/internal/csv_settings.hpp"
#include "sluice/connect/table/internal/row_encoder.hpp"
#include "sluice/connect/table/internal/value_text.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/types/datetime.hpp"
#include "sluice/table/types/decimal.hpp"
#include "sluice/table/types/number_text.hpp"

#include <fmt/format.h>

#include <array>

namespace sluice::table::internal {

namespace {

class columnar_csv_encoder final : public row_encoder<columnar_csv_encoder> {
public:
  columnar_csv_encoder(const format_columns& columns, csv_settings settings)
    : wanted_(columns.wanted), settings_(std::move(settings)) {
    for (int c = 0; c < 256; ++c) special_[static_cast<std::size_t>(c)] = false;
    for (auto c : {settings_.delimiter, settings_.quote, settings_.escape, '\n', '\r'})
      if (c != '\0') special_[static_cast<unsigned char>(c)] = true;
  }

  void append_row(std::string& out, const columnar_batch& rows, std::size_t row) const {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (i > 0) out += settings_.delimiter;
      append_field(out, rows.at(wanted_[i]), row);
    }
  }

private:
  void append_field(std::string& out, const column& c, std::size_t row) const {
    if (c.is_null(row)) {
      if (settings_.null_literal) out += *settings_.null_literal;
      return;
    }
    switch (c.type().root()) {
    case type_root::char_:
    case type_root::varchar:
      append_text(out, c.text(row));
      break;
    case type_root::array:
    case type_root::row: {
      std::string text;
      append_elements(text, c, row);
      append_text(out, text);
      break;
    }
    default:
      append_plain(out, c, row);
    }
  }

  void append_elements(std::string& out, const column& c, std::size_t row) const {
    auto element = [&](const column& child, std::size_t at, bool first) {
      if (!first) out += settings_.array_delimiter;
      if (child.is_null(at)) {
        if (settings_.null_literal) out += *settings_.null_literal;
      } else if (child.type().is_character()) {
        out += child.text(at);
      } else {
        append_plain(out, child, at);
      }
    };
    if (c.type().is(type_root::row)) {
      for (std::size_t i = 0; i < c.num_children(); ++i) element(c.child(i), c.stored(row), i == 0);
    } else {
      auto entry = c.value<list_entry>(row);
      for (std::uint32_t i = 0; i < entry.size; ++i) element(c.child(0), entry.offset + i, i == 0);
    }
  }

  /// What needs no quotes.
  void append_plain(std::string& out, const column& c, std::size_t row) const {
    const auto& type = c.type();
    switch (type.root()) {
    case type_root::float_:
      append_java(out, c.value<float>(row));
      break;
    case type_root::double_:
      append_java(out, c.value<double>(row));
      break;
    case type_root::decimal:
      if (settings_.scientific_decimals)
        decimal::append_java(out, c.value<int128>(row), type.scale());
      else
        decimal::append_plain(out, c.value<int128>(row), type.scale());
      break;
    case type_root::binary:
    case type_root::varbinary:
      append_base64(out, c.text(row));
      break;
    case type_root::date:
      append_date(out, c.value<std::int32_t>(row));
      break;
    case type_root::time:
      append_time_text(out, c.value<std::int32_t>(row));
      break;
    case type_root::timestamp:
    case type_root::timestamp_ltz:
      append_timestamp_text(out, c.value<std::int64_t>(row), timestamp_style::sql,
                            type.is(type_root::timestamp_ltz));
      break;
    default:
      append_bare_value(out, c, row); // or NULL
    }
  }

  bool needs_quotes(std::string_view text) const noexcept {
    if (text.empty()) return false;
    auto blank = [](char c) { return c == ' ' || c == '\t'; };
    if (blank(text.front()) || blank(text.back()) || text.front() == '#') return true;
    for (char c : text)
      if (special_[static_cast<unsigned char>(c)]) return true;
    return false;
  }

  void append_text(std::string& out, std::string_view text) const {
    if (settings_.quote == '\0' ? settings_.escape == '\0' : !needs_quotes(text)) {
      out += text;
      return;
    }
    auto quote = settings_.quote;
    if (quote != '\0') out += quote;
    for (char c : text) {
      if (settings_.escape != '\0') {
        if (c == settings_.escape
            || (quote == '\0' ? special_[static_cast<unsigned char>(c)] : c == quote))
          out += settings_.escape;
        if (quote == '\0' && c == '\n') c = 'n';
        if (quote == '\0' && c == '\r') c = 'r';
      } else if (c == quote) {
        out += quote;
      }
      out += c;
    }
    if (quote != '\0') out += quote;
  }

  std::vector<std::size_t> wanted_;
  csv_settings settings_;
  std::array<bool, 256> special_{};
};

} // namespace

std::shared_ptr<const record_encoder>
make_csv_encoder(const format_columns& columns, csv_settings settings, const std::string& table) {
  check_csv_types(columns, table);
  return std::make_shared<columnar_csv_encoder>(columns, std::move(settings));
}

} // namespace sluice::table::internal
