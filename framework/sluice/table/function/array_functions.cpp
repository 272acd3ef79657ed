// Functions that make arrays of arrays, or look at all their elements.
#include "sluice/table/function/list_support.hpp"
#include "sluice/table/function/registry.hpp"

namespace sluice::table {

namespace {

using i32 = std::int32_t;
using namespace detail;

/// All arguments as arrays of one type; the result is such an array.
resolved_call same_arrays(call_arguments args) {
  auto element = want(args, 0, type_root::array, "an ARRAY").element();
  for (std::size_t i = 1; i < args.size(); ++i)
    element = common(element, want(args, i, type_root::array, "an ARRAY").element());
  resolved_call call;
  for (const auto& a : args)
    call.arguments.push_back(data_type::array(element).with_nullable(a.type.nullable()));
  call.result = data_type::array(element).with_nullable(any_nullable(args));
  return call;
}

/// An array and a value that could be an element of it. NULL is such a value.
resolved_call array_and_value(call_arguments args) {
  const auto& array = want(args, 0, type_root::array, "an ARRAY");
  auto element = common(array.element(), args[1].type);
  resolved_call call;
  call.result = data_type::array(element).with_nullable(array.nullable());
  call.arguments = {call.result, element.with_nullable(args[1].type.nullable())};
  call.propagates_nulls = false;
  return call;
}

/// The first of equal elements, in order.
row_numbers distinct_of(const column& values, list_entry entry) {
  auto sorted = all_of(entry);
  std::stable_sort(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) {
    return compare_rows(values, a, values, b) < 0;
  });
  sorted.erase(std::unique(sorted.begin(), sorted.end(),
                           [&](std::uint32_t a, std::uint32_t b) {
                             return compare_rows(values, a, values, b) == 0;
                           }),
               sorted.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// -- arrays of arrays
// ------------------------------------------------------------------------------

template <bool Front>
resolved_call resolve_add(call_arguments args) {
  check_argument_count(args.size(), 2, 2);
  auto call = array_and_value(args);
  call.run = [](kernel_call& c) {
    fill_arrays(
      c,
      [&](std::size_t i, column& elements) {
        auto entry = entry_of(*c.args[0], i);
        if (Front) append_value(elements, *c.args[1], i);
        elements.append_range(c.args[0]->child(0), entry.offset, entry.offset + entry.size);
        if (!Front) append_value(elements, *c.args[1], i);
      },
      true);
  };
  return call;
}

resolved_call resolve_remove(call_arguments args) {
  check_argument_count(args.size(), 2, 2);
  auto call = array_and_value(args);
  call.run = [](kernel_call& c) {
    row_numbers kept;
    fill_arrays(
      c,
      [&](std::size_t i, column& elements) {
        const auto& values = c.args[0]->child(0);
        kept.clear();
        for (auto row : all_of(entry_of(*c.args[0], i)))
          if (!rows_equal(values, row, *c.args[1], i)) kept.push_back(row);
        elements.append_rows(values, selection(kept));
      },
      true);
  };
  return call;
}

/// A function of one array whose elements are some of its argument's: `choose(elements, entry)`.
template <class F>
auto resolve_choice(F choose) {
  return [choose](call_arguments args) {
    check_argument_count(args.size(), 1, 1);
    auto call = same_arrays(args);
    call.run = [choose](kernel_call& c) {
      fill_arrays(c, [&](std::size_t i, column& elements) {
        const auto& values = c.args[0]->child(0);
        elements.append_rows(values, selection(choose(values, entry_of(*c.args[0], i))));
      });
    };
    return call;
  };
}

row_numbers reversed(const column&, list_entry entry) {
  auto all = all_of(entry);
  std::reverse(all.begin(), all.end());
  return all;
}

/// Places from 1; negative ones count from the end, and 0 is the first.
resolved_call resolve_slice(call_arguments args) {
  check_argument_count(args.size(), 2, 3);
  auto call = same_arrays(args.first(1));
  call.result = call.result.with_nullable(any_nullable(args));
  call.arguments.push_back(want_integer(args, 1, "the start"));
  if (args.size() == 3) call.arguments.push_back(want_integer(args, 2, "the end"));
  call.run = [](kernel_call& c) {
    fill_arrays(c, [&](std::size_t i, column& elements) {
      auto entry = entry_of(*c.args[0], i);
      std::int64_t size = entry.size;
      auto place = [&](std::int64_t n) { return n < 0 ? n + size + 1 : n == 0 ? 1 : n; };
      auto first = std::max<std::int64_t>(place(c.args[1]->value<i32>(i)), 1);
      auto last = c.args.size() < 3 ? size : std::min(place(c.args[2]->value<i32>(i)), size);
      if (first > last) return;
      elements.append_range(c.args[0]->child(0), entry.offset + static_cast<std::size_t>(first - 1),
                            entry.offset + static_cast<std::size_t>(last));
    });
  };
  return call;
}

resolved_call resolve_sort(call_arguments args) {
  check_argument_count(args.size(), 1, 3);
  auto call = same_arrays(args.first(1));
  call.result = call.result.with_nullable(any_nullable(args));
  for (std::size_t i = 1; i < args.size(); ++i)
    call.arguments.push_back(want(args, i, type_root::boolean, "BOOLEANs behind the ARRAY"));
  call.run = [](kernel_call& c) {
    fill_arrays(c, [&](std::size_t i, column& elements) {
      const auto& values = c.args[0]->child(0);
      bool ascending = c.args.size() < 2 || c.args[1]->value<std::uint8_t>(i) != 0;
      bool nulls_first = c.args.size() < 3 ? ascending : c.args[2]->value<std::uint8_t>(i) != 0;
      auto sorted = all_of(entry_of(*c.args[0], i));
      std::stable_sort(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) {
        if (values.is_null(a) || values.is_null(b))
          return values.is_null(a) != values.is_null(b) && values.is_null(a) == nulls_first;
        auto order = compare_rows(values, a, values, b);
        return ascending ? order < 0 : order > 0;
      });
      elements.append_rows(values, selection(sorted));
    });
  };
  return call;
}

resolved_call resolve_concat(call_arguments args) {
  check_argument_count(args.size(), 1, 100'000);
  auto call = same_arrays(args);
  call.run = [](kernel_call& c) {
    fill_arrays(c, [&](std::size_t i, column& elements) {
      for (const auto* a : c.args) {
        auto entry = entry_of(*a, i);
        elements.append_range(a->child(0), entry.offset, entry.offset + entry.size);
      }
    });
  };
  return call;
}

resolved_call resolve_union(call_arguments args) {
  check_argument_count(args.size(), 2, 2);
  auto call = same_arrays(args);
  call.run = [](kernel_call& c) {
    fill_arrays(c, [&](std::size_t i, column& elements) {
      const auto& a = c.args[0]->child(0);
      const auto& b = c.args[1]->child(0);
      element_set known(a, entry_of(*c.args[0], i));
      auto more = distinct_of(b, entry_of(*c.args[1], i));
      std::erase_if(more, [&](std::uint32_t row) { return known.contains(b, row); });
      elements.append_rows(a, selection(distinct_of(a, entry_of(*c.args[0], i))));
      elements.append_rows(b, selection(more));
    });
  };
  return call;
}

/// The elements of the first that are (or are not) in the second, each once if `Distinct`.
template <bool In, bool Distinct>
resolved_call resolve_members(call_arguments args) {
  check_argument_count(args.size(), 2, 2);
  auto call = same_arrays(args);
  call.run = [](kernel_call& c) {
    fill_arrays(c, [&](std::size_t i, column& elements) {
      const auto& values = c.args[0]->child(0);
      element_set others(c.args[1]->child(0), entry_of(*c.args[1], i));
      auto entry = entry_of(*c.args[0], i);
      auto chosen = Distinct ? distinct_of(values, entry) : all_of(entry);
      std::erase_if(chosen, [&](std::uint32_t r) { return others.contains(values, r) != In; });
      elements.append_rows(values, selection(chosen));
    });
  };
  return call;
}

// -- values of arrays
// ------------------------------------------------------------------------------

template <bool Max>
resolved_call resolve_extreme(call_arguments args) {
  check_argument_count(args.size(), 1, 1);
  const auto& array = want(args, 0, type_root::array, "an ARRAY");
  if (array.element().is_nested())
    throw plan_error("elements of type " + array.element().to_string() + " have no order");
  resolved_call call;
  call.result = array.element().as_nullable();
  call.arguments = {array};
  call.run = [](kernel_call& c) {
    const auto& values = c.args[0]->child(0);
    row_numbers best(c.size, ~std::uint32_t{0});
    c.rows.for_each([&](std::size_t i) {
      auto& found = best[i];
      for (auto row : all_of(entry_of(*c.args[0], i))) {
        if (values.is_null(row)) continue;
        if (found == ~std::uint32_t{0}) {
          found = row;
          continue;
        }
        auto order = compare_rows(values, row, values, found);
        if (Max ? order > 0 : order < 0) found = row;
      }
    });
    if (c.out.physical() == physical_type::string) c.out.share_heaps(values);
    c.rows.for_each([&](std::size_t i) {
      visit_physical(c.out.physical(), [&](auto* t) {
        using T = std::remove_pointer_t<decltype(t)>;
        c.out.values<T>()[i] = best[i] == ~std::uint32_t{0} ? T{} : values.value<T>(best[i]);
      });
      if (best[i] == ~std::uint32_t{0}) c.out.set_null(i);
    });
  };
  return call;
}

resolved_call resolve_join(call_arguments args) {
  check_argument_count(args.size(), 2, 3);
  if (!want(args, 0, type_root::array, "an ARRAY").element().is_character())
    throw plan_error("it takes an ARRAY of texts, but got "
                     + args[0].type.as_nullable().to_string());
  resolved_call call;
  call.result = data_type::string().with_nullable(any_nullable(args));
  call.arguments = {args[0].type};
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (!args[i].type.is_character() && !args[i].type.is(type_root::null))
      throw plan_error("it takes texts behind the ARRAY");
    call.arguments.push_back(data_type::string().with_nullable(args[i].type.nullable()));
  }
  call.run = [](kernel_call& c) {
    const auto& values = c.args[0]->child(0);
    std::string text;
    c.rows.for_each([&](std::size_t i) {
      text.clear();
      bool any = false;
      for (auto row : all_of(entry_of(*c.args[0], i))) {
        if (values.is_null(row) && c.args.size() < 3) continue;
        if (std::exchange(any, true)) text += c.args[1]->text(i);
        text += values.is_null(row) ? c.args[2]->text(i) : values.text(row);
      }
      c.out.set_text(i, text);
    });
  };
  return call;
}

} // namespace

void add_array_functions(function_registry& r) {
  auto add = [&](const char* name, const char* parameters, const char* doc, auto resolve) {
    r.add({name, {}, fmt::format("{}({})", name, parameters), doc, resolve});
  };
  add("ARRAY_APPEND", "array, element", "With an element at the end.", resolve_add<false>);
  add("ARRAY_PREPEND", "array, element", "With an element at the start.", resolve_add<true>);
  add("ARRAY_REMOVE", "haystack, needle", "Without the elements that equal a value.",
      resolve_remove);
  add("ARRAY_DISTINCT", "haystack", "Without repeated elements.", resolve_choice(distinct_of));
  add("ARRAY_REVERSE", "haystack", "From the last element to the first.", resolve_choice(reversed));
  add("ARRAY_SLICE", "array, start_offset[, end_offset]",
      "The elements from a place to another one, counted from 1 (from the end if negative).",
      resolve_slice);
  add("ARRAY_SORT", "array[, ascending_order[, null_first]]",
      "In order; NULLs first if ascending, unless told otherwise.", resolve_sort);
  add("ARRAY_CONCAT", "array1, ...", "The elements of all, one after the other.", resolve_concat);
  add("ARRAY_UNION", "array1, array2", "The elements of both, each once.", resolve_union);
  add("ARRAY_EXCEPT", "array1, array2", "The elements of the first that are not in the second.",
      resolve_members<false, false>);
  add("ARRAY_INTERSECT", "array1, array2",
      "The elements of the first that are in the second, each once.", resolve_members<true, true>);
  add("ARRAY_MAX", "array", "The greatest element that is not NULL.", resolve_extreme<true>);
  add("ARRAY_MIN", "array", "The least element that is not NULL.", resolve_extreme<false>);
  add("ARRAY_JOIN", "array, delimiter[, nullReplacement]",
      "The texts with a delimiter between them; NULLs are left out unless replaced.", resolve_join);
}

} // namespace sluice::table
