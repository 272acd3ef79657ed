/// Sorted runs on disk and their merge.
#pragma once

#include "sluice/table/ops/run_file.hpp"
#include "sluice/table/ops/sort_buffer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

/// Runs of rows in order, each written once and read once by the merge of all.
///
/// The merge holds one block of each run in memory, so runs are merged into longer ones when there
/// are too many. Owner: one operator. All calls block; errors as `run_file`.
class sorted_runs {
public:
  sorted_runs(std::vector<data_type> types, std::string directory, std::string operator_name);
  sorted_runs(sorted_runs&&) noexcept;
  sorted_runs& operator=(sorted_runs&&) noexcept;
  ~sorted_runs();

  std::size_t size() const noexcept { return runs_.size(); }
  bool empty() const noexcept { return runs_.empty(); }

  /// Writes the rows of a buffer that is sorted as a run behind all others.
  void add(const sort_buffer& rows);

  /// Gives all rows in order, in batches of the usual size, until `take` returns false. Rows with
  /// equal keys come in the order of the runs. Forgets the runs.
  void merge(const std::function<bool(columnar_batch&)>& take);

private:
  struct block {
    std::uint64_t offset;
    std::uint64_t size;
  };
  using run = std::vector<block>;
  struct reader;
  class writer;
  using merged_rows
    = std::function<bool(columnar_batch& rows, const std::vector<std::string_view>& keys)>;

  void merge_into(std::size_t first, std::size_t last, const merged_rows& take);
  void merge_some();

  std::vector<data_type> types_;
  std::string directory_;
  std::string operator_name_;
  std::unique_ptr<run_file> file_;
  std::vector<run> runs_;
};

} // namespace sluice::table
