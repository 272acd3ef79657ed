/// Views of a hash table as it was at a barrier, which are written while the table goes on
/// changing.
///
/// The table's actor and one writer thread share a view. The writer goes through the table part by
/// part; the actor saves an entry aside before it changes it, unless the writer was there already.
/// Entries and not parts are saved: keys hit at random would make the actor copy all of a large
/// table within milliseconds.
#pragma once

#include "sluice/state/copied_view.hpp"
#include "sluice/state/locked_view.hpp"

#include <type_traits>

namespace sluice {

/// Whether entries can be copied byte by byte. (Not `is_trivially_copyable`, which `std::pair` is
/// not, as it can be assigned to through references.)
template <class K, class V>
inline constexpr bool copied_by_bytes
  = std::is_trivially_copy_constructible_v<K> && std::is_trivially_destructible_v<K>
    && std::is_trivially_copy_constructible_v<V> && std::is_trivially_destructible_v<V>;

/// A view of a table as it was at the moment of a barrier.
template <class K, class V>
using cow_view = std::conditional_t<copied_by_bytes<K, V>, copied_view<K, V>, locked_view<K, V>>;

} // namespace sluice
