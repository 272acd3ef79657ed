#include "sluice/table/ops/nested_key.hpp"

#include "sluice/core/errors.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::table::detail {

namespace {

void encode_list(byte_writer& out, const column& c, std::size_t i) {
  const auto& source = c.dictionary_values() ? *c.dictionary_values() : c;
  auto entry = c.value<list_entry>(i);
  out.varint(entry.size);
  if (!c.type().is(type_root::map)) {
    for (auto k = entry.offset; k < entry.offset + entry.size; ++k)
      encode_key_value(out, source.child(0), k);
    return;
  }
  std::vector<std::string> entries; // the order of a map's entries means nothing
  for (auto k = entry.offset; k < entry.offset + entry.size; ++k) {
    byte_writer one;
    encode_key_value(one, source.child(0), k);
    encode_key_value(one, source.child(1), k);
    entries.push_back(one.take());
  }
  std::sort(entries.begin(), entries.end());
  for (const auto& e : entries) out.append(e.data(), e.size());
}

} // namespace

void encode_key_value(byte_writer& out, const column& c, std::size_t i) {
  bool null = c.is_null(i);
  out.raw(static_cast<std::uint8_t>(null ? 1 : 0));
  if (null) return;
  if (c.physical() == physical_type::list) return encode_list(out, c, i);
  if (c.physical() == physical_type::row) {
    for (std::size_t k = 0; k < c.num_children(); ++k)
      encode_key_value(out, c.child(k), c.stored(i));
    return;
  }
  visit_physical(c.physical(), [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (std::is_same_v<T, string_ref>)
      out.text(c.text(i));
    else if constexpr (!std::is_same_v<T, list_entry>)
      out.raw(key_number(c.value<T>(i)));
  });
}

void decode_key_value(byte_reader& in, column& out) {
  auto null = in.raw<std::uint8_t>();
  if (null > 1) throw format_error("corrupt data: not a nested key");
  if (null == 1) return out.append_null();
  if (out.physical() == physical_type::list) {
    auto size = in.count();
    for (std::size_t k = 0; k < size; ++k)
      for (std::size_t child = 0; child < out.num_children(); ++child)
        decode_key_value(in, out.child(child));
    return out.append_list(size);
  }
  if (out.physical() == physical_type::row) {
    for (std::size_t k = 0; k < out.num_children(); ++k) decode_key_value(in, out.child(k));
    return out.append_row();
  }
  visit_physical(out.physical(), [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (std::is_same_v<T, string_ref>)
      out.append_text(in.text());
    else if constexpr (!std::is_same_v<T, list_entry>)
      out.append(in.raw<T>());
  });
}

} // namespace sluice::table::detail
