#include "sluice/table/ops/listed_rows.hpp"

#include <algorithm>
#include <new>

namespace sluice::table {

namespace {

/// Larger rows lie beside the value.
constexpr std::size_t most_inline = 96;

} // namespace

listed_rows::listed_rows(std::vector<std::shared_ptr<const row_codec>> inputs)
  : codecs_(std::move(inputs)) {
  size_ = sizeof(timestamp);
  for (const auto& codec : codecs_) {
    // One row, which is all that there is where the key is unique.
    auto row = (sizeof(stored_row) + codec->typical_bytes() + 3) / 4 * 4;
    inline_bytes_.push_back(row <= most_inline ? row : 0);
    offsets_.push_back(size_);
    size_ += row_list::footprint(inline_bytes_.back());
  }
  size_ = (size_ + 15) / 16 * 16;
}

bool listed_rows::empty(std::byte* value) const noexcept {
  for (std::size_t i = 0; i < offsets_.size(); ++i)
    if (!list(value, i).empty()) return false;
  return true;
}

void listed_rows::clear(std::byte* value) const noexcept {
  for (std::size_t i = 0; i < offsets_.size(); ++i) list(value, i).clear();
}

void listed_rows::create(std::byte* value) const {
  ::new (value) timestamp(0);
  for (std::size_t i = 0; i < offsets_.size(); ++i)
    ::new (value + offsets_[i]) row_list(inline_bytes_[i]);
}

void listed_rows::destroy(std::byte* value) const noexcept {
  for (std::size_t i = 0; i < offsets_.size(); ++i) list(value, i).~row_list();
}

void listed_rows::encode(const std::byte* value, byte_writer& out) const {
  out.raw(*reinterpret_cast<const timestamp*>(value));
  for (std::size_t i = 0; i < offsets_.size(); ++i) list(value, i).encode(out);
}

void listed_rows::decode(byte_reader& in, std::byte* value) const {
  create(value);
  try {
    touched(value) = in.raw<timestamp>();
    for (std::size_t i = 0; i < offsets_.size(); ++i) list(value, i).decode(in, *codecs_[i]);
  } catch (...) {
    destroy(value);
    throw;
  }
}

std::string listed_rows::schema() const {
  std::string text = "rows";
  for (const auto& codec : codecs_) text += " " + codec->schema();
  return text;
}

std::size_t listed_rows::owned_bytes(const std::byte* value) const noexcept {
  std::size_t total = 0;
  for (std::size_t i = 0; i < offsets_.size(); ++i) total += list(value, i).owned_bytes();
  return total;
}

} // namespace sluice::table
