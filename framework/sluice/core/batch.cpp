#include "sluice/core/batch.hpp"

namespace sluice {

void batch::append_columns(const batch& from, std::size_t begin, std::size_t end) {
  auto count = end - begin;
  if (size_ == 0) {
    timed_ = from.timed_;
    hashed_ = from.hashed_;
  }
  SLUICE_CHECK(count == 0 || timed_ == from.timed_,
               "a batch with timestamps was appended to one without");
  if (count == 0) return;
  auto room = std::max(size_ + count, row_capacity());
  if (timed_) {
    timestamps_.reserve(room, size_);
    std::memcpy(timestamps_.data() + size_, from.timestamps_.data() + begin,
                count * sizeof(timestamp));
  }
  hashed_ = hashed_ && from.hashed_;
  if (hashed_) {
    hashes_.reserve(room, size_);
    std::memcpy(hashes_.data() + size_, from.hashes_.data() + begin, count * sizeof(std::uint64_t));
  }
}

} // namespace sluice
