/// Which values the calls with DISTINCT have seen. Not for users.
#pragma once

#include "sluice/table/ops/group_calls.hpp"
#include "sluice/table/ops/keyed_rows.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::table::detail {

/// The values of one list of distinct arguments, per group, each with how often it is there: calls
/// with the same arguments share it, with a count for each filter among them.
///
/// Keyed by the group's key and the arguments, in the group's key group.
class distinct_values {
public:
  /// `keys` are columns of the input. `ttl` in microseconds, 0: for ever.
  distinct_values(const std::vector<data_type>& input, std::vector<std::size_t> keys,
                  std::vector<std::size_t> arguments, std::int64_t ttl, operator_context& context);

  /// Makes it the set of another call, with these arguments.
  void add(std::size_t call, std::optional<std::size_t> filter);
  /// REQUIRES: before any row, after all `add`.
  keyed_rows& open();

  const std::vector<std::size_t>& arguments() const noexcept { return arguments_; }

  /// Sets the signs of its calls: only a row that brings a value first counts, and one that takes
  /// it back last. Rows with NULL arguments count for nobody. `hashes` are those of the groups; row
  /// i touches its value at `times[i]`, or at `now` if that is null.
  void look_at(const columnar_batch& in, const std::uint64_t* hashes, group_calls& calls,
               timestamp now, const std::int64_t* times = nullptr);

  /// Forgets values that were last touched before `time`.
  void expire(timestamp time);

private:
  struct member {
    std::size_t call;
    std::size_t slot;
  };

  void count(const columnar_batch& in, group_calls& calls, timestamp now,
             const std::int64_t* times);

  std::vector<data_type> types_;
  std::vector<std::size_t> columns_; // keys, then arguments
  std::size_t num_keys_;
  std::vector<std::size_t> arguments_;
  std::int64_t ttl_;
  key_group_range groups_;
  std::uint32_t max_parallelism_;
  std::vector<member> members_;                     // by slot
  std::vector<std::optional<std::size_t>> filters_; // by slot
  std::optional<keyed_rows> rows_;

  // Of the batch at hand.
  std::vector<const column*> batch_columns_;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> selected_;
  std::vector<std::byte*> values_;
  std::vector<std::byte*> gone_;
  std::vector<std::int8_t*> signs_; // of the members
};

} // namespace sluice::table::detail
