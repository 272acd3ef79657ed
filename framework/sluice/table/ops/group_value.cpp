#include "sluice/table/ops/group_value.hpp"

#include "sluice/core/errors.hpp"

#include <memory>

namespace sluice::table::detail {

namespace {

enum : std::uint8_t { clean, dirty_and_new, dirty };

const group_header& header_of_const(const std::byte* value) {
  return *reinterpret_cast<const group_header*>(value);
}

} // namespace

void group_value::create(std::byte* value) const {
  ::new (value) group_header;
  calls_.create(value);
}

void group_value::destroy(std::byte* value) const noexcept {
  delete header_of(value).old;
  calls_.destroy(value);
}

void group_value::encode(const std::byte* value, byte_writer& out) const {
  const auto& h = header_of_const(value);
  out.raw(h.rows);
  out.raw(h.touched);
  out.raw(static_cast<std::uint8_t>(!h.old ? clean : (h.old->exists ? dirty : dirty_and_new)));
  if (h.old && h.old->exists) out.text(h.old->values);
  calls_.encode(value, out);
}

void group_value::decode(byte_reader& in, std::byte* value) const {
  group_header h;
  h.rows = in.raw<std::int64_t>();
  h.touched = in.raw<std::int64_t>();
  auto state = in.raw<std::uint8_t>();
  if (state > dirty) throw format_error("corrupt data: not a group of aggregates");
  std::unique_ptr<old_result> old;
  if (state != clean) old = std::make_unique<old_result>();
  if (state == dirty) *old = {true, std::string(in.text())};
  calls_.decode(in, value);
  h.old = old.release();
  ::new (value) group_header(h);
}

std::size_t group_value::owned_bytes(const std::byte* value) const noexcept {
  const auto& h = header_of_const(value);
  return encoded_size(calls_, value) + (h.old ? sizeof(old_result) + h.old->values.size() : 0);
}

} // namespace sluice::table::detail
