/// Spreads the rows of columnar batches by key.
#pragma once

#include "sluice/ops/partitioner.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::table {

/// To the subtask that owns the key group of the row's key columns. Rows of one key keep their
/// order, whatever their kinds. The batches must have those columns.
std::unique_ptr<record_partitioner> partition_by_key(std::vector<std::size_t> key_columns,
                                                     std::uint32_t num_targets,
                                                     std::uint32_t max_parallelism,
                                                     bool with_hashes);

/// The same as a factory for an edge of a plan.
partitioner_factory key_partitioner_factory(std::vector<std::size_t> key_columns);

} // namespace sluice::table
