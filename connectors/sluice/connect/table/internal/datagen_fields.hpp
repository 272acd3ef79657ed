/// The fields.# options of a datagen table.
#pragma once

#include "sluice/connect/table/internal/random_bits.hpp"
#include "sluice/table/column/column.hpp"
#include "sluice/table/connect/table_connector.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// How the values of a column, or of what is in it, are made.
struct datagen_field {
  data_type type;
  bool sequence = false;
  std::int64_t start = 0; ///< of a sequence; its values are start, start + 1, ... end
  std::int64_t end = 0;
  std::int64_t least = 0; ///< of random integers, and times in ms
  std::int64_t most = 0;
  double least_number = 0; ///< of random floating point numbers and decimals
  double most_number = 0;
  std::size_t length = 0; ///< of texts, bytes and lists
  bool variable_length = false;
  std::int64_t max_past = 0; ///< microseconds that random times may lie back
  double null_rate = 0;
  std::vector<datagen_field> children;

  /// Errors: `plan_error`.
  static datagen_field of(const std::string& table, const std::string& path, const data_type& type,
                          const table_options& options);
  /// The options that a column of this type has.
  static void define(std::vector<option_definition>& list, const std::string& path,
                     const data_type& type);

  /// Appends the value for row `row`.
  void append(column& c, std::uint64_t row, random_bits& random, timestamp now) const;

private:
  void append_text(column& c, random_bits& random) const;
  std::size_t random_length(random_bits& random) const;
};

} // namespace sluice::table::internal
