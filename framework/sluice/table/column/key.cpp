#include "sluice/table/column/key.hpp"

#include "sluice/core/hash.hpp"

#include <cmath>

namespace sluice::table {

namespace {

constexpr std::uint64_t null_hash = 0x6e756c6c;

template <class T>
std::uint64_t hash_value(const T& value) noexcept {
  if constexpr (std::is_same_v<T, string_ref>) {
    return hash_bytes(value.data(), value.size());
  } else if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return mix_hash(0x7ff8000000000000ull);
    return stable_hash(value);
  } else if constexpr (sizeof(T) == 16) {
    auto bits = static_cast<uint128>(value);
    return combine_hash(static_cast<std::uint64_t>(bits >> 64), static_cast<std::uint64_t>(bits));
  } else {
    return stable_hash(value);
  }
}

std::uint64_t hash_row(const column& c, std::size_t i) noexcept;

std::uint64_t hash_list(const column& c, std::size_t i) noexcept {
  const auto& source = c.dictionary_values() ? *c.dictionary_values() : c;
  auto entry = c.value<list_entry>(i);
  std::uint64_t seed = entry.size;
  std::uint64_t sum = 0;
  for (std::uint32_t k = entry.offset; k < entry.offset + entry.size; ++k) {
    if (c.type().is(type_root::map)) // the order of entries means nothing
      sum += combine_hash(hash_row(source.child(0), k), hash_row(source.child(1), k));
    else
      seed = combine_hash(seed, hash_row(source.child(0), k));
  }
  return combine_hash(seed, sum);
}

std::uint64_t hash_row(const column& c, std::size_t i) noexcept {
  if (c.is_null(i)) return mix_hash(null_hash);
  if (c.physical() == physical_type::list) return hash_list(c, i);
  if (c.physical() == physical_type::row) {
    std::uint64_t seed = c.num_children();
    for (std::size_t k = 0; k < c.num_children(); ++k)
      seed = combine_hash(seed, hash_row(c.child(k), c.stored(i)));
    return seed;
  }
  return visit_physical(c.physical(), [&](auto* type) -> std::uint64_t {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (std::is_same_v<T, list_entry>)
      return 0;
    else
      return hash_value(c.value<T>(i));
  });
}

/// Hands each row's hash to `use(i, hash)`.
template <class Use>
void hash_column(const column& c, std::size_t size, Use use) {
  if (c.type().is_nested() || !c.is_flat()) {
    if (c.is_constant() && size > 0) {
      auto hash = hash_row(c, 0);
      for (std::size_t i = 0; i < size; ++i) use(i, hash);
    } else {
      for (std::size_t i = 0; i < size; ++i) use(i, hash_row(c, i));
    }
    return;
  }
  visit_physical(c.physical(), [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (!std::is_same_v<T, list_entry>) {
      const auto* values = c.values<T>();
      if (!c.may_have_nulls()) {
        for (std::size_t i = 0; i < size; ++i) use(i, hash_value(values[i]));
      } else {
        for (std::size_t i = 0; i < size; ++i)
          use(i, c.is_null(i) ? mix_hash(null_hash) : hash_value(values[i]));
      }
    }
  });
}

template <class T>
int compare_values(const T& a, const T& b) noexcept {
  if constexpr (std::is_same_v<T, string_ref>) {
    return compare(a, b);
  } else {
    if constexpr (std::is_floating_point_v<T>) {
      bool a_nan = std::isnan(a);
      bool b_nan = std::isnan(b);
      if (a_nan || b_nan) return static_cast<int>(a_nan) - static_cast<int>(b_nan);
    }
    return a < b ? -1 : (b < a ? 1 : 0);
  }
}

int compare_lists(const column& a, std::size_t i, const column& b, std::size_t j) noexcept {
  const auto& x = a.dictionary_values() ? *a.dictionary_values() : a;
  const auto& y = b.dictionary_values() ? *b.dictionary_values() : b;
  auto p = a.value<list_entry>(i);
  auto q = b.value<list_entry>(j);
  for (std::uint32_t k = 0; k < p.size && k < q.size; ++k) {
    for (std::size_t c = 0; c < x.num_children(); ++c)
      if (auto order = compare_rows(x.child(c), p.offset + k, y.child(c), q.offset + k); order != 0)
        return order;
  }
  return p.size < q.size ? -1 : (p.size > q.size ? 1 : 0);
}

/// Maps are equal whatever the order of their entries.
bool maps_equal(const column& a, std::size_t i, const column& b, std::size_t j) noexcept {
  const auto& x = a.dictionary_values() ? *a.dictionary_values() : a;
  const auto& y = b.dictionary_values() ? *b.dictionary_values() : b;
  auto p = a.value<list_entry>(i);
  auto q = b.value<list_entry>(j);
  if (p.size != q.size) return false;
  for (auto k = p.offset; k < p.offset + p.size; ++k) {
    bool found = false;
    for (auto m = q.offset; m < q.offset + q.size && !found; ++m)
      found = rows_equal(x.child(0), k, y.child(0), m) && rows_equal(x.child(1), k, y.child(1), m);
    if (!found) return false;
  }
  return true;
}

} // namespace

