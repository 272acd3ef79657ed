/// The rows of a partition in their order.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/table/ops/keyed_rows.hpp"
#include "sluice/table/ops/row_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice::table {

/// A row in a `ranked_rows`, with the key of its place. Its bytes follow it.
struct ranked_row {
  std::uint32_t key_size = 0;
  std::uint32_t row_size = 0;
  std::uint32_t hash = 0; ///< of the bytes by which it is found

  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1) + key_size; }
  std::string_view key() const noexcept {
    return {reinterpret_cast<const char*>(this + 1), key_size};
  }
  std::string_view row() const noexcept { return {bytes(), row_size}; }
  std::size_t space() const noexcept { return sizeof(ranked_row) + key_size + row_size; }

  static ranked_row* make(std::string_view key, std::string_view row, std::uint32_t hash);
  static void free(ranked_row* row) noexcept;
};

/// Rows ordered by their keys; among equal keys, in order of arrival or the newest first. Owns
/// them.
///
/// Places count from 0. One row needs no memory but its own; any number can be put in and taken out
/// in logarithmic time, but finding out a place far from the beginning takes longer, so it is only
/// told up to a bound.
class ranked_rows {
public:
  static constexpr std::size_t beyond = ~std::size_t{0};

  ranked_rows() = default;
  ranked_rows(const ranked_rows&) = delete;
  ranked_rows& operator=(const ranked_rows&) = delete;
  ~ranked_rows();

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// Null past the end.
  ranked_row* at(std::size_t place) const noexcept;
  ranked_row* last() const noexcept;

  /// Returns its place, or `beyond` if that is not below `bound`.
  std::size_t insert(ranked_row* row, bool newest_first, std::size_t bound);

  /// Takes a row out, which the caller owns then. Returns the place it had, or `beyond`.
  std::size_t remove(const ranked_row* row, std::size_t bound);

  /// A row with this key and these bytes, or null.
  ranked_row* find(std::string_view key, std::string_view row) const noexcept;

  /// The row that begins with `leading`, or null. `hash` is what it was made with.
  ranked_row* find_leading(std::string_view leading, std::uint32_t hash);

  template <class F>
  void for_each(F&& f) const {
    if (blocks_.empty()) {
      if (single_) f(single_);
      return;
    }
    for (const auto& rows : blocks_)
      for (auto* row : rows) f(row);
  }

  void clear() noexcept;
  std::size_t owned_bytes() const noexcept;
  void encode(byte_writer& out) const;
  /// REQUIRES: empty. Errors: `format_error`, also when a row is not one of `codec`.
  void decode(byte_reader& in, const row_codec& codec);

private:
  using block = std::vector<ranked_row*>;
  struct position {
    std::size_t number; ///< of the block
    std::size_t slot;
  };

  template <class Before>
  position search(Before before) const noexcept;
  std::size_t place_of(position at, std::size_t bound) const noexcept;
  void index_row(ranked_row* row);
  void build_index();

  ranked_row* single_ = nullptr;
  std::vector<block> blocks_;      ///< once there were two rows
  std::vector<ranked_row*> index_; ///< open addressing by hash; empty until it is needed
  std::size_t index_used_ = 0;
  std::size_t size_ = 0;
  std::size_t row_bytes_ = 0;
};

/// A value that holds the ordered rows of a key, and when it was touched last.
class ranked_value final : public row_value {
public:
  explicit ranked_value(std::shared_ptr<const row_codec> codec) : codec_(std::move(codec)) {}

  struct content {
    timestamp touched = 0; ///< processing time
    ranked_rows rows;
  };
  static content& of(std::byte* value) noexcept { return *reinterpret_cast<content*>(value); }

  std::size_t size() const noexcept override { return (sizeof(content) + 15) / 16 * 16; }
  bool trivial() const noexcept override { return false; }
  void create(std::byte* value) const override { ::new (value) content; }
  void destroy(std::byte* value) const noexcept override { of(value).~content(); }
  void encode(const std::byte* value, byte_writer& out) const override;
  void decode(byte_reader& in, std::byte* value) const override;
  std::string schema() const override { return "ranked " + codec_->schema(); }
  std::size_t owned_bytes(const std::byte* value) const noexcept override;

private:
  std::shared_ptr<const row_codec> codec_;
};

} // namespace sluice::table
