#include "sluice/table/ops/partial_groups.hpp"

#include "sluice/core/errors.hpp"

#include <cstring>

namespace sluice::table::detail {

void partial_groups::read(const columnar_batch& in, std::size_t states) {
  clear();
  memory_.reserve(in.size() * calls_->size(), 0);
  rows_.resize(in.size());
  const auto& bytes = in.at(states);
  if (form_ == partial_form::memory) return read_memory(bytes, in.size());
  for (; count_ < in.size(); ++count_) {
    byte_reader reader(bytes.text(count_));
    rows_[count_] = reader.raw<std::int64_t>();
    calls_->decode(reader, memory_.data() + count_ * calls_->size());
  }
}

void partial_groups::read_memory(const column& bytes, std::size_t count) {
  const auto header = calls_->header();
  const auto size = calls_->size() - header;
  for (std::size_t i = 0; i < count; ++i) {
    auto text = bytes.text(i);
    if (text.size() != size) throw format_error("a partial result has another size than its calls");
    std::memcpy(memory_.data() + i * calls_->size() + header, text.data(), size);
    rows_[i] = 1;
  }
  count_ = count;
}

void partial_groups::append(const group_calls& calls, partial_form form, const std::byte* value,
                            std::int64_t rows, column& to, byte_writer& scratch) {
  if (form == partial_form::memory) {
    const auto* states = reinterpret_cast<const char*>(value + calls.header());
    to.append_text({states, calls.size() - calls.header()});
    return;
  }
  scratch.buffer().clear();
  scratch.raw(rows);
  calls.encode(value, scratch);
  to.append_text(scratch.view());
}

void partial_groups::clear() noexcept {
  if (form_ == partial_form::memory) count_ = 0; // nothing to destroy
  for (; count_ > 0; --count_) calls_->destroy(memory_.data() + (count_ - 1) * calls_->size());
}

void partial_groups::merge_into(std::byte* const* values, const selection& rows) {
  from_.clear();
  rows.for_each([&](std::size_t i) { from_.push_back(memory_.data() + i * calls_->size()); });
  calls_->merge(values, from_.data(), from_.size());
}

} // namespace sluice::table::detail
