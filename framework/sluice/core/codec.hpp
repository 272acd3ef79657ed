/// Turns values of any type into bytes and back, for snapshots, spilling and the wire.
///
/// Built in: arithmetic types, enums, strings, chrono, optional, variant, pair, tuple, array,
/// standard containers, smart pointers and plain aggregates (without a macro). A type of another
/// kind specialises `sluice::codec<T>`.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/core/hash.hpp"
#include "sluice/core/type_name.hpp"

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/pfr/core.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// Customisation point. A specialisation has
/// `static void encode(byte_writer&, const T&)`, `static T decode(byte_reader&)` (throws
/// `format_error`) and `static std::string schema()`, a text that changes when the bytes' meaning
/// does.
template <class T>
struct codec;

template <class T>
concept has_custom_codec = requires(byte_writer& w, byte_reader& r, const T& value) {
  codec<T>::encode(w, value);
  { codec<T>::decode(r) } -> std::convertible_to<T>;
};

namespace detail {

template <class T>
concept described_struct = boost::describe::has_describe_members<T>::value && std::is_class_v<T>;

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_any_access
                                                          | boost::describe::mod_inherited>;

template <class T>
concept map_like = range_like<T> && requires { typename T::mapped_type; };

template <class T>
concept set_like = range_like<T> && !map_like<T> && requires { typename T::key_type; };

template <class T>
concept sequence_like = range_like<T> && !map_like<T> && !set_like<T>
                        && requires(T& c, typename T::value_type v) { c.push_back(std::move(v)); };

template <class T>
inline constexpr bool is_unique_ptr = false;
template <class T>
inline constexpr bool is_unique_ptr<std::unique_ptr<T>> = true;
template <class T>
inline constexpr bool is_shared_ptr = false;
template <class T>
inline constexpr bool is_shared_ptr<std::shared_ptr<T>> = true;

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

template <class T>
inline constexpr bool always_false = false;

template <class T>
constexpr bool memory_is_encoding();

/// Whether the fields of a plain struct lie in memory as they are encoded: one after the other.
template <class T>
constexpr bool fields_are_encoding() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return (memory_is_encoding<boost::pfr::tuple_element_t<I, T>>() && ...)
           && (sizeof(boost::pfr::tuple_element_t<I, T>) + ... + 0) == sizeof(T);
  }(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
}

/// Whether the bytes in memory are the encoding (so that runs of values are copied at once).
template <class T>
constexpr bool memory_is_encoding() {
  if constexpr (has_custom_codec<T>) {
    return false;
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, long double>) {
    return false;
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return true;
  } else if constexpr (is_chrono_duration<T> || is_chrono_time_point<T>) {
    return memory_is_encoding<typename T::rep>();
  } else if constexpr (is_std_array<T>) {
    return std::tuple_size_v<T> > 0 && memory_is_encoding<typename T::value_type>();
  } else if constexpr (tuple_like<T> || range_like<T> || is_optional<T> || is_variant<T>
                       || is_unique_ptr<T> || is_shared_ptr<T> || described_struct<T>) {
    return false;
  } else if constexpr (plain_struct<T>) {
    return std::is_trivially_copyable_v<T> && fields_are_encoding<T>();
  } else {
    return false;
  }
}

/// Whether a `T` always takes at least a byte, so that the bytes at hand bound how many there are.
template <class T>
constexpr bool takes_bytes() {
  if constexpr (has_custom_codec<T> || std::is_same_v<T, std::monostate>) {
    return false;
  } else if constexpr (is_std_array<T>) {
    return std::tuple_size_v<T> > 0 && takes_bytes<typename T::value_type>();
  } else if constexpr (tuple_like<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (takes_bytes<std::tuple_element_t<I, T>>() || ...);
    }(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (plain_struct<T> && !described_struct<T> && !range_like<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (takes_bytes<boost::pfr::tuple_element_t<I, T>>() || ...);
    }(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  } else {
    return !std::is_empty_v<T>;
  }
}

/// Reads how many values of type `T` follow.
template <class T>
std::size_t decode_count(byte_reader& in) {
  auto n = in.count(takes_bytes<T>() ? 1 : 0);
  constexpr std::size_t most_without_bytes = std::size_t{1} << 24;
  if (!takes_bytes<T>() && !has_custom_codec<T> && n > most_without_bytes)
    throw format_error("corrupt data: a length is absurd");
  return n;
}

} // namespace detail

