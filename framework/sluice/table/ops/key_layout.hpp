/// Keys as rows: how the key columns of a row lie in a table of keys. Not for users.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/table/column/column.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace sluice::table::detail {

/// Keys of a batch in the form in which a table keeps them, one behind the other.
class key_rows {
public:
  const std::byte* at(std::size_t k) const noexcept { return data_.data() + k * stride_; }

private:
  friend class key_layout;

  raw_buffer data_;
  std::size_t stride_ = 0;
  string_heap nested_;  // encoded nested keys
  std::string encoded_; // one of them
};

/// The form of a key: half of its hash, a bit per column that is NULL, and the columns, in which
/// equal values have equal bytes (one NaN, no -0.0; nested values are encoded, entries of maps in
/// order). So two keys are compared by words; only strings of more than 12 bytes lie elsewhere.
///
/// | bytes | |
/// |---|---|
/// | 0 | low 32 bits of the hash |
/// | 4 | NULL bits, in words of 4 bytes |
/// | then | the columns in order, aligned to their width, at most to 8 |
///
/// The size is a multiple of 16, so that what follows a key is aligned to 16.
class key_layout {
public:
  explicit key_layout(const std::vector<data_type>& types);

  std::size_t size() const noexcept { return size_; }
  bool has_strings() const noexcept { return !string_words_.empty(); }

  static std::uint32_t hash_of(const std::byte* key) noexcept {
    std::uint32_t hash = 0;
    std::memcpy(&hash, key, sizeof hash);
    return hash;
  }

  /// The keys of `rows`. Long strings of them are those of the columns.
  void normalize(std::span<const column* const> keys, const std::uint64_t* hashes,
                 const selection& rows, key_rows& out) const;

  /// Whether two keys are equal.
  bool equal(const std::byte* a, const std::byte* b) const noexcept {
    if (size_ == 16) return word(a, 0) == word(b, 0) && word(a, 1) == word(b, 1);
    for (auto w : plain_words_)
      if (word(a, w) != word(b, w)) return false;
    for (auto w : string_words_)
      if (!same_string(a, b, w)) return false;
    return true;
  }

  /// Copies `key` to `to` with its long strings. Returns the bytes that they take.
  std::size_t copy(const std::byte* key, std::byte* to) const;
  /// Ends what `copy` or `decode` made. Returns the bytes that long strings took.
  std::size_t destroy(std::byte* key) const noexcept;

  void encode(const std::byte* key, byte_writer& out) const;
  /// Errors: `format_error`; then nothing was made. Returns the bytes that long strings take.
  std::size_t decode(byte_reader& in, std::byte* key) const;

  /// Appends column `c` of `count` keys, each `distance` bytes before an address in `rows`.
  void append_column(std::size_t c, const std::byte* const* rows, std::size_t distance,
                     std::size_t count, column& out) const;

private:
  struct field {
    std::uint32_t offset;
    std::uint32_t width;
    physical_type physical;
    bool nested;
  };

  static std::uint64_t word(const std::byte* key, std::size_t w) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, key + w * 8, 8);
    return value;
  }
  /// `w` is the word of the first bytes of a string, which are equal.
  static bool same_string(const std::byte* a, const std::byte* b, std::size_t w) noexcept {
    if (word(a, w + 1) == word(b, w + 1)) return true;
    return *string_at(a, w) == *string_at(b, w);
  }
  static const string_ref* string_at(const std::byte* key, std::size_t w) noexcept {
    return reinterpret_cast<const string_ref*>(key + w * 8);
  }
  static string_ref own_string(std::string_view text);
  bool is_null(const std::byte* key, std::size_t c) const noexcept;
  void normalize_column(std::size_t c, const column& from, const selection& rows,
                        key_rows& out) const;
  void normalize_nested(std::size_t c, const column& from, const selection& rows,
                        key_rows& out) const;

  std::vector<field> fields_;
  std::size_t size_ = 0;
  std::vector<std::uint32_t> plain_words_;  // compared as they are
  std::vector<std::uint32_t> string_words_; // where strings begin
};

} // namespace sluice::table::detail
