/// Batches of columns: what tables exchange through the same channels as streams of records.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/table/column/column.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sluice::table {

/// What a row does to the table that a changelog describes.
enum class row_kind : std::uint8_t { insert, update_before, update_after, delete_ };

/// `+I`, `-U`, `+U`, `-D`.
std::string_view to_string(row_kind kind) noexcept;

/// Rows per batch unless told otherwise.
inline constexpr std::size_t default_batch_rows = 2048;

/// A batch whose records are rows of columns.
///
/// Columns are shared: a projection passes them on, so a column is written only by who made it
/// (`append_*` copies columns that others hold first). Batches that a channel makes have no columns
/// until rows are appended, or decoded: they take the types that come.
class columnar_batch final : public batch {
public:
  columnar_batch() = default;
  /// No rows of these types.
  explicit columnar_batch(std::vector<data_type> types);
  /// Takes over columns of equal length; all rows are inserts.
  columnar_batch(std::vector<column_ptr> columns, std::size_t rows);

  std::size_t num_columns() const noexcept { return columns_.size(); }
  const column& at(std::size_t i) const noexcept { return *columns_[i]; }
  const column_ptr& share(std::size_t i) const noexcept { return columns_[i]; }
  std::vector<data_type> types() const;

  /// Replaces the content; kinds, timestamps and hashes are dropped.
  void assign(std::vector<column_ptr> columns, std::size_t rows);

  /// Sets the row count and the size in bytes after columns were written through `writable`.
  void set_rows(std::size_t rows);

  /// The column to write: a copy of its own if others hold it too.
  column& writable(std::size_t i);

  // -- row kinds ----------------------------------------------------------------------------------

  /// Whether every row is an insert, so that no kinds are stored.
  bool insert_only() const noexcept { return !has_kinds_; }
  row_kind kind(std::size_t i) const noexcept { return has_kinds_ ? kinds_[i] : row_kind::insert; }
  const row_kind* kinds() const noexcept { return has_kinds_ ? kinds_.data() : nullptr; }
  /// The kinds to write; inserts if there were none.
  row_kind* make_kinds();
  void drop_kinds() noexcept { has_kinds_ = false; }

  // -- rows ---------------------------------------------------------------------------------------

  /// Appends rows of a batch with the same columns, with kinds, timestamps and hashes.
  void append_rows(const columnar_batch& from, const selection& rows);
  /// Keeps only `rows`.
  void keep_rows(const selection& rows);

  /// Row `i` as the print connector shows it: `+I[a, 1, null]`.
  std::string row_text(std::size_t i) const;

  // -- batch --------------------------------------------------------------------------------------

  const element_type& type() const noexcept override;
  std::unique_ptr<batch> make_empty() const override;
  void swap_contents(batch& other) noexcept override;
  void append_copy(const batch& from, std::size_t begin, std::size_t end) override;
  void append_move(batch& from, std::size_t begin, std::size_t end) override;
  void trim(std::size_t budget) override;
  void encode(byte_writer& out) const override;
  void decode(byte_reader& in) override;
  std::size_t row_capacity() const noexcept override { return default_batch_rows; }

private:
  void adopt_columns(const columnar_batch& from);
  void empty_columns();
  void recount_bytes();

  std::vector<column_ptr> columns_;
  std::vector<row_kind> kinds_;
  bool has_kinds_ = false;
};

/// The record type of every columnar batch. Channels are typed by it; the types of the columns are
/// what the plan gave the operators on both sides.
const element_type& columnar_rows();

inline columnar_batch& as_columnar(batch& b) { return static_cast<columnar_batch&>(b); }
inline const columnar_batch& as_columnar(const batch& b) {
  return static_cast<const columnar_batch&>(b);
}

/// Writes a type for the wire and for snapshots, and reads it back (errors: `format_error`).
void encode_type(byte_writer& out, const data_type& type);
data_type decode_type(byte_reader& in);

} // namespace sluice::table
