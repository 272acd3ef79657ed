/// The rows that an operator keeps for one key.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/table/ops/row_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::table {

/// A row in a `row_list`; its bytes follow it.
struct stored_row {
  std::uint32_t size = 0;
  std::uint32_t hash = 0;    ///< of the bytes by which it is found
  std::uint32_t count = 0;   ///< how many times the row is there; 0: not any more
  std::uint32_t matches = 0; ///< for the operator: rows of another side that go with it

  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  std::string_view view() const noexcept { return {bytes(), size}; }
  std::size_t space() const noexcept { return (sizeof(stored_row) + size + 3) / 4 * 4; }
};

/// The hash by which `row_list::find` looks for rows.
std::uint32_t row_hash(std::string_view bytes) noexcept;

/// Encoded rows of one key side by side, in order of arrival; the first ones in the memory behind
/// the list itself. Finds rows by their first bytes: in long lists through a hash table.
///
/// Lies in raw memory of a `keyed_rows` value and may not be moved; `destroy` gives back what it
/// owns. A `stored_row` stays where it is until the list is changed other than through it.
class row_list {
public:
  /// What a list with room for `inline_bytes` occupies.
  static constexpr std::size_t footprint(std::size_t inline_bytes) {
    return sizeof(row_list) + (inline_bytes + 7) / 8 * 8;
  }
  explicit row_list(std::size_t inline_bytes) noexcept
    : capacity_(static_cast<std::uint32_t>((inline_bytes + 7) / 8 * 8)) {}
  row_list(const row_list&) = delete;
  row_list& operator=(const row_list&) = delete;
  ~row_list() { release(); }

  bool empty() const noexcept { return live_ == 0; }
  /// Different rows.
  std::size_t size() const noexcept { return live_; }

  /// Adds a row that is there once, at the end. Errors: `error` when the rows of the key would pass
  /// 4 GiB.
  stored_row& append(std::string_view row, std::uint32_t hash);

  /// The row that begins with `key`, or null. `hash` is what it was appended with.
  stored_row* find(std::string_view key, std::uint32_t hash);

  /// Takes out a row, however often it is there.
  void erase(stored_row& row);

  void clear() noexcept;

  /// Calls `f(stored_row&)` for the rows in order; `f` may change their counts, but not to 0.
  template <class F>
  void for_each(F&& f) {
    for (std::uint32_t at = 0; at < used_;) {
      auto& row = at_offset(at);
      at += static_cast<std::uint32_t>(row.space());
      if (row.count > 0) f(row);
    }
  }
  /// The first row; null if there is none.
  stored_row* first() noexcept { return next_from(0); }
  /// The one after `row`, or null.
  stored_row* after(const stored_row& row) noexcept {
    auto at = reinterpret_cast<const std::byte*>(&row) - data();
    return next_from(static_cast<std::uint32_t>(at) + static_cast<std::uint32_t>(row.space()));
  }

  /// Memory besides the list itself.
  std::size_t owned_bytes() const noexcept;

  void encode(byte_writer& out) const;
  /// REQUIRES: the list is empty. Errors: `format_error`, also when a row is not one of `codec`.
  void decode(byte_reader& in, const row_codec& codec);

private:
  struct index;

  std::byte* data() noexcept { return heap_ ? heap_ : reinterpret_cast<std::byte*>(this + 1); }
  const std::byte* data() const noexcept {
    return heap_ ? heap_ : reinterpret_cast<const std::byte*>(this + 1);
  }
  stored_row& at_offset(std::uint32_t at) noexcept {
    return *reinterpret_cast<stored_row*>(data() + at);
  }
  stored_row* next_from(std::uint32_t at) noexcept {
    while (at < used_) {
      auto& row = at_offset(at);
      if (row.count > 0) return &row;
      at += static_cast<std::uint32_t>(row.space());
    }
    return nullptr;
  }
  void grow(std::size_t needed);
  void compact();
  void build_index();
  void drop_index() noexcept;
  void release() noexcept;

  std::byte* heap_ = nullptr;
  index* index_ = nullptr;
  std::uint32_t used_ = 0;     ///< bytes, with those of rows that are gone
  std::uint32_t capacity_ = 0; ///< where `heap_` is null: of the memory behind
  std::uint32_t live_ = 0;     ///< rows
  std::uint32_t dead_ = 0;     ///< bytes of rows that are gone; only where there is an index
};

} // namespace sluice::table
