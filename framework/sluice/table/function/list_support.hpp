/// What functions of arrays and maps are made of. Not for users.
#pragma once

#include "sluice/table/column/key.hpp"
#include "sluice/table/function/function.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table {

class function_registry;

/// Parts of `add_nested_functions`.
void add_array_functions(function_registry& registry);
void add_map_functions(function_registry& registry);

} // namespace sluice::table

namespace sluice::table::detail {

using row_numbers = std::vector<std::uint32_t>;
using call_arguments = std::span<const call_argument>;

/// The type of argument `i`. Errors: `plan_error` unless it is a `root`, which is called `name`.
inline const data_type& want(call_arguments args, std::size_t i, type_root root, const char* name) {
  if (!args[i].type.is(root))
    throw plan_error(
      fmt::format("it takes {}, but got {}", name, args[i].type.as_nullable().to_string()));
  return args[i].type;
}

/// INT, to which argument `i` is cast. Errors: `plan_error` unless it is an integer.
inline data_type want_integer(call_arguments args, std::size_t i, const char* name) {
  if (!args[i].type.is_integer())
    throw plan_error(
      fmt::format("{} must be an integer, not {}", name, args[i].type.as_nullable().to_string()));
  return data_type::integer().with_nullable(args[i].type.nullable());
}

/// Errors: `plan_error` if there is no type for both.
inline data_type common(const data_type& a, const data_type& b) {
  auto type = common_type(a, b);
  if (!type)
    throw plan_error(
      fmt::format("its values have no common type: {} and {}", a.to_string(), b.to_string()));
  return *type;
}

inline list_entry entry_of(const column& lists, std::size_t i) {
  return lists.value<list_entry>(i);
}

/// The rows of the elements.
inline row_numbers all_of(list_entry entry) {
  row_numbers result(entry.size);
  for (std::uint32_t k = 0; k < entry.size; ++k) result[k] = entry.offset + k;
  return result;
}

/// Makes the array of each row: `fill(i, elements)` appends its elements. With `first_counts`, a
/// NULL first argument makes NULL (where the function does not propagate NULLs).
template <class F>
void fill_arrays(kernel_call& c, F fill, bool first_counts = false) {
  auto* out = c.out.values<list_entry>();
  auto& elements = c.out.child(0);
  c.rows.for_each([&](std::size_t i) {
    if (first_counts && c.args[0]->is_null(i)) {
      out[i] = {};
      return c.out.set_null(i);
    }
    auto begin = elements.size();
    fill(i, elements);
    out[i]
      = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(elements.size() - begin)};
  });
}

/// Appends row `i` of a column.
inline void append_value(column& to, const column& from, std::size_t i) {
  auto row = static_cast<std::uint32_t>(i);
  to.append_rows(from, selection(&row, 1));
}

/// Elements that can be asked for.
class element_set {
public:
  element_set(const column& values, list_entry entry) : values_(&values), sorted_(all_of(entry)) {
    std::sort(sorted_.begin(), sorted_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return compare_rows(values, a, values, b) < 0;
    });
  }

  bool contains(const column& other, std::uint32_t row) const {
    auto at = std::lower_bound(sorted_.begin(), sorted_.end(), row,
                               [&](std::uint32_t own, std::uint32_t wanted) {
                                 return compare_rows(*values_, own, other, wanted) < 0;
                               });
    return at != sorted_.end() && compare_rows(*values_, *at, other, row) == 0;
  }

private:
  const column* values_;
  row_numbers sorted_;
};

} // namespace sluice::table::detail
