// Functions that make maps, or arrays of them.
#include "sluice/table/function/list_support.hpp"
#include "sluice/table/function/registry.hpp"

#include <re2/re2.h>

#include <memory>

namespace sluice::table {

namespace {

using namespace detail;

/// Sets the entry of row `i` of a MAP whose children end with what belongs to it.
void end_map(kernel_call& c, std::size_t i, std::size_t begin) {
  c.out.values<list_entry>()[i] = {static_cast<std::uint32_t>(begin),
                                   static_cast<std::uint32_t>(c.out.child(0).size() - begin)};
}

resolved_call resolve_map_union(call_arguments args) {
  check_argument_count(args.size(), 1, 100'000);
  auto key = want(args, 0, type_root::map, "a MAP").children()[0];
  auto value = args[0].type.children()[1];
  for (std::size_t i = 1; i < args.size(); ++i) {
    const auto& map = want(args, i, type_root::map, "a MAP");
    key = common(key, map.children()[0]);
    value = common(value, map.children()[1]);
  }
  resolved_call call;
  for (const auto& a : args)
    call.arguments.push_back(data_type::map(key, value).with_nullable(a.type.nullable()));
  call.result = data_type::map(key, value).with_nullable(any_nullable(args));
  call.run = [](kernel_call& c) {
    c.rows.for_each([&](std::size_t i) {
      auto begin = c.out.child(0).size();
      // Of equal keys the value of the last map counts.
      std::vector<element_set> later;
      for (const auto* map : c.args) later.emplace_back(map->child(0), entry_of(*map, i));
      for (std::size_t m = 0; m < c.args.size(); ++m) {
        const auto& keys = c.args[m]->child(0);
        auto kept = all_of(entry_of(*c.args[m], i));
        std::erase_if(kept, [&](std::uint32_t row) {
          return std::any_of(later.begin() + static_cast<std::ptrdiff_t>(m) + 1, later.end(),
                             [&](const element_set& s) { return s.contains(keys, row); });
        });
        c.out.child(0).append_rows(keys, selection(kept));
        c.out.child(1).append_rows(c.args[m]->child(1), selection(kept));
      }
      end_map(c, i, begin);
    });
  };
  return call;
}

resolved_call resolve_map_entries(call_arguments args) {
  check_argument_count(args.size(), 1, 1);
  const auto& map = want(args, 0, type_root::map, "a MAP");
  resolved_call call;
  auto row = data_type::row({{"key", map.children()[0]}, {"value", map.children()[1]}});
  call.result = data_type::array(row.not_null()).with_nullable(map.nullable());
  call.arguments = {map};
  call.run = [](kernel_call& c) {
    fill_arrays(c, [&](std::size_t i, column& elements) {
      auto entry = entry_of(*c.args[0], i);
      for (std::size_t part = 0; part < 2; ++part)
        elements.child(part).append_range(c.args[0]->child(part), entry.offset,
                                          entry.offset + entry.size);
      for (auto n = entry.size; n > 0; --n) elements.append_row();
    });
  };
  return call;
}

resolved_call resolve_map_from_arrays(call_arguments args) {
  check_argument_count(args.size(), 2, 2);
  const auto& keys = want(args, 0, type_root::array, "an ARRAY of keys");
  const auto& values = want(args, 1, type_root::array, "an ARRAY of values");
  resolved_call call;
  call.result = data_type::map(keys.element(), values.element()).with_nullable(any_nullable(args));
  call.arguments = {keys, values};
  call.can_fail = true;
  call.run = [](kernel_call& c) {
    c.rows.for_each([&](std::size_t i) {
      auto key = entry_of(*c.args[0], i);
      auto value = entry_of(*c.args[1], i);
      if (key.size != value.size)
        throw error(fmt::format("the ARRAYs of keys and of values have {} and {} elements",
                                key.size, value.size));
      auto begin = c.out.child(0).size();
      c.out.child(0).append_range(c.args[0]->child(0), key.offset, key.offset + key.size);
      c.out.child(1).append_range(c.args[1]->child(0), value.offset, value.offset + value.size);
      end_map(c, i, begin);
    });
  };
  return call;
}

// -- texts
// -----------------------------------------------------------------------------------------

/// The regular expressions that split texts: mostly literals.
struct split_state final : function_state {
  const RE2& regex_of(std::string_view text) {
    auto it = known.find(text);
    if (it == known.end()) {
      if (known.size() > 1000) known.clear();
      auto regex = std::make_unique<RE2>(std::string(text), RE2::Quiet);
      if (!regex->ok())
        throw error(fmt::format("'{}' is no regular expression: {}", text, regex->error()));
      it = known.emplace(std::string(text), std::move(regex)).first;
    }
    return *it->second;
  }

  std::map<std::string, std::unique_ptr<RE2>, std::less<>> known;
};

/// The text up to the first match, which is taken away from `rest` with it. All of it if there is
/// no match; then `found` is false.
std::string_view part_before(const RE2& regex, std::string_view& rest, bool& found) {
  re2::StringPiece match;
  re2::StringPiece all(rest.data(), rest.size());
  // An empty match would split nothing.
  found = regex.Match(all, 0, all.size(), RE2::UNANCHORED, &match, 1) && !match.empty();
  if (!found) return std::exchange(rest, {});
  auto before = static_cast<std::size_t>(match.data() - rest.data());
  auto part = rest.substr(0, before);
  rest.remove_prefix(before + match.size());
  return part;
}

void append_entry(column& map, std::string_view pair, const RE2& delimiter) {
  bool found = false;
  auto key = part_before(delimiter, pair, found);
  map.child(0).append_text(key);
  if (found)
    map.child(1).append_text(pair);
  else
    map.child(1).append_null();
}

resolved_call resolve_str_to_map(call_arguments args) {
  check_argument_count(args.size(), 1, 3);
  resolved_call call;
  for (const auto& a : args) {
    if (!a.type.is_character() && !a.type.is(type_root::null)) throw plan_error("it takes texts");
    call.arguments.push_back(data_type::string().with_nullable(a.type.nullable()));
  }
  call.result = data_type::map(data_type::string().not_null(), data_type::string())
                  .with_nullable(any_nullable(args));
  call.can_fail = args.size() > 1;
  call.run = [](kernel_call& c) {
    if (!c.state) c.state = std::make_unique<split_state>();
    auto& state = static_cast<split_state&>(*c.state);
    c.rows.for_each([&](std::size_t i) {
      const auto& pairs = state.regex_of(c.args.size() > 1 ? c.args[1]->text(i) : ",");
      const auto& inner = state.regex_of(c.args.size() > 2 ? c.args[2]->text(i) : "=");
      auto begin = c.out.child(0).size();
      auto rest = c.args[0]->text(i);
      for (bool more = !rest.empty(); more;) {
        auto pair = part_before(pairs, rest, more);
        more = more && !rest.empty();
        append_entry(c.out, pair, inner);
      }
      end_map(c, i, begin);
    });
  };
  return call;
}

} // namespace

void add_map_functions(function_registry& r) {
  auto add = [&](const char* name, const char* parameters, const char* doc, auto resolve) {
    r.add({name, {}, fmt::format("{}({})", name, parameters), doc, resolve});
  };
  add("MAP_UNION", "map1, ...", "The entries of all; of equal keys the last one.",
      resolve_map_union);
  add("MAP_ENTRIES", "map", "The entries as an array of rows.", resolve_map_entries);
  add("MAP_FROM_ARRAYS", "array_of_keys, array_of_values", "A map of keys and their values.",
      resolve_map_from_arrays);
  add("STR_TO_MAP", "string1[, string2, string3]",
      "A map of a text: its pairs are split by a regular expression (a comma), keys from values by "
      "another one (an equals sign).",
      resolve_str_to_map);
}

} // namespace sluice::table
