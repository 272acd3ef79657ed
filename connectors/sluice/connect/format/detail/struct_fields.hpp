/// The fields of a record type, in order and with names where it has any.
#pragma once

#include "sluice/core/codec.hpp"

#include <boost/mp11/algorithm.hpp>

#include <cstddef>
#include <string_view>
#include <tuple>
#include <vector>

namespace sluice::detail {

/// A type whose fields formats can take apart: described struct, plain aggregate, tuple or pair.
template <class T>
concept record_with_fields
  = described_struct<T> || (tuple_like<T> && !is_std_array<T>) || plain_struct<T>;

template <class T>
constexpr std::size_t field_count() {
  if constexpr (described_struct<T>)
    return boost::mp11::mp_size<members_of<T>>::value;
  else if constexpr (tuple_like<T>)
    return std::tuple_size_v<T>;
  else
    return boost::pfr::tuple_size_v<T>;
}

/// The `I`-th field of `value`.
template <std::size_t I, class T>
auto& field_at(T& value) {
  using record = std::remove_const_t<T>;
  if constexpr (described_struct<record>)
    return value.*boost::mp11::mp_at_c<members_of<record>, I>::pointer;
  else if constexpr (tuple_like<record>)
    return std::get<I>(value);
  else
    return boost::pfr::get<I>(value);
}

/// Names of the fields; empty when the type does not tell them.
template <class T>
std::vector<std::string_view> field_names() {
  std::vector<std::string_view> names;
  if constexpr (described_struct<T>)
    boost::mp11::mp_for_each<members_of<T>>([&](auto member) { names.push_back(member.name); });
  return names;
}

/// Calls `f.operator()<I>()` for every field until one returns false; whether none did.
template <class T, class F>
bool all_fields(F&& f) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (f.template operator()<I>() && ...);
  }(std::make_index_sequence<field_count<T>()>{});
}

} // namespace sluice::detail
