/// What CREATE TABLE said, resolved: columns with types, watermark, keys and options.
#pragma once

#include "sluice/table/connect/table_connector.hpp"
#include "sluice/table/sql/expression.hpp"
#include "sluice/table/sql/query.hpp"
#include "sluice/table/types/data_type.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::table {

enum class column_kind : std::uint8_t { physical, metadata, computed };

/// A column of a table of the catalog.
struct catalog_column {
  std::string name;
  /// Of a computed one: found when the table was created.
  data_type type;
  column_kind kind = column_kind::physical;
  std::string metadata_key = {};
  bool metadata_virtual = false;
  /// Of a computed one.
  sql::box<sql::expr> computed = {};
  std::string comment = {};
};

/// WATERMARK FOR `column` AS `value`.
struct catalog_watermark {
  std::string column;
  sql::expr value;
};

/// A table. A value.
struct catalog_table {
  std::vector<catalog_column> columns;
  std::optional<catalog_watermark> watermark = {};
  std::vector<std::string> primary_key = {};
  std::string primary_key_name = {};
  std::vector<std::string> partition_keys = {};
  std::map<std::string, std::string> options = {};
  std::string comment = {};

  /// What its connector is told. `name` is the full name. The options are without 'connector'.
  table_description describe(std::string name) const;
};

/// A view: a query with names for its columns.
struct catalog_view {
  sql::query query;
  std::string text;                          ///< of the query, as SHOW CREATE VIEW shows it
  std::vector<std::string> columns = {};     ///< or empty: those of the query
  std::vector<data_type::field> schema = {}; ///< found when it was created
  std::string comment = {};
};

} // namespace sluice::table
