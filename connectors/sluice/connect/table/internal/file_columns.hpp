/// Columns that a file's place tells: of partitions, and metadata.
#pragma once

#include "sluice/connect/table/columnar_format.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// Where a column of a file table comes from.
struct file_column {
  enum class origin : std::uint8_t { record, partition, path, name, size, modified };

  origin from = origin::record;
  data_type type;
  std::string partition = {};    ///< name of the partition column
  std::size_t record_column = 0; ///< of the batch that the format decodes
};

/// A format whose batches have `columns`: those of `records` and those that the place tells.
struct file_columns {
  std::shared_ptr<const record_format> records;
  std::vector<file_column> columns;
  std::string base; ///< the table's directory
  std::string default_partition;
};
std::shared_ptr<const record_format> make_file_columns(file_columns settings);

/// Whether a file may have rows for which all `conditions` are TRUE. They read partition columns
/// only, by their numbers in `table.columns`. Errors of the function: `format_error` for a path
/// that does not tell a partition.
std::function<bool(const std::string& path)>
partition_filter(const file_columns& table, std::vector<expression_ptr> conditions,
                 expression_context context);

} // namespace sluice::table::internal
