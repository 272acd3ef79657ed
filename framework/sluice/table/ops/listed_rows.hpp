/// Keyed state that is rows: those of some inputs beside their key.
#pragma once

#include "sluice/table/ops/keyed_rows.hpp"
#include "sluice/table/ops/row_list.hpp"

#include <memory>

namespace sluice::table {

/// A value that holds the rows of some inputs (one or two) for a key, and when it was touched last.
class listed_rows final : public row_value {
public:
  explicit listed_rows(std::vector<std::shared_ptr<const row_codec>> inputs);

  row_list& list(std::byte* value, std::size_t input) const noexcept {
    return *reinterpret_cast<row_list*>(value + offsets_[input]);
  }
  /// Processing time.
  timestamp& touched(std::byte* value) const noexcept {
    return *reinterpret_cast<timestamp*>(value);
  }
  bool empty(std::byte* value) const noexcept;
  void clear(std::byte* value) const noexcept;

  std::size_t size() const noexcept override { return size_; }
  bool trivial() const noexcept override { return false; }
  void create(std::byte* value) const override;
  void destroy(std::byte* value) const noexcept override;
  void encode(const std::byte* value, byte_writer& out) const override;
  void decode(byte_reader& in, std::byte* value) const override;
  std::string schema() const override;
  std::size_t owned_bytes(const std::byte* value) const noexcept override;

private:
  const row_list& list(const std::byte* value, std::size_t input) const noexcept {
    return *reinterpret_cast<const row_list*>(value + offsets_[input]);
  }

  std::vector<std::shared_ptr<const row_codec>> codecs_;
  std::vector<std::size_t> inline_bytes_;
  std::vector<std::size_t> offsets_;
  std::size_t size_ = 0;
};

} // namespace sluice::table
