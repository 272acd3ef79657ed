/// Which columns of a Kafka table are in the key, in the value and in a record's metadata.
#pragma once

#include "sluice/connect/table/columnar_format.hpp"
#include "sluice/table/connect/table_connector.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sluice::table::internal {

enum class kafka_metadata : std::uint8_t {
  topic,
  partition,
  headers,
  offset,
  timestamp,
  timestamp_type,
};

/// Errors: `plan_error` for a key that there is not, or a type that it cannot have.
kafka_metadata kafka_metadata_of(const table_description& table, const metadata_column& column);

/// The two formats of a table and what each of them holds.
struct kafka_layout {
  const columnar_format* key_format = nullptr; ///< or null: records have no key that matters
  const columnar_format* value_format = nullptr;
  std::string key_prefix;   ///< of the formats' options: `key.json.`
  std::string value_prefix; ///< `json.` or `value.json.`
  /// Physical columns by number.
  std::vector<std::size_t> key;
  std::vector<std::size_t> value;
  /// Key columns that are in the value as well.
  bool key_in_value = true;
  /// Taken off the names of key columns in the key.
  std::string name_prefix;

  /// Errors: `plan_error`.
  static kafka_layout of(const table_description& table, const table_options& options, bool upsert);
  static void define(std::vector<option_definition>& list, const table_description& table,
                     bool upsert);

  /// The columns of the key (of the value) as its format has them.
  std::vector<data_type::field> key_fields(const table_description& table) const;
  std::vector<data_type::field> value_fields(const table_description& table) const;
};

} // namespace sluice::table::internal
