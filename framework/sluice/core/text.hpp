/// How values look when printed: `to_text` for any record type.
#pragma once

#include "sluice/core/codec.hpp"

#include <fmt/format.h>

#include <ostream>
#include <sstream>
#include <string>
#include <string_view>

namespace sluice {

namespace detail {

template <class T>
concept streamable = requires(std::ostream& out, const T& value) { out << value; };

/// The shortest text that reads back as the same number, with a ".0" where it would look integral.
void append_number(std::string& out, double value);

} // namespace detail

/// Appends the text of `value`.
///
/// Strings as they are, numbers in their shortest exact form, bools as `true`/`false`, pairs,
/// tuples and plain structs as `(a, b)`, sequences as `[a, b]`, maps as `{k=v}`, absent optionals
/// as `null`. A type with its own `operator<<` is printed by that.
template <class T>
void append_text(std::string& out, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    out += value;
  } else if constexpr (std::is_same_v<T, float>) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else if constexpr (std::is_floating_point_v<T>) {
    detail::append_number(out, static_cast<double>(value));
  } else if constexpr (std::is_integral_v<T>) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    out += std::string_view(value);
  } else if constexpr (detail::streamable<T>) {
    std::ostringstream stream;
    stream << value;
    out += stream.view();
  } else if constexpr (std::is_enum_v<T>) {
    append_text(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    out += "null";
  } else if constexpr (detail::is_chrono_duration<T>) {
    append_text(out, value.count());
  } else if constexpr (detail::is_chrono_time_point<T>) {
    append_text(out, value.time_since_epoch());
  } else if constexpr (detail::is_optional<T> || detail::is_unique_ptr<T>
                       || detail::is_shared_ptr<T>) {
    if (value)
      append_text(out, *value);
    else
      out += "null";
  } else if constexpr (detail::is_variant<T>) {
    std::visit([&](const auto& x) { append_text(out, x); }, value);
  } else if constexpr (detail::map_like<T>) {
    out += '{';
    bool first = true;
    for (const auto& [k, v] : value) {
      if (!std::exchange(first, false)) out += ", ";
      append_text(out, k);
      out += '=';
      append_text(out, v);
    }
    out += '}';
  } else if constexpr (detail::range_like<T> && !detail::described_struct<T>) {
    out += '[';
    bool first = true;
    for (const auto& x : value) {
      if (!std::exchange(first, false)) out += ", ";
      append_text(out, static_cast<const typename T::value_type&>(x));
    }
    out += ']';
  } else {
    out += '(';
    bool first = true;
    auto field = [&](const auto& x) {
      if (!std::exchange(first, false)) out += ", ";
      append_text(out, x);
    };
    if constexpr (detail::tuple_like<T>) {
      std::apply([&](const auto&... xs) { (field(xs), ...); }, value);
    } else if constexpr (detail::described_struct<T>) {
      boost::mp11::mp_for_each<detail::members_of<T>>(
        [&](auto member) { field(value.*member.pointer); });
    } else {
      static_assert(detail::plain_struct<T>, "this type cannot be printed: give it an operator<<");
      boost::pfr::for_each_field(value, field);
    }
    out += ')';
  }
}

/// The text of `value`; see `append_text`.
template <class T>
std::string to_text(const T& value) {
  std::string out;
  append_text(out, value);
  return out;
}

} // namespace sluice
