#include "sluice/connect/table/internal/raw_format.hpp"

#include "sluice/connect/format/utf8.hpp"
#include "sluice/connect/table/internal/line_records.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sluice::table::internal {

namespace {

struct raw_settings {
  data_type type;
  bool wanted = true; ///< whether the batch has the column at all
  std::size_t column = 0;
  bool little_endian = false;
};

raw_settings settings_of(const format_columns& columns, const format_settings& s) {
  if (columns.columns.size() != 1)
    throw plan_error(fmt::format("table {}: the raw format needs exactly one column, not {}",
                                 s.table, columns.columns.size()));
  raw_settings result{columns.columns[0].type, !columns.wanted.empty(), 0,
                      s.options->text(s.prefix + "endianness") == "little-endian"};
  if (result.wanted) result.column = columns.wanted[0];
  const auto& type = result.type;
  bool known = type.is_character() || type.is_binary() || type.is(type_root::boolean)
               || type.is_integer() || type.is_approximate();
  if (!known)
    throw plan_error(fmt::format("table {}: column {}: the raw format cannot hold {}", s.table,
                                 columns.columns[0].name, type.to_string()));
  return result;
}

/// Appends the number whose bytes are `text`.
void append_number(column& c, std::string_view text, bool little_endian) {
  char bytes[8];
  std::memcpy(bytes, text.data(), text.size());
  if (!little_endian) std::reverse(bytes, bytes + text.size());
  visit_physical(c.physical(), [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (std::is_arithmetic_v<T>) {
      T value{};
      std::memcpy(&value, bytes, sizeof value);
      c.append(value);
    }
  });
}

/// Lines, or messages, to the values of the one column.
class raw_decoder final : public line_records {
public:
  explicit raw_decoder(raw_settings settings)
    : line_records(settings.wanted ? std::vector{settings.type} : std::vector<data_type>{}),
      settings_(std::move(settings)) {}

protected:
  void start(columnar_batch& out) override {
    column_ = settings_.wanted ? &out.writable(0) : nullptr;
  }

  bool decode_line(std::string_view line, std::size_t& count, std::string& reason) override {
    const auto& type = settings_.type;
    auto width = width_of(type.physical());
    if (!type.is_character() && !type.is_binary() && line.size() != width) {
      reason = fmt::format("{} bytes are no {}", line.size(), type.to_string());
      return false;
    }
    ++count;
    if (!column_) return true;
    if (type.is_character())
      append_text(*column_, line);
    else if (type.is_binary())
      column_->append_text(line);
    else
      append_number(*column_, line, settings_.little_endian);
    return true;
  }

  void finish(columnar_batch& out, std::size_t rows, decode_sink&) override { out.set_rows(rows); }

private:
  void append_text(column& c, std::string_view text) {
    if (is_valid_utf8(text)) {
      c.append_text(text);
      return;
    }
    repaired_.clear();
    append_valid_utf8(repaired_, text);
    c.append_text(repaired_);
  }

  raw_settings settings_;
  column* column_ = nullptr;
  std::string repaired_;
};

class raw_record_format final : public record_format {
public:
  explicit raw_record_format(raw_settings settings) : settings_(std::move(settings)) {}

  std::string name() const override { return "raw"; }
  record_layout layout() const override { return {}; }
  const format_options& options() const override { return options_; }
  std::unique_ptr<record_decoder> make_decoder() const override {
    return std::make_unique<raw_decoder>(settings_);
  }

private:
  raw_settings settings_;
  format_options options_;
};

class raw_encoder final : public record_encoder {
public:
  explicit raw_encoder(raw_settings settings) : settings_(std::move(settings)) {}

  void encode(const batch& records, std::size_t begin, std::size_t end,
              std::string& out) const override {
    for (auto i = begin; i < end; ++i) {
      append(as_columnar(records).at(settings_.column), i, out);
      out += '\n';
    }
  }
  void encode_messages(const batch& records, std::size_t begin, std::size_t end, std::string& out,
                       std::vector<std::size_t>& ends) const override {
    for (auto i = begin; i < end; ++i) {
      append(as_columnar(records).at(settings_.column), i, out);
      ends.push_back(out.size());
    }
  }

private:
  void append(const column& c, std::size_t row, std::string& out) const {
    if (c.is_null(row)) return;
    visit_physical(c.physical(), [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      if constexpr (std::is_same_v<T, string_ref>) {
        out += c.text(row);
      } else if constexpr (std::is_arithmetic_v<T>) {
        char bytes[sizeof(T)];
        std::memcpy(bytes, &c.value<T>(row), sizeof bytes);
        if (!settings_.little_endian) std::reverse(bytes, bytes + sizeof bytes);
        out.append(bytes, sizeof bytes);
      }
    });
  }

  raw_settings settings_;
};

} // namespace

std::vector<option_definition> raw_definitions(const std::string& prefix) {
  return {
    {prefix + "charset", option_type::text, false, "UTF-8", {"UTF-8"}, "How text is encoded."},
    {prefix + "endianness",
     option_type::text,
     false,
     "big-endian",
     {"big-endian", "little-endian"},
     "The order of the bytes of numbers."}};
}

std::shared_ptr<const record_format> make_raw_decoder(const format_columns& columns,
                                                      const format_settings& settings) {
  return std::make_shared<raw_record_format>(settings_of(columns, settings));
}

std::shared_ptr<const record_encoder> make_raw_encoder(const format_columns& columns,
                                                       const format_settings& settings) {
  return std::make_shared<raw_encoder>(settings_of(columns, settings));
}

} // namespace sluice::table::internal