/// Something that this library can turn to bytes and back.
template <class T>
concept encodable
  = has_custom_codec<T> || std::is_arithmetic_v<T> || std::is_enum_v<T>
    || std::same_as<T, std::string> || detail::is_chrono_duration<T>
    || detail::is_chrono_time_point<T> || detail::is_optional<T> || detail::is_variant<T>
    || detail::tuple_like<T> || detail::map_like<T> || detail::set_like<T>
    || detail::sequence_like<T> || detail::is_unique_ptr<T> || detail::is_shared_ptr<T>
    || detail::described_struct<T> || detail::plain_struct<T> || std::same_as<T, std::monostate>;

template <class T>
void encode_value(byte_writer& out, const T& value) {
  if constexpr (has_custom_codec<T>) {
    codec<T>::encode(out, value);
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    // no content
  } else if constexpr (std::is_same_v<T, bool>) {
    out.raw<std::uint8_t>(value ? 1 : 0);
  } else if constexpr (std::is_same_v<T, long double>) {
    out.raw(static_cast<double>(value));
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    out.raw(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    out.text(value);
  } else if constexpr (detail::is_chrono_duration<T>) {
    encode_value(out, value.count());
  } else if constexpr (detail::is_chrono_time_point<T>) {
    encode_value(out, value.time_since_epoch());
  } else if constexpr (detail::is_optional<T> || detail::is_unique_ptr<T>
                       || detail::is_shared_ptr<T>) {
    out.raw<std::uint8_t>(value ? 1 : 0);
    if (value) encode_value(out, *value);
  } else if constexpr (detail::is_variant<T>) {
    out.varint(value.index());
    std::visit([&](const auto& x) { encode_value(out, x); }, value);
  } else if constexpr (detail::tuple_like<T>) {
    std::apply([&](const auto&... xs) { (encode_value(out, xs), ...); }, value);
  } else if constexpr (detail::map_like<T>) {
    out.varint(value.size());
    for (const auto& [k, v] : value) {
      encode_value(out, k);
      encode_value(out, v);
    }
  } else if constexpr (detail::set_like<T> || detail::sequence_like<T>) {
    using element = typename T::value_type;
    out.varint(value.size());
    if constexpr (detail::memory_is_encoding<element>() && requires { value.data(); }) {
      out.append(value.data(), value.size() * sizeof(element));
    } else {
      for (const auto& x : value) encode_value(out, static_cast<const element&>(x));
    }
  } else if constexpr (detail::described_struct<T>) {
    boost::mp11::mp_for_each<detail::members_of<T>>(
      [&](auto member) { encode_value(out, value.*member.pointer); });
  } else if constexpr (detail::plain_struct<T>) {
    boost::pfr::for_each_field(value, [&](const auto& x) { encode_value(out, x); });
  } else {
    static_assert(detail::always_false<T>,
                  "this type has no encoding: specialise sluice::codec<T>");
  }
}

template <class T>
T decode_value(byte_reader& in);

namespace detail {

template <class T>
T decode_tuple(byte_reader& in) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return T{decode_value<std::tuple_element_t<I, T>>(in)...}; // braces: left to right
  }(std::make_index_sequence<std::tuple_size_v<T>>{});
}

template <class T, std::size_t I = 0>
T decode_alternative(byte_reader& in, std::size_t index) {
  if constexpr (I == std::variant_size_v<T>) {
    throw format_error("corrupt data: unknown alternative of a variant");
  } else {
    if (index == I)
      return T{std::in_place_index<I>, decode_value<std::variant_alternative_t<I, T>>(in)};
    return decode_alternative<T, I + 1>(in, index);
  }
}

} // namespace detail

