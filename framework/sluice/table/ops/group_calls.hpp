/// The aggregate calls of a query on states that lie side by side. Not for users.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/ops/keyed_rows.hpp"
#include "sluice/table/ops/operators.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice::table::detail {

inline bool takes_back(row_kind kind) noexcept {
  return kind == row_kind::update_before || kind == row_kind::delete_;
}

/// Whether row `i` of a BOOLEAN column is TRUE.
inline bool is_true(const column& c, std::size_t i) noexcept {
  return !c.is_null(i) && c.value<std::uint8_t>(i) != 0;
}

/// The states of all calls of a group, `header` bytes into its value.
///
/// Owner: one operator; `create`, `destroy`, `encode` and `decode` may be called on any thread.
class group_calls {
public:
  group_calls(std::vector<aggregate_spec> calls, std::size_t header);

  std::size_t count() const noexcept { return calls_.size(); }
  const aggregate_spec& call(std::size_t c) const noexcept { return calls_[c]; }
  std::size_t offset(std::size_t c) const noexcept { return offsets_[c]; }
  /// Bytes in front of the states.
  std::size_t header() const noexcept { return header_; }
  /// Bytes of a value with its header.
  std::size_t size() const noexcept { return size_; }
  bool trivial() const noexcept { return trivial_; }
  std::vector<data_type> results() const;

  void create(std::byte* value) const;
  void destroy(std::byte* value) const noexcept;
  void encode(const std::byte* value, byte_writer& out) const;
  /// Errors: `format_error`; then no state was made.
  void decode(byte_reader& in, std::byte* value) const;
  std::string schema() const;

  // -- a batch at a time --------------------------------------------------------------------------

  /// Looks at the filters of a batch, of which `apply` takes rows until the next `begin`.
  void begin(const columnar_batch& in);
  /// What rows of the batch do to a call, by row: 1, 0 or -1. To be changed by who removes
  /// duplicates, for calls with DISTINCT.
  std::int8_t* signs(std::size_t c) noexcept { return signs_[c].data(); }

  /// Adds rows of the batch to the states of `values`, or takes them back.
  void apply(std::byte* const* values, const selection& rows);
  /// Adds all rows of the batch to one value.
  void apply_to_one(std::byte* value, const selection& rows);

  /// Adds the states of `from` to those of `into`.
  void merge(std::byte* const* into, const std::byte* const* from, std::size_t count) const;
  /// Appends the results of values to a column for each call.
  void emit(const std::byte* const* values, std::size_t count, std::span<column* const> out) const;

private:
  struct row_list {
    std::vector<std::byte*> values;
    std::vector<std::uint32_t> rows;
    void clear() {
      values.clear();
      rows.clear();
    }
    void add(std::byte* value, std::uint32_t row) {
      values.push_back(value);
      rows.push_back(row);
    }
  };

  bool signed_rows(std::size_t c) const noexcept {
    return calls_[c].filter.has_value() || calls_[c].distinct;
  }
  void split_by_kind(std::byte* const* values, const selection& rows);
  void apply_lists(std::size_t c);

  std::vector<aggregate_spec> calls_;
  std::vector<std::size_t> offsets_;
  std::size_t header_ = 0;
  std::size_t size_ = 0;
  bool trivial_ = true;

  const columnar_batch* in_ = nullptr;
  std::vector<std::vector<const column*>> arguments_;
  std::vector<std::vector<std::int8_t>> signs_;
  row_list adds_;
  row_list retracts_;
};

/// A value that holds nothing but states.
class states_value final : public row_value {
public:
  explicit states_value(std::vector<aggregate_spec> calls) : calls_(std::move(calls), 0) {}

  std::size_t size() const noexcept override { return calls_.size(); }
  bool trivial() const noexcept override { return calls_.trivial(); }
  void create(std::byte* value) const override { calls_.create(value); }
  void destroy(std::byte* value) const noexcept override { calls_.destroy(value); }
  void encode(const std::byte* value, byte_writer& out) const override {
    calls_.encode(value, out);
  }
  void decode(byte_reader& in, std::byte* value) const override { calls_.decode(in, value); }
  std::string schema() const override { return calls_.schema(); }
  std::size_t owned_bytes(const std::byte* value) const noexcept override;

private:
  group_calls calls_;
};

/// About what states own: how long their encoding is.
std::size_t encoded_size(const group_calls& calls, const std::byte* value) noexcept;

} // namespace sluice::table::detail
