/// The state of a window aggregation: groups per slice of time. Not for users.
#pragma once

#include "sluice/table/ops/change_list.hpp"
#include "sluice/table/ops/distinct_values.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace sluice::table::detail {

/// Groups by slice and key. A slice is known by a number (the end of a window or of a part of it);
/// its groups are listed, so that what is done with a slice costs no look at others.
class window_groups {
public:
  window_groups(const window_aggregate_spec& spec, operator_context& context,
                state_registry& states);

  /// Finds the lists of slices after a restore.
  void restored();
  void clear();

  /// The hashes of the groups' keys in a batch, until the next call.
  const std::uint64_t* hashes(const columnar_batch& in) {
    return table_->hashes(in, keys_of_input_);
  }
  /// Adds row `rows[k]` of a batch to slice `slices[k]`.
  void add(const columnar_batch& in, const std::uint64_t* hashes,
           const std::vector<std::uint32_t>& rows, const std::vector<std::int64_t>& slices);

  bool empty() const noexcept { return slices_.empty(); }
  std::int64_t first_slice() const noexcept { return slices_.begin()->first; }

  /// Moves what slices in (`into`, `last`] hold to slice `into`.
  void merge_into(std::int64_t into, std::int64_t last);
  /// Forgets a slice.
  void drop(std::int64_t slice);
  /// Forgets the values of DISTINCT calls of slices up to this one.
  void drop_distinct(std::int64_t last);

  /// Takes the columns of keys and then of results of so many groups.
  using taker = std::function<void(std::vector<column_ptr>, std::size_t)>;
  /// Hands out the results of the groups of the slices [first, last], added up by key. `passes`, if
  /// there is one, is asked whether a key group has results to give.
  void results(std::int64_t first, std::int64_t last, const std::function<bool(key_group)>& passes,
               const taker& take);

private:
  using value_list = std::vector<std::byte*>;

  value_list& list_of(std::int64_t slice);
  void fill_work(const columnar_batch& in, const std::vector<std::uint32_t>& rows,
                 const std::vector<std::int64_t>& slices);
  void add_to(keyed_rows& table, std::span<const column* const> keys, const std::uint64_t* hashes,
              const std::byte* const* from, std::size_t count, std::int64_t slice);
  void emit(keyed_rows& table, bool with_slice, const value_list& values, const taker& take);
  void append_keys(const std::byte* const* values, std::size_t count,
                   std::vector<std::shared_ptr<column>>& out);

  bool counts_rows_; ///< rows may be taken back: a number of rows lies before the states
  std::vector<std::size_t> keys_of_input_;
  std::vector<data_type> key_types_;
  std::size_t num_inputs_;
  group_calls calls_;
  std::shared_ptr<const row_value> value_;
  std::optional<keyed_rows> table_;  ///< by slice and key
  std::optional<keyed_rows> merged_; ///< by key: slices that are being added up
  std::vector<std::unique_ptr<distinct_values>> distinct_;
  std::map<std::int64_t, value_list> slices_;
  std::int64_t recent_slice_ = 0;
  value_list* recent_ = nullptr;

  // Of the rows at hand.
  columnar_batch work_; ///< the input and a column of slices
  std::vector<std::uint64_t> hashes_;
  std::vector<const column*> key_columns_;
  std::vector<std::byte*> values_;
  std::vector<std::uint8_t> fresh_;
};

} // namespace sluice::table::detail
