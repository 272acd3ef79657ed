/// Values of C++ as values of SQL: what fields of records become in columns, and back.
///
/// | C++ | SQL |
/// |---|---|
/// | bool, float, double | BOOLEAN, FLOAT, DOUBLE |
/// | integers of 8 to 64 bits | TINYINT .. BIGINT; unsigned ones the next larger, DECIMAL(20, 0) |
/// | std::string | STRING |
/// | std::vector<std::byte> | BYTES |
/// | std::chrono::sys_days, local_days | DATE |
/// | std::chrono::local_time | TIMESTAMP(6), or 0, 3 as its unit is |
/// | std::chrono::sys_time | TIMESTAMP_LTZ, likewise |
/// | std::chrono::duration | INTERVAL DAY TO SECOND, in milliseconds |
/// | std::vector, maps | ARRAY, MAP |
/// | described structs | ROW |
/// | std::optional | the same, nullable; all others are NOT NULL |
#pragma once

#include "sluice/core/codec.hpp"
#include "sluice/table/column/column.hpp"

#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace sluice::table {

namespace detail {

template <class T>
inline constexpr bool is_bytes = std::is_same_v<T, std::vector<std::byte>>;

template <class T>
inline constexpr bool is_days
  = std::is_same_v<T, std::chrono::sys_days> || std::is_same_v<T, std::chrono::local_days>;

template <class T>
inline constexpr bool is_time_of = false;
template <class C, class D>
inline constexpr bool is_time_of<std::chrono::time_point<C, D>>
  = std::is_same_v<C, std::chrono::system_clock> || std::is_same_v<C, std::chrono::local_t>;

template <class T>
inline constexpr bool is_local_time = false;
template <class D>
inline constexpr bool is_local_time<std::chrono::local_time<D>> = true;

template <class T>
concept integer = std::is_integral_v<T> && !std::is_same_v<T, bool>;

/// Whether `T` is a number, text or time: something without parts.
template <class T>
concept plain_value = std::is_same_v<T, bool> || integer<T> || std::is_floating_point_v<T>
                      || std::is_same_v<T, std::string> || is_bytes<T> || is_time_of<T>
                      || sluice::detail::is_chrono_duration<T>;

template <class T>
concept array_value = sluice::detail::sequence_like<T> && !plain_value<T>;

/// Digits of the seconds of a unit of time.
template <class D>
constexpr int digits_of_second() {
  using period = typename D::period;
  if constexpr (period::num >= period::den)
    return 0;
  else if constexpr (std::ratio_greater_equal_v<period, std::milli>)
    return 3;
  else
    return 6;
}

template <class T>
using unsigned_storage
  = std::conditional_t<sizeof(T) == 1, std::int16_t,
                       std::conditional_t<sizeof(T) == 2, std::int32_t, std::int64_t>>;

/// How an integer lies in a column.
template <integer T>
using stored_integer = std::conditional_t<
  std::is_signed_v<T>,
  std::conditional_t<
    sizeof(T) == 1, std::int8_t,
    std::conditional_t<sizeof(T) == 2, std::int16_t,
                       std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>>>,
  std::conditional_t<sizeof(T) == 8, int128, unsigned_storage<T>>>;

[[noreturn]] void throw_null_value(const column& c);

} // namespace detail

/// Something that can be a value of a column.
template <class T>
concept column_value
  = detail::plain_value<T> || sluice::detail::is_optional<T> || detail::array_value<T>
    || sluice::detail::map_like<T> || sluice::detail::described_struct<T>;

/// The type of SQL that a `T` becomes.
template <class T>
data_type type_of_value() {
  static_assert(column_value<T>,
                "this type has no counterpart in SQL: see sluice/table/streams/value_mapping.hpp; "
                "structs must be described with BOOST_DESCRIBE_STRUCT");
  using std::is_same_v;
  if constexpr (is_same_v<T, bool>) {
    return data_type::boolean().not_null();
  } else if constexpr (detail::integer<T>) {
    using stored = detail::stored_integer<T>;
    if constexpr (is_same_v<stored, std::int8_t>)
      return data_type::tinyint().not_null();
    else if constexpr (is_same_v<stored, std::int16_t>)
      return data_type::smallint().not_null();
    else if constexpr (is_same_v<stored, std::int32_t>)
      return data_type::integer().not_null();
    else if constexpr (is_same_v<stored, std::int64_t>)
      return data_type::bigint().not_null();
    else
      return data_type::decimal(20, 0).not_null();
  } else if constexpr (is_same_v<T, float>) {
    return data_type::float_().not_null();
  } else if constexpr (std::is_floating_point_v<T>) {
    return data_type::double_().not_null();
  } else if constexpr (is_same_v<T, std::string>) {
    return data_type::string().not_null();
  } else if constexpr (detail::is_bytes<T>) {
    return data_type::bytes().not_null();
  } else if constexpr (detail::is_days<T>) {
    return data_type::date().not_null();
  } else if constexpr (detail::is_local_time<T>) {
    return data_type::timestamp(detail::digits_of_second<typename T::duration>()).not_null();
  } else if constexpr (detail::is_time_of<T>) {
    return data_type::timestamp_ltz(detail::digits_of_second<typename T::duration>()).not_null();
  } else if constexpr (sluice::detail::is_chrono_duration<T>) {
    return data_type::interval_day_time().not_null();
  } else if constexpr (sluice::detail::is_optional<T>) {
    return type_of_value<typename T::value_type>().as_nullable();
  } else if constexpr (sluice::detail::map_like<T>) {
    return data_type::map(type_of_value<typename T::key_type>(),
                          type_of_value<typename T::mapped_type>())
      .not_null();
  } else if constexpr (detail::array_value<T>) {
    return data_type::array(type_of_value<typename T::value_type>()).not_null();
  } else {
    std::vector<data_type::field> fields;
    boost::mp11::mp_for_each<sluice::detail::members_of<T>>([&](auto member) {
      using value = std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>;
      fields.push_back({member.name, type_of_value<value>()});
    });
    return data_type::row(std::move(fields)).not_null();
  }
}

