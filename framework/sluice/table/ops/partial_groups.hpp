/// What the first of two phases of aggregation hands to the second. Not for users.
#pragma once

#include "sluice/table/ops/group_calls.hpp"

namespace sluice::table::detail {

/// How partial results are written: of both phases of a job.
enum class partial_form : std::uint8_t {
  /// The number of rows, then each state as its function encodes it.
  encoded,
  /// The memory of the states, a column for each 16 bytes of it: so they are sent without looking
  /// at a state by itself. Of batch jobs, where nobody asks for the number of rows and no
  /// checkpoint keeps what is on its way; the other process, if there is one, runs the same
  /// program.
  memory,
};

/// The form for these calls.
inline partial_form form_of(const group_calls& calls, execution_mode mode) noexcept {
  return mode == execution_mode::batch && calls.trivial() ? partial_form::memory
                                                          : partial_form::encoded;
}

/// The types of the columns behind the keys.
std::vector<data_type> types_of_states(const group_calls& calls, partial_form form);

/// Partial results of a batch: keys, then columns with the states of all calls of each key.
class partial_groups {
public:
  /// `calls` lays out the memory into which states are read.
  partial_groups(const group_calls& calls, partial_form form) : calls_(&calls), form_(form) {}
  ~partial_groups() { clear(); }
  partial_groups(const partial_groups&) = delete;

  /// Reads the columns of a batch from `states` on. Errors: `format_error`.
  void read(const columnar_batch& in, std::size_t states);
  void clear() noexcept;

  /// Rows that are in partial result `i`; 1 if the form does not say.
  std::int64_t rows(std::size_t i) const noexcept { return rows_[i]; }
  /// Adds the partial results of `rows` to values.
  void merge_into(std::byte* const* values, const selection& rows);

  /// Appends the states of values to `to`, which has a column for each of `types_of_states`. `rows`
  /// says how many rows are in each value.
  static void append(const group_calls& calls, partial_form form,
                     std::span<const std::byte* const> values, std::span<const std::int64_t> rows,
                     std::span<const std::shared_ptr<column>> to);

private:
  void read_memory(const columnar_batch& in, std::size_t states);

  const group_calls* calls_;
  partial_form form_;
  raw_buffer memory_;
  std::size_t count_ = 0;
  std::vector<std::int64_t> rows_;
  std::vector<const std::byte*> from_;
};

} // namespace sluice::table::detail
