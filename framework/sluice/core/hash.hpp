/// Stable hashes of keys: the same on every build and platform, because they decide which key
/// group, and so which checkpoint file, a key belongs to.
#pragma once

#include <boost/pfr/core.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sluice {

namespace detail {
__extension__ typedef unsigned __int128 uint128;
} // namespace detail

/// Mixes 64 bits so that every input bit reaches every output bit.
///
/// Source: the multiply-fold of wyhash (Wang Yi), with fixed odd constants.
constexpr std::uint64_t mix_hash(std::uint64_t value) noexcept {
  auto product
    = static_cast<detail::uint128>(value ^ 0x9e3779b97f4a7c15ull) * 0xe7037ed1a0b428dbull;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

constexpr std::uint64_t combine_hash(std::uint64_t seed, std::uint64_t value) noexcept {
  return mix_hash(seed * 0xa0761d6478bd642full + value);
}

/// Hashes raw bytes (for long ones by XXH3-64). Stable across builds.
std::uint64_t hash_long_bytes(const void* data, std::size_t size) noexcept;

/// Hashes raw bytes; short ones inline, as most keys are short.
inline std::uint64_t hash_bytes(const void* data, std::size_t size) noexcept {
  auto bytes = static_cast<const unsigned char*>(data);
  if (size > 16) return hash_long_bytes(data, size);
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  if (size >= 8) {
    std::memcpy(&low, bytes, 8);
    std::memcpy(&high, bytes + size - 8, 8);
  } else if (size >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, bytes, 4);
    std::memcpy(&last, bytes + size - 4, 4);
    low = first;
    high = last;
  } else if (size > 0) {
    low = static_cast<std::uint64_t>(bytes[0]) << 16
          | static_cast<std::uint64_t>(bytes[size / 2]) << 8 | bytes[size - 1];
  }
  auto product = static_cast<detail::uint128>(low ^ 0x2d358dccaa6c78a5ull ^ size)
                 * (high ^ 0x8bb84b93962eacc9ull);
  return mix_hash(static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64));
}

/// Customisation point: specialise with `static std::uint64_t hash(const T&)` for a key type of
/// your own that is not an aggregate. Equal keys must have equal hashes, on every machine.
template <class T>
struct key_hasher;

template <class T>
concept has_key_hasher = requires(const T& value) {
  { key_hasher<T>::hash(value) } -> std::convertible_to<std::uint64_t>;
};

template <class T>
std::uint64_t stable_hash(const T& value) noexcept;

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;
template <class T>
inline constexpr bool is_chrono_duration = false;
template <class R, class P>
inline constexpr bool is_chrono_duration<std::chrono::duration<R, P>> = true;
template <class T>
inline constexpr bool is_chrono_time_point = false;
template <class C, class D>
inline constexpr bool is_chrono_time_point<std::chrono::time_point<C, D>> = true;

template <class T>
concept tuple_like = requires { std::tuple_size<T>::value; };

/// An aggregate that Boost.PFR can take apart.
template <class T>
concept plain_struct
  = std::is_aggregate_v<T> && std::is_class_v<T> && !std::is_polymorphic_v<T> && !tuple_like<T>;

template <class T>
concept range_like = requires(const T& value) {
  value.begin();
  value.end();
  value.size();
};

} // namespace detail

/// What `key_by` accepts as a key: comparable (with == or field by field) and hashable by
/// `stable_hash`.
template <class T>
concept key_type
  = std::copyable<T>
    && (has_key_hasher<T> || std::is_arithmetic_v<T> || std::is_enum_v<T>
        || std::convertible_to<const T&, std::string_view> || detail::is_optional<T>
        || detail::is_variant<T> || detail::is_chrono_duration<T> || detail::is_chrono_time_point<T>
        || detail::tuple_like<T> || detail::plain_struct<T> || detail::range_like<T>);

template <class T>
std::uint64_t stable_hash(const T& value) noexcept {
  if constexpr (has_key_hasher<T>) {
    return key_hasher<T>::hash(value);
  } else if constexpr (std::is_enum_v<T>) {
    return stable_hash(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    double widened = value == 0 ? 0.0 : static_cast<double>(value); // -0.0 == 0.0
    std::uint64_t bits = 0;
    std::memcpy(&bits, &widened, sizeof bits);
    return mix_hash(bits);
  } else if constexpr (std::is_integral_v<T>) {
    return mix_hash(static_cast<std::uint64_t>(value));
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    std::string_view text = value;
    return hash_bytes(text.data(), text.size());
  } else if constexpr (detail::is_chrono_duration<T>) {
    return stable_hash(value.count());
  } else if constexpr (detail::is_chrono_time_point<T>) {
    return stable_hash(value.time_since_epoch().count());
  } else if constexpr (detail::is_optional<T>) {
    return value ? combine_hash(1, stable_hash(*value)) : mix_hash(0);
  } else if constexpr (detail::is_variant<T>) {
    return std::visit([&](const auto& x) { return combine_hash(value.index(), stable_hash(x)); },
                      value);
  } else if constexpr (detail::tuple_like<T>) {
    std::uint64_t seed = std::tuple_size_v<T>;
    std::apply([&](const auto&... xs) { ((seed = combine_hash(seed, stable_hash(xs))), ...); },
               value);
    return seed;
  } else if constexpr (detail::range_like<T>) {
    std::uint64_t seed = value.size();
    for (const auto& x : value) seed = combine_hash(seed, stable_hash(x));
    return seed;
  } else {
    static_assert(detail::plain_struct<T>,
                  "this type cannot be a key: specialise sluice::key_hasher<T>");
    std::uint64_t seed = boost::pfr::tuple_size_v<T>;
    boost::pfr::for_each_field(value,
                               [&](const auto& x) { seed = combine_hash(seed, stable_hash(x)); });
    return seed;
  }
}

/// Equality as keys mean it: `==` where the type has it, else field by field.
template <class T>
bool keys_equal(const T& a, const T& b) {
  if constexpr (std::equality_comparable<T>) {
    return a == b;
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (keys_equal(boost::pfr::get<I>(a), boost::pfr::get<I>(b)) && ...);
    }(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  }
}

} // namespace sluice
