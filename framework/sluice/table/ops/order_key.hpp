/// Keys of ORDER BY as bytes whose order is the order of the rows.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/plan/relation.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::table {

/// Encoded keys, one after the other, in memory that is used again.
class order_keys {
public:
  std::size_t size() const noexcept { return offsets_.empty() ? 0 : offsets_.size() - 1; }
  std::string_view operator[](std::size_t i) const noexcept {
    return {bytes_.data() + offsets_[i], offsets_[i + 1] - offsets_[i]};
  }

private:
  friend class order_key_codec;
  std::vector<char> bytes_;
  std::vector<std::size_t> offsets_;
  std::vector<std::size_t> cursors_;
};

/// Makes keys that compare byte by byte, as unsigned, as the rows do: any number of columns, each
/// ascending or descending, NULLs first or last. No key is the beginning of another one.
/// Thread-safe.
class order_key_codec {
public:
  explicit order_key_codec(std::vector<sort_key> keys) : keys_(std::move(keys)) {}

  /// `out[k]` becomes the key of row `rows[k]`.
  void encode(const columnar_batch& in, const selection& rows, order_keys& out) const;

private:
  std::vector<sort_key> keys_;
};

/// Negative, 0 or positive.
int compare_keys(std::string_view a, std::string_view b) noexcept;

/// The first bytes of a key as a number: keys whose numbers differ are ordered as the numbers are.
std::uint64_t key_prefix(std::string_view key) noexcept;

} // namespace sluice::table