/// Appends `value` to a flat column of type `type_of_value<T>()`.
template <class T>
void append_value(column& to, const T& value) {
  using namespace std::chrono;
  if constexpr (std::is_same_v<T, bool>) {
    to.append<std::uint8_t>(value);
  } else if constexpr (detail::integer<T>) {
    to.append(static_cast<detail::stored_integer<T>>(value));
  } else if constexpr (std::is_same_v<T, float>) {
    to.append(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    to.append(static_cast<double>(value));
  } else if constexpr (std::is_same_v<T, std::string>) {
    to.append_text(value);
  } else if constexpr (detail::is_bytes<T>) {
    to.append_text({reinterpret_cast<const char*>(value.data()), value.size()});
  } else if constexpr (detail::is_days<T>) {
    to.append(static_cast<std::int32_t>(value.time_since_epoch().count()));
  } else if constexpr (detail::is_time_of<T>) {
    to.append<std::int64_t>(floor<microseconds>(value.time_since_epoch()).count());
  } else if constexpr (sluice::detail::is_chrono_duration<T>) {
    to.append<std::int64_t>(duration_cast<milliseconds>(value).count());
  } else if constexpr (sluice::detail::is_optional<T>) {
    if (value)
      append_value(to, *value);
    else
      to.append_null();
  } else if constexpr (sluice::detail::map_like<T>) {
    for (const auto& [k, v] : value) {
      append_value(to.child(0), k);
      append_value(to.child(1), v);
    }
    to.append_list(value.size());
  } else if constexpr (detail::array_value<T>) {
    for (const auto& v : value) append_value<typename T::value_type>(to.child(0), v);
    to.append_list(value.size());
  } else {
    std::size_t i = 0;
    boost::mp11::mp_for_each<sluice::detail::members_of<T>>(
      [&](auto member) { append_value(to.child(i++), value.*member.pointer); });
    to.append_row();
  }
}

/// The value of row `i` of a flat column whose type is `type_of_value<T>()`, but for nullability.
/// Errors: `format_error` for a NULL unless `T` is an optional.
template <class T>
T read_value(const column& from, std::size_t i) {
  using namespace std::chrono;
  if constexpr (sluice::detail::is_optional<T>) {
    if (from.is_null(i)) return std::nullopt;
    return read_value<typename T::value_type>(from, i);
  } else {
    if (from.is_null(i)) [[unlikely]]
      detail::throw_null_value(from);
    if constexpr (std::is_same_v<T, bool>) {
      return from.value<std::uint8_t>(i) != 0;
    } else if constexpr (detail::integer<T>) {
      return static_cast<T>(from.value<detail::stored_integer<T>>(i));
    } else if constexpr (std::is_same_v<T, float>) {
      return from.value<float>(i);
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(from.value<double>(i));
    } else if constexpr (std::is_same_v<T, std::string>) {
      return std::string(from.text(i));
    } else if constexpr (detail::is_bytes<T>) {
      const auto text = from.text(i);
      const auto* data = reinterpret_cast<const std::byte*>(text.data());
      return T(data, data + text.size());
    } else if constexpr (detail::is_days<T>) {
      return T(days(from.value<std::int32_t>(i)));
    } else if constexpr (detail::is_time_of<T>) {
      return T(floor<typename T::duration>(microseconds(from.value<std::int64_t>(i))));
    } else if constexpr (sluice::detail::is_chrono_duration<T>) {
      return duration_cast<T>(milliseconds(from.value<std::int64_t>(i)));
    } else if constexpr (sluice::detail::map_like<T>) {
      T result;
      const auto entry = from.value<list_entry>(i);
      for (std::size_t k = entry.offset; k < entry.offset + entry.size; ++k)
        result.emplace(read_value<typename T::key_type>(from.child(0), k),
                       read_value<typename T::mapped_type>(from.child(1), k));
      return result;
    } else if constexpr (detail::array_value<T>) {
      T result;
      const auto entry = from.value<list_entry>(i);
      for (std::size_t k = entry.offset; k < entry.offset + entry.size; ++k)
        result.push_back(read_value<typename T::value_type>(from.child(0), k));
      return result;
    } else {
      T result{};
      std::size_t field = 0;
      boost::mp11::mp_for_each<sluice::detail::members_of<T>>([&](auto member) {
        using value = std::remove_cvref_t<decltype(result.*member.pointer)>;
        result.*member.pointer = read_value<value>(from.child(field++), i);
      });
      return result;
    }
  }
}

} // namespace sluice::table
