#include "sluice/table/column/key.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/list_support.hpp"
#include "sluice/table/function/registry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table {

namespace {

using i32 = std::int32_t;
using i64 = std::int64_t;

const data_type& want(std::span<const call_argument> args, std::size_t i, type_root root,
                      const char* name) {
  if (!args[i].type.is(root))
    throw plan_error(
      fmt::format("it takes {}, but got {}", name, args[i].type.as_nullable().to_string()));
  return args[i].type;
}

data_type common_of(std::span<const call_argument> args) {
  std::vector<data_type> types;
  for (const auto& a : args) types.push_back(a.type);
  auto type = common_type(types);
  if (!type) throw plan_error("its values have no common type");
  return *type;
}

resolved_call resolve_array(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 100'000);
  auto type = common_of(args);
  resolved_call call;
  call.result = data_type::array(type).not_null();
  call.arguments.assign(args.size(), type);
  call.propagates_nulls = false;
  call.run = [](kernel_call& c) {
    auto* out = c.out.values<list_entry>();
    auto& elements = c.out.child(0);
    c.rows.for_each([&](std::size_t i) {
      auto begin = elements.size();
      auto row = static_cast<std::uint32_t>(i);
      for (const auto* a : c.args) elements.append_rows(*a, selection(&row, 1));
      out[i] = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(c.args.size())};
    });
  };
  return call;
}

resolved_call resolve_map(std::span<const call_argument> args) {
  if (args.empty() || args.size() % 2 != 0) throw plan_error("it takes keys and values in turn");
  std::vector<call_argument> keys;
  std::vector<call_argument> values;
  for (std::size_t i = 0; i < args.size(); i += 2) {
    keys.push_back(args[i]);
    values.push_back(args[i + 1]);
  }
  auto key = common_of(keys);
  auto value = common_of(values);
  resolved_call call;
  call.result = data_type::map(key, value).not_null();
  for (std::size_t i = 0; i < args.size(); ++i) call.arguments.push_back(i % 2 == 0 ? key : value);
  call.propagates_nulls = false;
  call.run = [](kernel_call& c) {
    auto* out = c.out.values<list_entry>();
    c.rows.for_each([&](std::size_t i) {
      auto begin = c.out.child(0).size();
      auto row = static_cast<std::uint32_t>(i);
      for (std::size_t k = 0; k < c.args.size(); k += 2) {
        bool again = false; // of equal keys the last one counts
        for (auto later = k + 2; later < c.args.size() && !again; later += 2)
          again = rows_equal(*c.args[k], i, *c.args[later], i);
        if (again) continue;
        c.out.child(0).append_rows(*c.args[k], selection(&row, 1));
        c.out.child(1).append_rows(*c.args[k + 1], selection(&row, 1));
      }
      out[i] = {static_cast<std::uint32_t>(begin),
                static_cast<std::uint32_t>(c.out.child(0).size() - begin)};
    });
  };
  return call;
}

resolved_call resolve_row(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 100'000);
  std::vector<data_type::field> fields;
  resolved_call call;
  for (std::size_t i = 0; i < args.size(); ++i) {
    fields.push_back({fmt::format("EXPR${}", i), args[i].type});
    call.arguments.push_back(args[i].type);
  }
  call.result = data_type::row(std::move(fields)).not_null();
  call.propagates_nulls = false;
  call.run = [](kernel_call& c) {
    for (std::size_t k = 0; k < c.args.size(); ++k) c.out.child(k).copy_rows(*c.args[k], c.rows);
  };
  return call;
}

/// ROW.field: the name is a literal.
resolved_call resolve_field(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  const auto& row = want(args, 0, type_root::row, "a ROW");
  auto name = literal_text(args[1], "the field");
  auto names = row.field_names();
  auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end())
    throw plan_error(fmt::format("{} has no field '{}'", row.as_nullable().to_string(), name));
  auto index = static_cast<std::size_t>(at - names.begin());
  resolved_call call;
  auto field = row.children()[index];
  call.result = field.with_nullable(field.nullable() || row.nullable());
  call.arguments = {row, args[1].type};
  call.run = [index](kernel_call& c) {
    const auto& in = *c.args[0];
    if (!in.is_constant()) return c.out.copy_rows(in.child(index), c.rows);
    c.out.copy_rows(*column::constant(in.child(index), c.size), c.rows);
  };
  return call;
}