/// Errors: `format_error` when the bytes are not an encoded `T`.
template <class T>
T decode_value(byte_reader& in) {
  if constexpr (has_custom_codec<T>) {
    return codec<T>::decode(in);
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    return {};
  } else if constexpr (std::is_same_v<T, bool>) {
    auto byte = in.raw<std::uint8_t>();
    if (byte > 1) throw format_error("corrupt data: a bool is neither 0 nor 1");
    return byte == 1;
  } else if constexpr (std::is_same_v<T, long double>) {
    return in.raw<double>();
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return in.raw<T>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return std::string(in.text());
  } else if constexpr (detail::is_chrono_duration<T>) {
    return T{decode_value<typename T::rep>(in)};
  } else if constexpr (detail::is_chrono_time_point<T>) {
    return T{decode_value<typename T::duration>(in)};
  } else if constexpr (detail::is_optional<T>) {
    if (!decode_value<bool>(in)) return std::nullopt;
    return T{decode_value<typename T::value_type>(in)};
  } else if constexpr (detail::is_unique_ptr<T> || detail::is_shared_ptr<T>) {
    if (!decode_value<bool>(in)) return nullptr;
    using element = typename T::element_type;
    return T{new element(decode_value<element>(in))};
  } else if constexpr (detail::is_variant<T>) {
    auto index = static_cast<std::size_t>(in.varint());
    return detail::decode_alternative<T>(in, index);
  } else if constexpr (detail::is_std_array<T>) {
    T result{};
    for (auto& x : result) x = decode_value<typename T::value_type>(in);
    return result;
  } else if constexpr (detail::tuple_like<T>) {
    return detail::decode_tuple<T>(in);
  } else if constexpr (detail::map_like<T>) {
    T result;
    for (auto n = in.count(); n > 0; --n) {
      auto key = decode_value<typename T::key_type>(in);
      result.emplace(std::move(key), decode_value<typename T::mapped_type>(in));
    }
    return result;
  } else if constexpr (detail::set_like<T>) {
    T result;
    for (auto n = in.count(); n > 0; --n) result.insert(decode_value<typename T::value_type>(in));
    return result;
  } else if constexpr (detail::sequence_like<T>) {
    using element = typename T::value_type;
    T result;
    if constexpr (detail::memory_is_encoding<element>() && requires { result.data(); }) {
      auto n = in.count(sizeof(element));
      result.resize(n);
      in.copy(result.data(), n * sizeof(element));
    } else {
      for (auto n = detail::decode_count<element>(in); n > 0; --n)
        result.push_back(decode_value<element>(in));
    }
    return result;
  } else if constexpr (detail::described_struct<T>) {
    T result{};
    boost::mp11::mp_for_each<detail::members_of<T>>([&](auto member) {
      auto& field = result.*member.pointer;
      field = decode_value<std::remove_reference_t<decltype(field)>>(in);
    });
    return result;
  } else if constexpr (detail::plain_struct<T>) {
    T result{};
    boost::pfr::for_each_field(result,
                               [&]<class Field>(Field& field) { field = decode_value<Field>(in); });
    return result;
  } else {
    static_assert(detail::always_false<T>,
                  "this type has no encoding: specialise sluice::codec<T>");
  }
}

