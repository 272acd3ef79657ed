/// The input of a GROUP BY, batch by batch: rows, or partial results of the first phase. Not for
/// users.
#pragma once

#include "sluice/table/ops/distinct_values.hpp"
#include "sluice/table/ops/partial_groups.hpp"

#include <memory>
#include <vector>

namespace sluice::table::detail {

/// Groups with their states, and what a batch does to them.
class group_rows {
public:
  /// `values` lie as `value` says, the states of `calls` `header` bytes into it.
  group_rows(const group_aggregate_spec& spec, std::shared_ptr<const row_value> value,
             std::size_t header, std::int64_t ttl, operator_context& context,
             state_registry& states);

  keyed_rows& table() noexcept { return *table_; }
  group_calls& calls() noexcept { return calls_; }

  /// Takes a batch of input 0 (rows) or 1 (partial results), which must live until `end`.
  void begin(const columnar_batch& in, std::uint32_t input);
  /// Finds the groups of all rows. `now` is for values that expire.
  void find_groups(timestamp now);
  void end() noexcept { partials_.clear(); }

  std::size_t size() const noexcept { return in_->size(); }
  const columnar_batch& batch() const noexcept { return *in_; }
  /// The columns of the keys in the batch.
  const std::vector<std::size_t>& keys() const noexcept { return is_partial_ ? first_ : keys_; }
  std::byte* const* values() const noexcept { return values_.data(); }
  /// By how much row `i` changes the number of rows of its group.
  std::int64_t change(std::size_t i) const noexcept {
    if (is_partial_) return partials_.rows(i);
    return takes_back(in_->kind(i)) ? -1 : 1;
  }
  /// Adds rows to the states of `values`, or takes them back.
  void apply(std::byte* const* values, const selection& rows) {
    if (is_partial_)
      partials_.merge_into(values, rows);
    else
      calls_.apply(values, rows);
  }
  /// Adds all rows to one group.
  void apply_to_one(std::byte* value);

  void expire_distinct(timestamp before);

private:
  std::vector<std::size_t> keys_;
  std::vector<std::size_t> first_; ///< 0 to the number of keys
  group_calls calls_;
  std::optional<keyed_rows> table_;
  std::vector<std::unique_ptr<distinct_values>> distinct_;

  const columnar_batch* in_ = nullptr;
  bool is_partial_ = false;
  partial_groups partials_;
  std::vector<const column*> key_columns_;
  std::vector<std::byte*> values_;
};

} // namespace sluice::table::detail
