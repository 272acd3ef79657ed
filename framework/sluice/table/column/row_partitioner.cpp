#include "sluice/table/column/row_partitioner.hpp"

#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/column/key.hpp"

#include <algorithm>

namespace sluice::table {

namespace {

class row_partitioner final : public record_partitioner {
public:
  row_partitioner(std::vector<std::size_t> keys, std::uint32_t num_targets,
                  std::uint32_t max_parallelism, bool with_hashes)
    : keys_(std::move(keys)), max_parallelism_(max_parallelism), with_hashes_(with_hashes),
      target_of_(max_parallelism), rows_of_(num_targets), next_(num_targets) {
    for (std::uint32_t g = 0; g < max_parallelism; ++g)
      target_of_[g] = subtask_of(g, max_parallelism, num_targets);
  }

  void partition(batch& b, std::span<partition_target* const> targets) override {
    auto& in = as_columnar(b);
    auto n = in.size();
    std::vector<const column*> columns;
    for (auto k : keys_) columns.push_back(&in.at(k));
    auto* hashes = in.make_hashes();
    hash_rows(columns, n, hashes);
    for (std::size_t t = 0; t < targets.size(); ++t) {
      rows_of_[t].resize(std::max(rows_of_[t].size(), n));
      next_[t] = rows_of_[t].data();
    }
    for (std::size_t i = 0; i < n; ++i)
      *next_[target_of_[key_group_of(hashes[i], max_parallelism_)]]++
        = static_cast<std::uint32_t>(i);
    if (!with_hashes_) in.drop_hashes();
    for (std::size_t t = 0; t < targets.size(); ++t) {
      const auto* rows = rows_of_[t].data();
      send(in, selection(rows, static_cast<std::size_t>(next_[t] - rows)), *targets[t]);
    }
  }

private:
  static void send(const columnar_batch& in, const selection& rows, partition_target& target) {
    for (std::size_t done = 0; done < rows.size();) {
      auto* to = &as_columnar(*target.pending);
      if (!to->empty()
          && (to->has_timestamps() != in.has_timestamps() || to->has_hashes() != in.has_hashes()
              || to->size() >= target.max_records || to->bytes() >= target.max_bytes)) {
        target.flush_full();
        to = &as_columnar(*target.pending);
      }
      auto count = std::min(rows.size() - done, rows_that_fit(in, *to, target));
      to->append_rows(in, selection(rows.rows() + done, count));
      done += count;
      if (to->size() >= target.max_records || to->bytes() >= target.max_bytes) target.flush_full();
    }
  }

  /// By the average size of the rows at hand: a batch may pass its bytes a little, never its rows.
  static std::size_t rows_that_fit(const columnar_batch& in, const columnar_batch& to,
                                   const partition_target& target) {
    auto row_bytes = std::max<std::size_t>(1, in.bytes() / std::max<std::size_t>(1, in.size()));
    auto by_bytes = (target.max_bytes - std::min(target.max_bytes, to.bytes())) / row_bytes;
    auto by_rows = target.max_records - std::min(target.max_records, to.size());
    return std::max<std::size_t>(1, std::min(by_bytes, by_rows));
  }

  std::vector<std::size_t> keys_;
  std::uint32_t max_parallelism_;
  bool with_hashes_;
  std::vector<std::uint32_t> target_of_;
  std::vector<std::vector<std::uint32_t>> rows_of_; ///< of the batch at hand, by target
  std::vector<std::uint32_t*> next_;                ///< behind those that were found
};

} // namespace

std::unique_ptr<record_partitioner> partition_by_key(std::vector<std::size_t> key_columns,
                                                     std::uint32_t num_targets,
                                                     std::uint32_t max_parallelism,
                                                     bool with_hashes) {
  return std::make_unique<row_partitioner>(std::move(key_columns), num_targets, max_parallelism,
                                           with_hashes);
}

partitioner_factory key_partitioner_factory(std::vector<std::size_t> key_columns) {
  return [keys = std::move(key_columns)](std::uint32_t num_targets, std::uint32_t max_parallelism,
                                         bool with_hashes) {
    return partition_by_key(keys, num_targets, max_parallelism, with_hashes);
  };
}

} // namespace sluice::table
