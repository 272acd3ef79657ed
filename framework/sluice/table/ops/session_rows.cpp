#include "sluice/table/ops/session_rows.hpp"

#include <new>

namespace sluice::table::detail {

void session_rows::create(std::byte* value) const {
  ::new (value) session_list();
  rows_.create(value + offset);
  due(value) = max_timestamp;
}

void session_rows::destroy(std::byte* value) const noexcept {
  rows_.destroy(value + offset);
  sessions(value).~session_list();
}

void session_rows::encode(const std::byte* value, byte_writer& out) const {
  const auto& list = *reinterpret_cast<const session_list*>(value);
  out.varint(list.size());
  for (const auto& s : list) {
    out.raw(s.first);
    out.raw(s.last);
  }
  rows_.encode(value + offset, out);
}

void session_rows::decode(byte_reader& in, std::byte* value) const {
  session_list list;
  for (auto n = in.count(2 * sizeof(timestamp)); n > 0; --n) {
    auto first = in.raw<timestamp>();
    list.push_back({first, in.raw<timestamp>()});
  }
  rows_.decode(in, value + offset);
  ::new (value) session_list(std::move(list));
  due(value) = max_timestamp;
}

std::size_t session_rows::owned_bytes(const std::byte* value) const noexcept {
  const auto& list = *reinterpret_cast<const session_list*>(value);
  return list.capacity() * sizeof(session_bounds) + rows_.owned_bytes(value + offset);
}

} // namespace sluice::table::detail
