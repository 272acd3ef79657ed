#include "sluice/table/ops/order_key.hpp"

#include "sluice/table/ops/nested_parts.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace sluice::table {

namespace {

template <class T>
using pointee = std::remove_pointer_t<T>;

// A string ends with 0 0; a 0 in it is written as 0 255. A part of a list has a 1 before it, and
// the end of the list is a 0, so that a list comes after its own beginning.
constexpr char escape = 0;
constexpr char escaped_zero = static_cast<char>(0xff);

std::size_t key_size(const column& c, std::size_t i, bool part);

std::size_t value_size(const column& c, std::size_t i) {
  switch (c.physical()) {
  case physical_type::string: {
    auto text = c.value<string_ref>(i).view();
    auto zeros = std::count(text.begin(), text.end(), '\0');
    return text.size() + static_cast<std::size_t>(zeros) + 2;
  }
  case physical_type::list:
  case physical_type::row: {
    std::size_t total = 1;
    for_each_part(c, i, [&](const column& p, std::size_t row) { total += key_size(p, row, true); });
    return total;
  }
  default:
    return width_of(c.physical());
  }
}

std::size_t key_size(const column& c, std::size_t i, bool part) {
  return (part ? 2 : 1) + (c.is_null(i) ? 0 : value_size(c, i));
}

/// The value as an unsigned number of the same width and order, most significant byte first.
template <class T>
char* put_number(char* to, T value) {
  if constexpr (sizeof(T) == 16) {
    auto bits = static_cast<uint128>(value) ^ (uint128{1} << 127);
    to = put_number(to, static_cast<std::uint64_t>(bits >> 64));
    return put_number(to, static_cast<std::uint64_t>(bits));
  } else if constexpr (std::is_floating_point_v<T>) {
    using U = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    constexpr U sign = U{1} << (sizeof(T) * 8 - 1);
    if (std::isnan(value)) return put_number(to, static_cast<U>(~U{0})); // the greatest
    if (value == 0) value = 0;                                           // -0.0 equals 0.0
    auto bits = std::bit_cast<U>(value);
    return put_number(to, static_cast<U>((bits & sign) != 0 ? ~bits : bits | sign));
  } else {
    using U = std::make_unsigned_t<T>;
    auto bits = static_cast<U>(value);
    if constexpr (std::is_signed_v<T>) bits = static_cast<U>(bits ^ (U{1} << (sizeof(T) * 8 - 1)));
    for (std::size_t k = sizeof(T); k-- > 0;)
      *to++ = static_cast<char>(static_cast<std::uint64_t>(bits) >> (8 * k));
    return to;
  }
}

char* put_value(char* to, const column& c, std::size_t i) {
  switch (c.physical()) {
  case physical_type::string:
    for (char byte : c.value<string_ref>(i).view()) {
      *to++ = byte;
      if (byte == escape) *to++ = escaped_zero;
    }
    *to++ = escape;
    *to++ = 0;
    return to;
  case physical_type::list:
  case physical_type::row:
    for_each_part(c, i, [&](const column& p, std::size_t row) {
      *to++ = 1;
      *to++ = p.is_null(row) ? 0 : 1;
      if (!p.is_null(row)) to = put_value(to, p, row);
    });
    *to++ = 0;
    return to;
  default:
    return visit_physical(c.physical(), [&](auto* type) {
      using T = pointee<decltype(type)>;
      if constexpr (std::is_same_v<T, string_ref> || std::is_same_v<T, list_entry>)
        return to;
      else
        return put_number(to, c.value<T>(i));
    });
  }
}

} // namespace

void order_key_codec::encode(const columnar_batch& in, const selection& rows,
                             order_keys& out) const {
  auto n = rows.size();
  auto& cursors = out.cursors_;
  cursors.assign(n, 0);
  for (const auto& key : keys_) {
    const auto& c = in.at(key.column);
    bool fixed
      = !c.may_have_nulls() && c.physical() != physical_type::string && !c.type().is_nested();
    if (fixed) {
      auto size = 1 + width_of(c.physical());
      for (auto& cursor : cursors) cursor += size;
    } else {
      for (std::size_t k = 0; k < n; ++k) cursors[k] += key_size(c, rows[k], false);
    }
  }
  out.offsets_.resize(n + 1);
  out.offsets_[0] = 0;
  for (std::size_t k = 0; k < n; ++k) out.offsets_[k + 1] = out.offsets_[k] + cursors[k];
  if (out.bytes_.size() < out.offsets_[n]) out.bytes_.resize(out.offsets_[n]);
  std::copy_n(out.offsets_.begin(), n, cursors.begin());
  auto* bytes = out.bytes_.data();
  for (const auto& key : keys_) {
    const auto& c = in.at(key.column);
    auto of_null = static_cast<char>(key.nulls_first ? 0 : 2);
    auto put_all = [&](auto put) {
      for (std::size_t k = 0; k < n; ++k) {
        auto* at = bytes + cursors[k];
        auto* to = at;
        bool null = c.is_null(rows[k]);
        *to++ = null ? of_null : 1;
        if (!null) {
          auto* first = to;
          to = put(to, rows[k]);
          if (key.descending)
            for (; first < to; ++first) *first = static_cast<char>(~*first);
        }
        cursors[k] += static_cast<std::size_t>(to - at);
      }
    };
    if (c.physical() == physical_type::string || c.type().is_nested()) {
      put_all([&](char* to, std::size_t i) { return put_value(to, c, i); });
    } else {
      visit_physical(c.physical(), [&](auto* type) {
        using T = pointee<decltype(type)>;
        if constexpr (!std::is_same_v<T, string_ref> && !std::is_same_v<T, list_entry>)
          put_all([&](char* to, std::size_t i) { return put_number(to, c.value<T>(i)); });
      });
    }
  }
}

int compare_keys(std::string_view a, std::string_view b) noexcept {
  auto common = std::min(a.size(), b.size());
  if (common > 0)
    if (auto order = std::memcmp(a.data(), b.data(), common); order != 0) return order;
  return a.size() < b.size() ? -1 : (a.size() > b.size() ? 1 : 0);
}

std::uint64_t key_prefix(std::string_view key) noexcept {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, key.data(), std::min<std::size_t>(key.size(), 8));
  return __builtin_bswap64(prefix);
}

} // namespace sluice::table
