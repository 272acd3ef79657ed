/// Columns: typed vectors with a validity bitmap.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/table/column/selection.hpp"
#include "sluice/table/types/data_type.hpp"
#include "sluice/table/types/decimal.hpp"
#include "sluice/table/types/string_ref.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::table {

/// A run of rows of the child columns: one ARRAY or MAP.
struct list_entry {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

/// How the values of a column lie.
enum class column_encoding : std::uint8_t {
  flat,       ///< one after the other
  constant,   ///< all rows have the one value that is stored
  dictionary, ///< numbers of rows of another column
};

class column;
using column_ptr = std::shared_ptr<const column>;

/// A growable block of aligned raw memory.
class raw_buffer {
public:
  raw_buffer() = default;
  raw_buffer(raw_buffer&& other) noexcept { swap(other); }
  raw_buffer& operator=(raw_buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~raw_buffer();

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  std::size_t capacity() const noexcept { return capacity_; }

  /// Makes room for `size` bytes, keeping the first `live`.
  void reserve(std::size_t size, std::size_t live) {
    if (size > capacity_) grow(size, live);
  }
  void swap(raw_buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
  }

private:
  void grow(std::size_t size, std::size_t live);

  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0;
};

/// The values of one column of a batch.
///
/// Values of rows that are NULL are unspecified, but may be read (strings of them are empty unless
/// an operator left them out, see `selection`). Long strings lie in heaps that the column keeps
/// alive; columns made of other columns share theirs.
///
/// Thread safety: one thread while it is written, any number once it only is read.
class column {
public:
  explicit column(data_type type);
  column(column&&) = default;
  column& operator=(column&&) = default;

  /// `size` rows that all are `value`'s row 0.
  static column_ptr constant(const column& value, std::size_t size);
  /// `size` NULLs.
  static column_ptr nulls(data_type type, std::size_t size);
  /// Row i is row `indices[i]` of `values`, which is flat. NULL where `values` is.
  static column_ptr dictionary(column_ptr values, const std::uint32_t* indices, std::size_t size);

