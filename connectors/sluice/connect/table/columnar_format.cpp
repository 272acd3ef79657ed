#include "sluice/connect/table/columnar_format.hpp"

#include "sluice/connect/table/internal/csv_settings.hpp"
#include "sluice/connect/table/internal/json_settings.hpp"
#include "sluice/connect/table/internal/raw_format.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <numeric>

namespace sluice::table {

namespace {

using namespace internal;

class csv_table_format final : public columnar_format {
public:
  std::string identifier() const override { return "csv"; }
  std::vector<option_definition> definitions(const std::string& prefix) const override {
    return csv_settings::definitions(prefix);
  }
  bool takes_filters() const override { return true; }
  std::shared_ptr<const record_format> decoder(const format_columns& columns,
                                               const format_settings& settings) const override {
    return make_csv_decoder(columns, csv_settings::of(settings), settings.table);
  }
  std::shared_ptr<const record_encoder> encoder(const format_columns& columns,
                                                const format_settings& settings) const override {
    return make_csv_encoder(columns, csv_settings::of(settings), settings.table);
  }
};

class json_table_format final : public columnar_format {
public:
  std::string identifier() const override { return "json"; }
  std::vector<option_definition> definitions(const std::string& prefix) const override {
    return json_settings::definitions(prefix);
  }
  std::shared_ptr<const record_format> decoder(const format_columns& columns,
                                               const format_settings& settings) const override {
    return make_json_decoder(columns, json_settings::of(settings), settings.table);
  }
  std::shared_ptr<const record_encoder> encoder(const format_columns& columns,
                                                const format_settings& settings) const override {
    return make_json_encoder(columns, json_settings::of(settings), settings.table);
  }
};

class raw_table_format final : public columnar_format {
public:
  std::string identifier() const override { return "raw"; }
  std::vector<option_definition> definitions(const std::string& prefix) const override {
    return raw_definitions(prefix);
  }
  std::shared_ptr<const record_format> decoder(const format_columns& columns,
                                               const format_settings& settings) const override {
    return make_raw_decoder(columns, settings);
  }
  std::shared_ptr<const record_encoder> encoder(const format_columns& columns,
                                                const format_settings& settings) const override {
    return make_raw_encoder(columns, settings);
  }
};

} // namespace

format_columns format_columns::all(std::vector<data_type::field> columns) {
  format_columns result;
  result.columns = std::move(columns);
  result.wanted.resize(result.columns.size());
  std::iota(result.wanted.begin(), result.wanted.end(), std::size_t{0});
  return result;
}

const std::vector<const columnar_format*>& columnar_formats() {
  static const csv_table_format csv;
  static const json_table_format json;
  static const raw_table_format raw;
  static const std::vector<const columnar_format*> all{&csv, &json, &raw};
  return all;
}

const columnar_format& columnar_format_of(std::string_view identifier, std::string_view table,
                                          std::string_view option) {
  std::string known;
  for (const auto* format : columnar_formats()) {
    if (format->identifier() == identifier) return *format;
    known += (known.empty() ? "" : ", ") + format->identifier();
  }
  throw plan_error(fmt::format("table {}: option '{}': there is no format '{}' (there are {})",
                               table, option, identifier, known));
}

} // namespace sluice::table
