/// Columns that a file's place tells: of partitions, and metadata.
#pragma once

#include "sluice/connect/table/columnar_format.hpp"

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

} // namespace sluice::table::internal