  const data_type& type() const noexcept { return type_; }
  physical_type physical() const noexcept { return physical_; }
  column_encoding encoding() const noexcept { return encoding_; }
  bool is_flat() const noexcept { return encoding_ == column_encoding::flat; }
  bool is_constant() const noexcept { return encoding_ == column_encoding::constant; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// The stored values: `size()` of them if flat, one if constant.
  /// REQUIRES: T is the C++ type of `physical()`; not a dictionary.
  template <class T>
  const T* values() const noexcept {
    return reinterpret_cast<const T*>(data_.data());
  }
  template <class T>
  T* values() noexcept {
    return reinterpret_cast<T*>(data_.data());
  }

  /// Of a dictionary.
  const std::uint32_t* indices() const noexcept {
    return reinterpret_cast<const std::uint32_t*>(data_.data());
  }
  const column_ptr& dictionary_values() const noexcept { return dictionary_; }

  /// The stored row that row `i` is. REQUIRES: not a dictionary.
  std::size_t stored(std::size_t i) const noexcept { return is_constant() ? 0 : i; }

  /// The value of row `i`, whatever the encoding.
  template <class T>
  const T& value(std::size_t i) const noexcept {
    if (encoding_ == column_encoding::dictionary) return dictionary_->values<T>()[indices()[i]];
    return values<T>()[stored(i)];
  }
  std::string_view text(std::size_t i) const noexcept { return value<string_ref>(i).view(); }

  // -- nulls --------------------------------------------------------------------------------------

  /// Whether some row may be NULL; if not, `validity` is null.
  bool may_have_nulls() const noexcept { return has_validity_; }
  /// A set bit for each stored row that is not NULL; of a dictionary, for each of its rows.
  const std::uint64_t* validity() const noexcept {
    return has_validity_ ? reinterpret_cast<const std::uint64_t*>(validity_.data()) : nullptr;
  }
  bool is_null(std::size_t i) const noexcept {
    if (!has_validity_) return false;
    auto at = is_constant() ? 0 : i;
    return (validity()[at / 64] >> (at % 64) & 1) == 0;
  }
  std::size_t null_count() const noexcept;

  /// The bitmap to write; all rows become valid if there was none.
  std::uint64_t* make_validity();
  void drop_validity() noexcept { has_validity_ = false; }
  void set_null(std::size_t i) {
    auto* bits = make_validity();
    bits[i / 64] &= ~(std::uint64_t{1} << (i % 64));
  }

  // -- writing ------------------------------------------------------------------------------------

  /// Becomes flat with `size` rows whose values are unspecified and valid; keeps the memory.
  void reset(std::size_t size);
  /// Flat and empty.
  void clear() { reset(0); }
  void reserve(std::size_t rows);
  /// Changes the type to one of the same physical type.
  void retype(data_type type);

  /// Where long strings of this column go.
  string_heap& heap();
  /// Keeps the heaps alive that strings of `other` lie in.
  void share_heaps(const column& other);
  /// Stores a copy of `text` in row `i`.
  void set_text(std::size_t i, std::string_view text) {
    values<string_ref>()[i] = heap().add(text);
  }

  // REQUIRES of all that append: flat.
  template <class T>
  void append(const T& value) {
    if (!has_validity_ && (size_ + 1) * sizeof(T) <= data_.capacity()) [[likely]]
      ++size_;
    else
      grow_to(size_ + 1);
    values<T>()[size_ - 1] = value;
  }
  void append_text(std::string_view text) { append(heap().add(text)); }
  void append_null();
  /// Appends rows of a column of the same type; strings are copied.
  void append_rows(const column& from, const selection& rows);
  void append_range(const column& from, std::size_t begin, std::size_t end);
  /// Appends an entry of the next `size` rows of the children, which the caller appended.
  void append_list(std::size_t size);
  /// Counts a row of a ROW whose fields the caller appended to the children.
  void append_row() { grow_to(size_ + 1); }

  /// Copies the rows in `rows` of `from` to the same rows of this; heaps are shared. REQUIRES:
  /// flat, same type, both are as long.
  void copy_rows(const column& from, const selection& rows);

  // -- nested -------------------------------------------------------------------------------------

  /// Element column of an ARRAY; keys and values of a MAP; fields of a ROW.
  std::size_t num_children() const noexcept { return children_.size(); }
  const column& child(std::size_t i) const noexcept { return *children_[i]; }
  column& child(std::size_t i) noexcept { return *children_[i]; }

  // -- as a whole ---------------------------------------------------------------------------------

  /// Bytes that the rows occupy, with their long strings.
  std::size_t bytes() const noexcept;
  /// Bytes of memory held.
  std::size_t capacity_bytes() const noexcept;

  /// Writes the rows, not the type; `decode` becomes what was written.
  void encode(byte_writer& out) const;
  /// Errors: `format_error`.
  void decode(byte_reader& in);

private:
  void grow_to(std::size_t size);
  void own_heap();
  void encode_strings(byte_writer& out, std::size_t stored) const;
  void decode_strings(byte_reader& in, std::size_t stored);

  data_type type_;
  physical_type physical_;
  std::uint32_t width_;
  column_encoding encoding_ = column_encoding::flat;
  bool has_validity_ = false;
  std::size_t size_ = 0;
  raw_buffer data_;
  raw_buffer validity_;
  std::shared_ptr<string_heap> heap_;
  std::vector<std::shared_ptr<const string_heap>> shared_heaps_;
  std::vector<std::shared_ptr<column>> children_;
  column_ptr dictionary_;
};

/// The bytes of a stored value. 0 for ROW.
std::uint32_t width_of(physical_type type) noexcept;

/// `source` if it is flat, else a flat copy. Heaps are shared.
column_ptr flattened(const column_ptr& source);

/// The rows of `source` in this order, flat. Heaps are shared.
std::shared_ptr<column> gather(const column& source, const std::uint32_t* rows, std::size_t count);

/// Becomes what `gather` returns; keeps the memory of `out`.
void gather_into(column& out, const column& source, const std::uint32_t* rows, std::size_t count);

/// Calls `f` with a null pointer to the C++ type of `type`; ROW has none and may not be given.
template <class F>
decltype(auto) visit_physical(physical_type type, F&& f) {
  switch (type) {
  case physical_type::boolean:
    return f(static_cast<std::uint8_t*>(nullptr));
  case physical_type::int8:
    return f(static_cast<std::int8_t*>(nullptr));
  case physical_type::int16:
    return f(static_cast<std::int16_t*>(nullptr));
  case physical_type::int32:
    return f(static_cast<std::int32_t*>(nullptr));
  case physical_type::int64:
    return f(static_cast<std::int64_t*>(nullptr));
  case physical_type::float32:
    return f(static_cast<float*>(nullptr));
  case physical_type::float64:
    return f(static_cast<double*>(nullptr));
  case physical_type::decimal128:
    return f(static_cast<int128*>(nullptr));
  case physical_type::string:
    return f(static_cast<string_ref*>(nullptr));
  default:
    return f(static_cast<list_entry*>(nullptr));
  }
}

} // namespace sluice::table
