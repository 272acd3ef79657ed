/// The json.* options of a table.
#pragma once

#include "sluice/connect/table/columnar_format.hpp"
#include "sluice/connect/table/internal/value_text.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// What is written for the NULL key of a map, which JSON has not got.
enum class null_key : std::uint8_t { fail, drop, literal };

struct json_settings {
  bool fail_on_missing_field = false;
  bool ignore_errors = false;
  timestamp_style timestamps = timestamp_style::sql;
  null_key null_keys = null_key::fail;
  std::string null_key_literal = "null";
  bool plain_decimals = false;
  bool omit_nulls = false;

  /// Errors: `plan_error`.
  static json_settings of(const format_settings& settings);
  static std::vector<option_definition> definitions(const std::string& prefix);
};

/// Errors: `plan_error` for types that JSON cannot hold.
void check_json_types(const format_columns& columns, const std::string& table);

std::shared_ptr<const record_format>
make_json_decoder(const format_columns& columns, json_settings settings, const std::string& table);
std::shared_ptr<const record_encoder>
make_json_encoder(const format_columns& columns, json_settings settings, const std::string& table);

} // namespace sluice::table::internal
