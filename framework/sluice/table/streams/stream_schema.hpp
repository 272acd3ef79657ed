/// What a stream is as a table, beyond what its records say.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sluice::table {

/// Columns, event time and key of a table that is made of a stream.
///
///     stream_schema()
///       .column_by_expression("ts", "TO_TIMESTAMP_LTZ(millis, 3)")
///       .watermark("ts", "ts - INTERVAL '5' SECOND")
///
/// Types and expressions are SQL; errors in them are found when the table is made.
class stream_schema {
public:
  /// Takes a field of the records as this type. If there is such a call, columns that are not named
  /// in one are left out.
  stream_schema& column(std::string name, std::string type) {
    columns_.push_back({std::move(name), std::move(type)});
    return *this;
  }
  /// Adds a column, of the columns before it.
  stream_schema& column_by_expression(std::string name, std::string expression) {
    computed_.push_back({std::move(name), std::move(expression)});
    return *this;
  }
  /// Adds the timestamps of the records as a column of TIMESTAMP_LTZ(0), (3) or (6).
  stream_schema& column_by_timestamp(std::string name, int precision = 3) {
    timestamps_ = {std::move(name), precision};
    return *this;
  }
  /// Makes a column the event time. `expression` is the watermark that a row stands for; the
  /// watermarks of the stream count for "SOURCE_WATERMARK()".
  stream_schema& watermark(std::string column, std::string expression) {
    watermark_ = {std::move(column), std::move(expression)};
    return *this;
  }
  /// No two rows are alike in these columns. Not checked.
  stream_schema& primary_key(std::vector<std::string> columns) {
    primary_key_ = std::move(columns);
    return *this;
  }

  struct definition {
    std::string name;
    std::string text;
  };
  struct timestamp_column {
    std::string name;
    int precision = 3;
  };

  const std::vector<definition>& columns() const noexcept { return columns_; }
  const std::vector<definition>& computed() const noexcept { return computed_; }
  const std::optional<timestamp_column>& timestamps() const noexcept { return timestamps_; }
  const std::optional<definition>& watermark() const noexcept { return watermark_; }
  const std::vector<std::string>& primary_key() const noexcept { return primary_key_; }

private:
  std::vector<definition> columns_;
  std::vector<definition> computed_;
  std::optional<timestamp_column> timestamps_;
  std::optional<definition> watermark_;
  std::vector<std::string> primary_key_;
};

} // namespace sluice::table
