/// Formats of SQL tables: bytes to columns and back, whatever carries the bytes.
#pragma once

#include "sluice/connect/format/record_format.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/connect/options.hpp"
#include "sluice/table/expr/expression.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

/// The columns of a record, and which of them a batch has.
struct format_columns {
  /// In the order in which the record has them, if it has an order.
  std::vector<data_type::field> columns;
  /// The columns of the batch, in its order, by number. Of an encoder: where column i of the record
  /// lies in the batch.
  std::vector<std::size_t> wanted;
  /// Over the columns of the batch: rows for which it is not TRUE are left out. Null: all stay. Of
  /// decoders of formats that take filters.
  expression_ptr filter = nullptr;
  /// What the filter knows of the session.
  expression_context filter_context = {};

  /// All columns, in their order.
  static format_columns all(std::vector<data_type::field> columns);
};

/// Where a format takes its options from, and who asks.
struct format_settings {
  std::string table; ///< for errors
  const table_options* options = nullptr;
  /// In front of all keys, with a dot at its end: `csv.`, `value.json.`.
  std::string prefix;
};

/// A value of 'format'. Immutable.
class columnar_format {
public:
  virtual ~columnar_format() = default;

  /// The value of 'format', `csv`.
  virtual std::string identifier() const = 0;

  /// The options it takes, under `prefix`: those of both directions, because a table may be read
  /// and written.
  virtual std::vector<option_definition> definitions(const std::string& prefix) const = 0;

  /// Whether decoders leave out rows by themselves, before they have read all their fields.
  virtual bool takes_filters() const { return false; }

  /// Decoders that append to `columnar_batch`es of the wanted columns. Errors: `plan_error`.
  virtual std::shared_ptr<const record_format> decoder(const format_columns& columns,
                                                       const format_settings& settings) const
    = 0;

  /// Encoders of `columnar_batch`es. Errors: `plan_error`.
  virtual std::shared_ptr<const record_encoder> encoder(const format_columns& columns,
                                                        const format_settings& settings) const
    = 0;
};

/// All formats by name: csv, json, raw.
const std::vector<const columnar_format*>& columnar_formats();

/// Errors: `plan_error` that names `table`, `option` and the formats that there are.
const columnar_format& columnar_format_of(std::string_view identifier, std::string_view table,
                                          std::string_view option);

} // namespace sluice::table