/// Appends-free access: row `from` of `values` becomes row `i` of `out`.
void copy_value(column& out, std::size_t i, const column& values, std::size_t from) {
  if (values.is_null(from)) return out.set_null(i);
  if (out.physical() == physical_type::string) return out.set_text(i, values.text(from));
  visit_physical(out.physical(), [&](auto* t) {
    using T = std::remove_pointer_t<decltype(t)>;
    out.values<T>()[i] = values.value<T>(from);
  });
}

void want_flat_value(const data_type& type) {
  if (type.is_nested())
    throw plan_error("elements of type " + type.to_string() + " are not supported here yet");
}

/// array[n] from 1, and map[key].
resolved_call resolve_item(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  resolved_call call;
  const auto& from = args[0].type;
  if (from.is(type_root::array)) {
    want_flat_value(from.element());
    if (!args[1].type.is_integer()) throw plan_error("the index must be an integer");
    if (args[1].literal && !args[1].literal->is_null() && args[1].literal->integer() < 1)
      throw plan_error(
        fmt::format("elements are counted from 1, not from {}", args[1].literal->integer()));
    call.result = from.element().as_nullable();
    call.arguments = {from, data_type::bigint().with_nullable(args[1].type.nullable())};
    call.run = [](kernel_call& c) {
      const auto& list = *c.args[0];
      c.rows.for_each([&](std::size_t i) {
        auto entry = list.value<list_entry>(i);
        auto n = c.args[1]->value<i64>(i);
        if (n < 1 || n > entry.size) return c.out.set_null(i);
        copy_value(c.out, i, list.child(0), entry.offset + static_cast<std::size_t>(n) - 1);
      });
    };
    return call;
  }
  const auto& map = want(args, 0, type_root::map, "an ARRAY or a MAP");
  auto value = map.children()[1];
  want_flat_value(value);
  call.result = value.as_nullable();
  call.arguments = {map, map.children()[0].with_nullable(args[1].type.nullable())};
  call.run = [](kernel_call& c) {
    const auto& list = *c.args[0];
    c.rows.for_each([&](std::size_t i) {
      auto entry = list.value<list_entry>(i);
      for (auto k = entry.offset; k < entry.offset + entry.size; ++k)
        if (rows_equal(list.child(0), k, *c.args[1], i))
          return copy_value(c.out, i, list.child(1), k);
      c.out.set_null(i);
    });
  };
  return call;
}

resolved_call resolve_cardinality(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  if (args[0].type.physical() != physical_type::list)
    want(args, 0, type_root::array, "an ARRAY or a MAP");
  resolved_call call;
  call.result = data_type::integer().with_nullable(args[0].type.nullable());
  call.arguments = {args[0].type};
  call.run = [](kernel_call& c) {
    auto* out = c.out.values<i32>();
    c.rows.for_each(
      [&](std::size_t i) { out[i] = static_cast<i32>(c.args[0]->value<list_entry>(i).size); });
  };
  return call;
}

resolved_call resolve_element(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  const auto& array = want(args, 0, type_root::array, "an ARRAY");
  want_flat_value(array.element());
  resolved_call call;
  call.result = array.element().as_nullable();
  call.arguments = {array};
  call.can_fail = true;
  call.run = [](kernel_call& c) {
    c.rows.for_each([&](std::size_t i) {
      auto entry = c.args[0]->value<list_entry>(i);
      if (entry.size > 1) throw error("the array has more than one element");
      if (entry.size == 0) return c.out.set_null(i);
      copy_value(c.out, i, c.args[0]->child(0), entry.offset);
    });
  };
  return call;
}

