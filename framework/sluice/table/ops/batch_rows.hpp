/// Rows that a keyed operator of batch mode holds until its input has ended.
#pragma once

#include "sluice/core/key_group.hpp"
#include "sluice/state/state_entry.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::table {

/// Batches as they came, with the hashes of their keys, as keyed state: so the runtime can put them
/// on disk by key group when memory is short, and give back those of some key groups at a time.
///
/// Owner: one operator. Columns are shared with whoever made them, not copied, as long as the
/// batches are not much too small.
class batch_rows final : public state_entry {
public:
  batch_rows(std::vector<data_type> types, std::uint32_t max_parallelism)
    : types_(std::move(types)), max_parallelism_(max_parallelism) {}

  /// Takes over the rows, which must have hashes.
  void add(columnar_batch& rows);

  bool empty() const noexcept { return num_rows_ == 0; }
  std::size_t num_rows() const noexcept { return num_rows_; }
  /// Of all that is held.
  std::size_t num_bytes() const noexcept { return bytes_; }

  /// Calls `f(batch)` for the batches in order and gives back each after that.
  template <class F>
  void take_each(F&& f) {
    auto batches = std::exchange(batches_, {});
    num_rows_ = bytes_ = 0;
    for (auto& b : batches) {
      f(*b);
      b.reset();
    }
  }

  /// Makes one batch of all rows, which stays until `clear`, and may not be changed. No rows may be
  /// added after that.
  const columnar_batch& together();

  /// A snapshot has this in place of the last column. REQUIRES of the rows: they are `together`.
  void replace_last_column(std::function<column_ptr()> make) { last_column_ = std::move(make); }

  /// Memory besides that of the rows, which counts as this state's.
  void count_also(std::size_t bytes) noexcept { others_bytes_ = bytes; }

  // -- state_entry --------------------------------------------------------------------------------

  state_kind kind() const noexcept override { return state_kind::keyed; }
  std::string schema() const override;
  std::size_t memory_bytes() const noexcept override { return bytes_ + others_bytes_; }
  std::size_t owned_bytes() override { return 0; }
  void clear() override;
  std::unique_ptr<state_snapshot> snapshot(const std::string& name) override;
  void restore(const restored_group& group, const std::string& written_schema) override;

private:
  class view;

  std::vector<data_type> types_;
  std::uint32_t max_parallelism_;
  std::vector<std::shared_ptr<columnar_batch>> batches_;
  std::size_t num_rows_ = 0;
  std::size_t bytes_ = 0;
  std::size_t others_bytes_ = 0;
  std::function<column_ptr()> last_column_;
};

} // namespace sluice::table
