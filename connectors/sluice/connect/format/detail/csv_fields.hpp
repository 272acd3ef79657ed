/// Which types a CSV field can have, and how they are read and written.
#pragma once

#include "sluice/connect/format/csv_options.hpp"
#include "sluice/connect/format/detail/csv_core.hpp"
#include "sluice/connect/format/detail/number_text.hpp"
#include "sluice/connect/format/detail/struct_fields.hpp"

#include <optional>
#include <string>

namespace sluice::detail {

template <class F>
concept plain_csv_field
  = number<F> || std::same_as<F, bool> || std::same_as<F, char> || std::same_as<F, std::string>;

template <class F>
inline constexpr bool is_csv_field = plain_csv_field<F>;
template <class F>
inline constexpr bool is_csv_field<std::optional<F>> = plain_csv_field<F>;

template <class T, std::size_t I>
using csv_field_type = std::remove_cvref_t<decltype(field_at<I>(std::declval<T&>()))>;

template <class T>
constexpr bool has_csv_fields() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return (is_csv_field<csv_field_type<T, I>> && ...);
  }(std::make_index_sequence<field_count<T>()>{});
}

template <class T>
concept csv_struct = !std::same_as<T, row> && !std::same_as<T, std::string> && record_with_fields<T>
                     && has_csv_fields<T>();

/// What a field of type `F` is called in an error.
template <class F>
constexpr std::string_view csv_type_name() {
  if constexpr (is_optional<F>) {
    return csv_type_name<typename F::value_type>();
  } else if constexpr (std::same_as<F, bool>) {
    return "bool";
  } else if constexpr (std::same_as<F, char>) {
    return "single character";
  } else if constexpr (std::same_as<F, std::string>) {
    return "string";
  } else if constexpr (std::is_floating_point_v<F>) {
    return "number";
  } else if constexpr (std::is_signed_v<F>) {
    return sizeof(F) == 1 ? "int8" : sizeof(F) == 2 ? "int16" : sizeof(F) == 4 ? "int32" : "int64";
  } else {
    return sizeof(F) == 1   ? "uint8"
           : sizeof(F) == 2 ? "uint16"
           : sizeof(F) == 4 ? "uint32"
                            : "uint64";
  }
}

template <class F>
bool parse_plain_field(std::string_view text, F& target) {
  if constexpr (std::same_as<F, bool>) {
    return parse_bool(text, target) == parse_error::none;
  } else if constexpr (std::same_as<F, char>) {
    if (text.size() == 1) target = text.front();
    return text.size() == 1;
  } else {
    return parse_number(text, target) == parse_error::none;
  }
}

template <class F>
void clear_field(F& target) {
  if constexpr (std::same_as<F, std::string>)
    target.clear();
  else
    target = F{};
}

/// REQUIRES: `type` is not `string`.
bool parse_plain_cell(std::string_view text, column_type type, cell& target);

inline void append_csv_null(std::string& out, const csv_options& options) {
  if (options.null_literal) out += *options.null_literal;
}

/// Like `append_csv_field`.
bool append_csv_cell(std::string& out, const cell& value, const csv_options& options);

/// False: the field would need quotes, and there are none.
template <class F>
bool append_csv_field(std::string& out, const F& value, const csv_options& options) {
  if constexpr (is_optional<F>) {
    if (!value) {
      append_csv_null(out, options);
      return true;
    }
    if constexpr (std::same_as<F, std::optional<std::string>>) {
      if (value->empty() && !options.null_literal) { // "" is a value, nothing is null
        if (options.quote == '\0') return false;
        out.append(2, options.quote);
        return true;
      }
    }
    return append_csv_field(out, *value, options);
  } else if constexpr (std::same_as<F, std::string>) {
    if (value.empty() && options.null_literal != std::string{}) return true;
    return append_csv_text(out, value, options);
  } else if constexpr (std::same_as<F, bool>) {
    out += value ? "true" : "false";
    return true;
  } else if constexpr (std::same_as<F, char>) {
    return append_csv_text(out, {&value, 1}, options);
  } else {
    append_number_text(out, value);
    return true;
  }
}

/// The text of a field that is one, to be shown; else nothing.
template <class F>
std::string_view csv_text_of(const F& value) {
  if constexpr (is_optional<F>)
    return value ? csv_text_of(*value) : std::string_view{};
  else if constexpr (std::same_as<F, std::string>)
    return value;
  else if constexpr (std::same_as<F, char>)
    return {&value, 1};
  else
    return {};
}

inline std::string_view csv_text_of(const cell& value) {
  auto text = std::get_if<std::string>(&value);
  return text ? std::string_view(*text) : std::string_view{};
}

} // namespace sluice::detail
