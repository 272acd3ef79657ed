/// What values of ARRAY, MAP and ROW columns are made of.
#pragma once

#include "sluice/table/column/column.hpp"

#include <cstddef>

namespace sluice::table {

/// Calls `f(child, row)` for all that row `i` of an ARRAY, MAP or ROW is made of.
template <class F>
void for_each_part(const column& c, std::size_t i, F&& f) {
  if (c.physical() == physical_type::row) {
    for (std::size_t k = 0; k < c.num_children(); ++k) f(c.child(k), c.stored(i));
    return;
  }
  const auto& source = c.dictionary_values() ? *c.dictionary_values() : c;
  auto entry = c.value<list_entry>(i);
  for (auto k = entry.offset; k < entry.offset + entry.size; ++k)
    for (std::size_t p = 0; p < source.num_children(); ++p) f(source.child(p), k);
}

} // namespace sluice::table
