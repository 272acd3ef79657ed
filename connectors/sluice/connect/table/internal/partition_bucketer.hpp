/// Sorts rows into the directories of their partitions.
#pragma once

#include "sluice/connect/file/file_options.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// A partition column of the batches that are written.
struct partition_column {
  std::string name;
  std::size_t column = 0;
};

std::unique_ptr<file_bucketer> make_partition_bucketer(std::vector<partition_column> columns,
                                                       std::string default_partition);

} // namespace sluice::table::internal
