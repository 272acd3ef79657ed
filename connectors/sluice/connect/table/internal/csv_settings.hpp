/// The csv.* options of a table.
#pragma once

#include "sluice/connect/format/csv_options.hpp"
#include "sluice/connect/table/columnar_format.hpp"

#include <memory>
#include <optional>
#include <string>

namespace sluice::table::internal {

struct csv_settings {
  char delimiter = ',';
  char quote = '"';   ///< '\0': none
  char escape = '\0'; ///< '\0': none
  bool comments = false;
  bool ignore_errors = false;
  bool scientific_decimals = true;
  std::string array_delimiter = ";";
  std::optional<std::string> null_literal;
  csv_header header = csv_header::none;

  /// Errors: `plan_error`.
  static csv_settings of(const format_settings& settings);
  static std::vector<option_definition> definitions(const std::string& prefix);

  /// Whether the fast kernels do not know all that can happen in the text.
  bool irregular() const noexcept { return comments || escape != '\0'; }
};

/// Errors: `plan_error` for types that CSV cannot hold.
void check_csv_types(const format_columns& columns, const std::string& table);

std::shared_ptr<const record_format>
make_csv_decoder(const format_columns& columns, csv_settings settings, const std::string& table);
std::shared_ptr<const record_encoder>
make_csv_encoder(const format_columns& columns, csv_settings settings, const std::string& table);

} // namespace sluice::table::internal