/// A text that tells how a `T` is encoded. Equal texts mean exchangeable bytes.
template <class T>
std::string schema_of() {
  if constexpr (has_custom_codec<T>) {
    if constexpr (requires { codec<T>::schema(); })
      return codec<T>::schema();
    else
      return "custom " + type_name<T>();
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    return "nothing";
  } else if constexpr (std::is_same_v<T, bool>) {
    return "bool";
  } else if constexpr (std::is_enum_v<T>) {
    return "enum " + schema_of<std::underlying_type_t<T>>();
  } else if constexpr (std::is_floating_point_v<T>) {
    return sizeof(T) == 4 ? "f32" : "f64";
  } else if constexpr (std::is_integral_v<T>) {
    return std::string(std::is_signed_v<T> ? "i" : "u").append(std::to_string(8 * sizeof(T)));
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "string";
  } else if constexpr (detail::is_chrono_duration<T>) {
    return "duration<" + std::to_string(T::period::num) + "/" + std::to_string(T::period::den) + ","
           + schema_of<typename T::rep>() + ">";
  } else if constexpr (detail::is_chrono_time_point<T>) {
    return "time<" + schema_of<typename T::duration>() + ">";
  } else if constexpr (detail::is_optional<T>) {
    return "optional<" + schema_of<typename T::value_type>() + ">";
  } else if constexpr (detail::is_unique_ptr<T> || detail::is_shared_ptr<T>) {
    return "optional<" + schema_of<typename T::element_type>() + ">";
  } else if constexpr (detail::is_variant<T>) {
    return []<class... Ts>(std::variant<Ts...>*) {
      std::string text = "variant<";
      ((text += schema_of<Ts>() + ","), ...);
      text.back() = '>';
      return text;
    }(static_cast<T*>(nullptr));
  } else if constexpr (detail::is_std_array<T>) {
    return "array<" + schema_of<typename T::value_type>() + ","
           + std::to_string(std::tuple_size_v<T>) + ">";
  } else if constexpr (detail::tuple_like<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      std::string text = "(";
      (text.append(I == 0 ? "" : ",").append(schema_of<std::tuple_element_t<I, T>>()), ...);
      return text + ")";
    }(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (detail::map_like<T>) {
    return "map<" + schema_of<typename T::key_type>() + "," + schema_of<typename T::mapped_type>()
           + ">";
  } else if constexpr (detail::set_like<T> || detail::sequence_like<T>) {
    return (detail::set_like<T> ? "set<" : "list<") + schema_of<typename T::value_type>() + ">";
  } else if constexpr (detail::described_struct<T>) {
    std::string text = "struct{";
    boost::mp11::mp_for_each<detail::members_of<T>>([&](auto member) {
      using field = std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>;
      text.append(text.back() == '{' ? "" : ",").append(member.name);
      text.append(":").append(schema_of<field>());
    });
    return text + "}";
  } else if constexpr (detail::plain_struct<T>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      std::string text = "struct{";
      (text.append(I == 0 ? "" : ",").append(schema_of<boost::pfr::tuple_element_t<I, T>>()), ...);
      return text + "}";
    }(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  } else {
    static_assert(detail::always_false<T>,
                  "this type has no encoding: specialise sluice::codec<T>");
  }
}

namespace detail {

/// Splits the text of a described struct's schema into (name, schema of the field). Empty when
/// `schema` is not one.
std::vector<std::pair<std::string, std::string>> struct_fields(std::string_view schema);

} // namespace detail

/// Whether bytes written under `written` (a `schema_of` text) can be read as a `T`: the schemas
/// are equal, or `T` is a described struct that has all written fields and perhaps further ones.
template <class T>
bool can_decode_from(std::string_view written) {
  if (written == schema_of<T>()) return true;
  if constexpr (detail::described_struct<T> && !has_custom_codec<T>) {
    auto old_fields = detail::struct_fields(written);
    auto new_fields = detail::struct_fields(schema_of<T>());
    if (old_fields.empty()) return false;
    for (auto& field : old_fields)
      if (std::find(new_fields.begin(), new_fields.end(), field) == new_fields.end()) return false;
    return true;
  }
  return false;
}

/// Reads values written under an older schema; fields that it lacks keep their defaults.
template <class T>
class evolving_decoder {
public:
  /// REQUIRES: `can_decode_from<T>(written)`.
  explicit evolving_decoder(std::string_view written) {
    if (written != schema_of<T>()) old_fields_ = detail::struct_fields(written);
  }

  T operator()(byte_reader& in) const {
    if constexpr (detail::described_struct<T> && !has_custom_codec<T>) {
      if (!old_fields_.empty()) {
        T result{};
        for (auto& [name, schema] : old_fields_)
          boost::mp11::mp_for_each<detail::members_of<T>>([&](auto member) {
            if (name != member.name) return;
            auto& field = result.*member.pointer;
            field = decode_value<std::remove_reference_t<decltype(field)>>(in);
          });
        return result;
      }
    }
    return decode_value<T>(in);
  }

private:
  std::vector<std::pair<std::string, std::string>> old_fields_;
};

} // namespace sluice
