/// The keyed state of table operators: keys that are rows of columns, each with a value that the
/// operator defines.
#pragma once

#include "sluice/core/key_group.hpp"
#include "sluice/state/state_entry.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sluice::table {

/// What lies beside each key of a `keyed_rows`: memory that the operator makes, changes and ends.
///
/// Thread safety: `encode` is called by the thread that writes a snapshot as well, for values that
/// nobody changes meanwhile, and `destroy` for values that the operator has forgotten; the rest on
/// the operator's actor.
class row_value {
public:
  virtual ~row_value() = default;

  /// Bytes, aligned to 16.
  virtual std::size_t size() const noexcept = 0;
  /// Whether values need no `destroy`.
  virtual bool trivial() const noexcept = 0;
  virtual void create(std::byte* value) const = 0;
  virtual void destroy(std::byte* value) const noexcept = 0;
  virtual void encode(const std::byte* value, byte_writer& out) const = 0;
  /// Errors: `format_error`; then no value was made.
  virtual void decode(byte_reader& in, std::byte* value) const = 0;
  /// What is encoded, for the check at a restore.
  virtual std::string schema() const = 0;
  /// Memory that a value owns besides its bytes.
  virtual std::size_t owned_bytes(const std::byte* value) const noexcept = 0;
};

/// A hash table from rows of key columns to values, by key group, whose snapshots do not stop its
/// writer.
///
/// One flat table of tags and row addresses for all key groups of the subtask; the rows (key and
/// value, side by side) lie in chunks that belong to a key group each and never move. A snapshot
/// marks the chunks; who writes to a chunk that is not written out yet encodes it first, so a stop
/// is as long as a chunk. Probing goes over a batch in passes with prefetches.
///
/// Owner: one operator. Values stay where they are until they are erased.
class keyed_rows final : public state_entry {
public:
  keyed_rows(std::vector<data_type> key_types, std::shared_ptr<const row_value> value,
             key_group_range groups, std::uint32_t max_parallelism);
  ~keyed_rows() override;
  keyed_rows(const keyed_rows&) = delete;
  keyed_rows& operator=(const keyed_rows&) = delete;

  std::size_t size() const noexcept;

  /// Hashes of the key columns of a batch: those that travelled with it if there are some.
  const std::uint64_t* hashes(const columnar_batch& in, std::span<const std::size_t> key_columns);

  /// Finds the value of the key of each of `rows`, to read and change; makes those that are missing
  /// and sets `fresh` (may be null) to 1 for the row that made it. `values[k]` is of `rows[k]`.
  void find_or_insert(std::span<const column* const> keys, const std::uint64_t* hashes,
                      const selection& rows, std::byte** values, std::uint8_t* fresh);

  /// Likewise, null where the key is missing.
  void find(std::span<const column* const> keys, const std::uint64_t* hashes, const selection& rows,
            std::byte** values);

  /// Must come before a change of values that were found before the last snapshot: those that
  /// `find`, `find_or_insert` or `for_each` gave since then may be changed as they are.
  void prepare_change(std::byte* const* values, std::size_t count);

  /// Ends a value and forgets its key.
  void erase(std::byte* value);

  /// Appends the keys of values to columns of the key types, in order.
  void append_keys(const std::byte* const* values, std::size_t count,
                   std::span<column* const> out) const;

  /// The key group of a value's key.
  key_group group_of(const std::byte* value) const noexcept;

  /// Calls `f(value)` for each key, key group by key group, in order of creation where nothing was
  /// erased; `f` may change the value, and erase it, but not add.
  void for_each(const std::function<void(std::byte*)>& f);

  // -- state_entry --------------------------------------------------------------------------------

  state_kind kind() const noexcept override { return state_kind::keyed; }
  std::string schema() const override;
  std::size_t memory_bytes() const noexcept override;
  std::size_t owned_bytes() override;
  void clear() override;
  std::unique_ptr<state_snapshot> snapshot(const std::string& name) override;
  void restore(const restored_group& group, const std::string& written_schema) override;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice::table
