/// JSON values to and from C++ values.
#pragma once

#include "sluice/connect/format/detail/json_value.hpp"
#include "sluice/connect/format/detail/struct_fields.hpp"
#include "sluice/connect/format/json_options.hpp"

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <vector>

namespace sluice::detail {

template <class T>
constexpr bool is_json_type();

template <class T>
constexpr bool has_json_fields() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return (is_json_type<std::remove_cvref_t<decltype(field_at<I>(std::declval<T&>()))>>() && ...);
  }(std::make_index_sequence<field_count<T>()>{});
}

template <class T>
concept json_map
  = map_like<T>
    && (std::same_as<typename T::key_type, std::string> || number<typename T::key_type>);

template <class T>
constexpr bool is_json_type() {
  if constexpr (number<T> || std::same_as<T, bool> || std::same_as<T, char>
                || std::same_as<T, std::string>)
    return true;
  else if constexpr (is_optional<T>)
    return is_json_type<typename T::value_type>();
  else if constexpr (described_struct<T>)
    return has_json_fields<T>();
  else if constexpr (json_map<T>)
    return is_json_type<typename T::mapped_type>();
  else if constexpr (sequence_like<T> || set_like<T>)
    return is_json_type<typename T::value_type>();
  else if constexpr (record_with_fields<T>)
    return has_json_fields<T>();
  else
    return false;
}

/// Reads values out of one parsed record.
///
/// Invariant: after a `read` that returned false, `problem()` tells what is wrong where; under
/// `on_error::null_field` fields swallow that and become their default.
class json_reader {
public:
  explicit json_reader(const json_options& options) : options_(options) {}

  template <class T>
  bool read(const json_value& value, T& out) {
    if constexpr (number<T>) {
      return value.to_number(out)
             || fail(value,
                     value.is_inexact<T>()
                       ? "exact: an integer of that size is written without point or exponent"
                       : "a number that fits");
    } else if constexpr (std::same_as<T, bool>) {
      return read_bool(value, out) || fail(value, "a bool");
    } else if constexpr (std::same_as<T, char>) {
      if (value.kind() != json_kind::text || value.as_text().size() != 1)
        return fail(value, "a single character");
      out = value.as_text().front();
      return true;
    } else if constexpr (std::same_as<T, std::string>) {
      return value.to_string(out) || fail(value, "a string");
    } else if constexpr (is_optional<T>) {
      if (value.kind() == json_kind::null) {
        out.reset();
        return true;
      }
      if (!out) out.emplace();
      return read(value, *out);
    } else if constexpr (described_struct<T>) {
      return read_object(value, out);
    } else if constexpr (json_map<T>) {
      return read_map(value, out);
    } else if constexpr (sequence_like<T> || set_like<T>) {
      return read_list(value, out);
    } else {
      return read_tuple(value, out);
    }
  }

  bool read_row(const json_value& value, row& out);

  std::string problem() const {
    return path_.empty() ? reason_ : "field " + path_ + ": " + reason_;
  }

  void forget() noexcept {
    path_.clear();
    nulled_ = 0;
  }
  std::size_t nulled() const noexcept { return nulled_; }

private:
  static bool read_bool(const json_value& value, bool& out) noexcept;

  /// Sets the reason; returns false.
  bool fail(const json_value& value, std::string_view wanted);
  bool fail(std::string reason);

  /// Prepends a step to the place of the problem. Returns false.
  bool at_field(std::string_view name);
  bool at_index(std::size_t index);

  /// A field does not convert: whether to go on with its default.
  bool null_instead() noexcept;

  /// The field `name` is not there (or null): whether its default will do.
  bool field_missing(std::string_view name, bool present);

  template <class T, class F>
  static void reset(F& field, const F& initial) {
    if constexpr (std::is_copy_assignable_v<F>)
      field = initial;
    else
      field = F{};
  }

  template <class T>
  bool read_object(const json_value& value, T& out) {
    constexpr auto count = field_count<T>();
    [[maybe_unused]] static const T initial{};
    static const auto names = field_names<T>();
    if (value.kind() != json_kind::object) return fail(value, "an object");
    std::bitset<count == 0 ? 1 : count> seen;
    json_fields fields(value);
    std::string_view name;
    json_value item;
    for (std::size_t expected = 0; fields.next(name, item);) {
      auto at = find_name(names, name, expected);
      if (at == count) continue;
      expected = at + 1;
      bool good = true;
      // one field's code per index; exactly one of them runs
      all_fields<T>([&]<std::size_t I>() {
        if (I != at) return true;
        auto& target = field_at<I>(out);
        using field = std::remove_cvref_t<decltype(target)>;
        if (!is_optional<field> && item.kind() == json_kind::null) {
          good = field_missing(name, true);
          reset<T>(target, field_at<I>(initial));
        } else if (!read(item, target)) {
          good = null_instead() || at_field(name);
          reset<T>(target, field_at<I>(initial));
        }
        return false;
      });
      if (!good) return false;
      seen.set(at);
    }
    if (seen.count() == count) return true;
    return all_fields<T>([&]<std::size_t I>() {
      if (seen.test(I)) return true;
      reset<T>(field_at<I>(out), field_at<I>(initial));
      return field_missing(names[I], false);
    });
  }