/// ARRAY_CONTAINS and ARRAY_POSITION: `Position` chooses.
template <bool Position>
resolved_call resolve_search(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  const auto& array = want(args, 0, type_root::array, "an ARRAY");
  resolved_call call;
  call.result = (Position ? data_type::integer() : data_type::boolean())
                  .with_nullable(array.nullable() || (Position && args[1].type.nullable()));
  call.arguments = {array, array.element().with_nullable(args[1].type.nullable())};
  call.propagates_nulls = Position;
  call.run = [](kernel_call& c) {
    const auto& list = *c.args[0];
    c.rows.for_each([&](std::size_t i) {
      if (list.is_null(i)) return c.out.set_null(i);
      auto entry = list.value<list_entry>(i);
      i32 found = 0;
      for (std::uint32_t k = 0; k < entry.size && found == 0; ++k)
        if (rows_equal(list.child(0), entry.offset + k, *c.args[1], i))
          found = static_cast<i32>(k) + 1;
      if constexpr (Position)
        c.out.values<i32>()[i] = found;
      else
        c.out.values<std::uint8_t>()[i] = found > 0 ? 1 : 0;
    });
  };
  return call;
}

/// MAP_KEYS and MAP_VALUES.
template <std::size_t Child>
resolved_call resolve_map_part(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  const auto& map = want(args, 0, type_root::map, "a MAP");
  resolved_call call;
  call.result = data_type::array(map.children()[Child]).with_nullable(map.nullable());
  call.arguments = {map};
  call.run = [](kernel_call& c) {
    auto* out = c.out.values<list_entry>();
    auto& elements = c.out.child(0);
    c.rows.for_each([&](std::size_t i) {
      auto entry = c.args[0]->value<list_entry>(i);
      out[i] = {static_cast<std::uint32_t>(elements.size()), entry.size};
      elements.append_range(c.args[0]->child(Child), entry.offset, entry.offset + entry.size);
    });
  };
  return call;
}

resolved_call resolve_split(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  for (const auto& a : args)
    if (!a.type.is_character() && !a.type.is(type_root::null)) throw plan_error("it takes texts");
  resolved_call call;
  call.result = data_type::array(data_type::string()).with_nullable(any_nullable(args));
  call.arguments = {data_type::string().with_nullable(args[0].type.nullable()),
                    data_type::string().with_nullable(args[1].type.nullable())};
  call.run = [](kernel_call& c) {
    auto* out = c.out.values<list_entry>();
    auto& elements = c.out.child(0);
    c.rows.for_each([&](std::size_t i) {
      auto begin = elements.size();
      auto text = c.args[0]->text(i);
      auto delimiter = c.args[1]->text(i);
      while (true) {
        auto at = delimiter.empty() ? (text.size() > 1 ? 1 : std::string_view::npos)
                                    : text.find(delimiter);
        elements.append_text(text.substr(0, at));
        if (at == std::string_view::npos) break;
        text.remove_prefix(at + delimiter.size());
      }
      out[i]
        = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(elements.size() - begin)};
    });
  };
  return call;
}

} // namespace

void add_nested_functions(function_registry& r) {
  r.add({"ARRAY", {}, "ARRAY '[' value1 [, value2 ]* ']'", "An array.", resolve_array});
  r.add({"MAP", {}, "MAP '[' value1, value2 [, value3, value4 ]* ']'", "A map.", resolve_map});
  r.add({"ROW", {}, "ROW(value1 [, value2]*)", "A row.", resolve_row});
  r.add({"DOT", {}, "tableName.compositeType.field", "A field of a row.", resolve_field});
  r.add({"ITEM",
         {},
         "array '[' INT ']' and map '[' value ']'",
         "The element of that number, from 1, or the value of a key.",
         resolve_item});
  r.add({"CARDINALITY",
         {},
         "CARDINALITY(array or map)",
         "The number of elements.",
         resolve_cardinality});
  r.add({"ELEMENT", {}, "ELEMENT(array)", "The only element.", resolve_element});
  r.add({"ARRAY_CONTAINS",
         {},
         "ARRAY_CONTAINS(haystack, needle)",
         "Whether it is an element.",
         resolve_search<false>});
  r.add({"ARRAY_POSITION",
         {},
         "ARRAY_POSITION(haystack, needle)",
         "Where it first is, from 1; 0 if nowhere.",
         resolve_search<true>});
  r.add({"MAP_KEYS", {}, "MAP_KEYS(map)", "The keys.", resolve_map_part<0>});
  r.add({"MAP_VALUES", {}, "MAP_VALUES(map)", "The values.", resolve_map_part<1>});
  r.add({"SPLIT", {}, "SPLIT(string, delimiter)", "The texts between delimiters.", resolve_split});
  add_array_functions(r);
  add_map_functions(r);
}

} // namespace sluice::table