void hash_rows(std::span<const column* const> keys, std::size_t size, std::uint64_t* out) {
  if (keys.size() == 1)
    return hash_column(*keys[0], size, [&](std::size_t i, std::uint64_t h) { out[i] = h; });
  for (std::size_t i = 0; i < size; ++i) out[i] = keys.size();
  for (const auto* key : keys)
    hash_column(*key, size,
                [&](std::size_t i, std::uint64_t h) { out[i] = combine_hash(out[i], h); });
}

bool rows_equal(const column& a, std::size_t i, const column& b, std::size_t j) noexcept {
  bool a_null = a.is_null(i);
  bool b_null = b.is_null(j);
  if (a_null || b_null) return a_null && b_null;
  if (a.type().is(type_root::map)) return maps_equal(a, i, b, j);
  if (a.physical() == physical_type::string)
    return a.value<string_ref>(i) == b.value<string_ref>(j);
  return compare_rows(a, i, b, j) == 0;
}

int compare_rows(const column& a, std::size_t i, const column& b, std::size_t j) noexcept {
  bool a_null = a.is_null(i);
  bool b_null = b.is_null(j);
  if (a_null || b_null) return static_cast<int>(b_null) - static_cast<int>(a_null);
  if (a.physical() == physical_type::list) return compare_lists(a, i, b, j);
  if (a.physical() == physical_type::row) {
    for (std::size_t c = 0; c < a.num_children(); ++c)
      if (auto order = compare_rows(a.child(c), a.stored(i), b.child(c), b.stored(j)); order != 0)
        return order;
    return 0;
  }
  return visit_physical(a.physical(), [&](auto* type) -> int {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (std::is_same_v<T, list_entry>)
      return 0;
    else
      return compare_values(a.value<T>(i), b.value<T>(j));
  });
}

void match_rows(const column& a, const std::uint32_t* rows_a, const column& b,
                const std::uint32_t* rows_b, std::size_t count, std::uint8_t* equal) noexcept {
  bool simple = a.is_flat() && b.is_flat() && !a.may_have_nulls() && !b.may_have_nulls()
                && !a.type().is_nested();
  if (!simple) {
    for (std::size_t k = 0; k < count; ++k)
      if (equal[k] != 0 && !rows_equal(a, rows_a[k], b, rows_b[k])) equal[k] = 0;
    return;
  }
  visit_physical(a.physical(), [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    if constexpr (!std::is_same_v<T, list_entry>) {
      const auto* x = a.values<T>();
      const auto* y = b.values<T>();
      for (std::size_t k = 0; k < count; ++k) {
        if constexpr (std::is_same_v<T, string_ref>)
          equal[k] = equal[k] != 0 && x[rows_a[k]] == y[rows_b[k]] ? 1 : 0;
        else
          equal[k] = equal[k] != 0 && compare_values(x[rows_a[k]], y[rows_b[k]]) == 0 ? 1 : 0;
      }
    }
  });
}

} // namespace sluice::table