  static std::size_t find_name(const std::vector<std::string_view>& names, std::string_view name,
                               std::size_t expected) noexcept {
    if (expected < names.size() && names[expected] == name) return expected;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return i;
    return names.size();
  }

  template <class T>
  bool read_tuple(const json_value& value, T& out) {
    if (value.kind() != json_kind::list) return fail(value, "an array");
    if (value.size() != field_count<T>())
      return fail(value, "an array of " + std::to_string(field_count<T>()));
    json_items items(value);
    return all_fields<T>([&]<std::size_t I>() {
      json_value item;
      items.next(item);
      auto& target = field_at<I>(out);
      if (read(item, target)) return true;
      if (!null_instead()) return at_index(I);
      static const T initial{};
      reset<T>(target, field_at<I>(initial));
      return true;
    });
  }

  template <class T>
  bool read_list(const json_value& value, T& out) {
    if (value.kind() != json_kind::list) return fail(value, "an array");
    out.clear();
    json_items items(value);
    json_value item;
    for (std::size_t i = 0; items.next(item); ++i) {
      typename T::value_type element{};
      if (!read(item, element)) return at_index(i);
      if constexpr (set_like<T>)
        out.insert(std::move(element));
      else
        out.push_back(std::move(element));
    }
    return true;
  }

  template <class T>
  bool read_map(const json_value& value, T& out) {
    if (value.kind() != json_kind::object) return fail(value, "an object");
    out.clear();
    json_fields fields(value);
    std::string_view name;
    json_value item;
    while (fields.next(name, item)) {
      typename T::key_type key{};
      if constexpr (std::same_as<typename T::key_type, std::string>) {
        key = name;
      } else if (parse_number(name, key) != parse_error::none) {
        return fail("the key is not a number that fits") || at_field(name);
      }
      if (!read(item, out[std::move(key)])) return at_field(name);
    }
    return true;
  }

  const json_options& options_;
  std::string path_;
  std::string reason_;
  std::size_t nulled_ = 0;
};

/// Appends a value as JSON.
template <class T>
void append_json(std::string& out, const T& value, const json_options& options);

/// Appends a row as an object. Errors: `format_error` if it has not as many cells as the schema
/// columns.
void append_json_row(std::string& out, const row& value, const json_options& options);

template <class T>
void append_json_object(std::string& out, const T& value, const json_options& options) {
  static const auto names = field_names<T>();
  out += '{';
  bool first = true;
  all_fields<T>([&]<std::size_t I>() {
    auto& field = field_at<I>(value);
    if constexpr (is_optional<std::remove_cvref_t<decltype(field)>>)
      if (options.omit_null_fields && !field) return true;
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, names[I]);
    out += ':';
    append_json(out, field, options);
    return true;
  });
  out += '}';
}

template <class T>
void append_json(std::string& out, const T& value, const json_options& options) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_floating_point_v<T>) {
    if (std::same_as<T, float> && value - value == 0)
      append_number_text(out, value); // the shortest text that is this float
    else
      append_json_number(out, static_cast<double>(value));
  } else if constexpr (number<T>) {
    append_number_text(out, value);
  } else if constexpr (std::same_as<T, char>) {
    append_json_string(out, {&value, 1});
  } else if constexpr (std::same_as<T, std::string>) {
    append_json_string(out, value);
  } else if constexpr (is_optional<T>) {
    if (value)
      append_json(out, *value, options);
    else
      out += "null";
  } else if constexpr (described_struct<T>) {
    append_json_object(out, value, options);
  } else if constexpr (json_map<T>) {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : value) {
      if (!std::exchange(first, false)) out += ',';
      if constexpr (std::same_as<typename T::key_type, std::string>) {
        append_json_string(out, key);
      } else {
        out += '"';
        append_number_text(out, key);
        out += '"';
      }
      out += ':';
      append_json(out, item, options);
    }
    out += '}';
  } else if constexpr (sequence_like<T> || set_like<T>) {
    out += '[';
    bool first = true;
    for (const auto& item : value) {
      if (!std::exchange(first, false)) out += ',';
      append_json(out, static_cast<const typename T::value_type&>(item), options);
    }
    out += ']';
  } else {
    out += '[';
    all_fields<T>([&]<std::size_t I>() {
      if (I > 0) out += ',';
      append_json(out, field_at<I>(value), options);
      return true;
    });
    out += ']';
  }
}

} // namespace sluice::detail
