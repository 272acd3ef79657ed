// Aggregates that keep values of their argument: the least, the first, all.
#include "sluice/table/function/aggregate_base.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/collecting_aggregates.hpp"
#include "sluice/table/function/registry.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace sluice::table {

namespace {

using i64 = std::int64_t;
using detail::get;
using detail::make_aggregate;
using detail::put;
using aggregate_ptr = std::shared_ptr<const aggregate_function>;

/// The order of values: that of Java's `compareTo`, in which NaN is equal to itself and greater
/// than all other numbers, and -0.0 less than 0.0. So what is found does not depend on the order in
/// which rows come, nor on how they are spread over subtasks. (Flink's functions that take rows
/// back compare so; those that do not use `<`, with which a NaN stays if it comes first.)
struct value_order {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    if (a < b) return true;
    if constexpr (std::is_floating_point_v<T>) {
      if (a > b) return false;
      if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
      return std::signbit(a) && !std::signbit(b);
    } else {
      return false;
    }
  }
};

// -- MIN and MAX ----------------------------------------------------------------------------------

template <class T, bool Max>
struct extreme_impl {
  using argument = T;
  using value = detail::kept<T>;
  struct state {
    value best{};
    bool any = false;
  };
  void add(state& s, const T& v) const {
    if (!s.any || (Max ? value_order()(T(s.best), v) : value_order()(v, T(s.best))))
      s.best = value(v);
    s.any = true;
  }
  void merge(state& s, const state& from) const {
    if (from.any) add(s, from.best);
  }
  void emit(column& out, const state& s) const {
    if (!s.any) return out.append_null();
    detail::append_value(out, s.best);
  }
  void encode(byte_writer& out, const state& s) const {
    put(out, s.any);
    put(out, s.best);
  }
  state decode(byte_reader& in) const {
    state s;
    s.any = get<bool>(in);
    s.best = get<value>(in);
    return s;
  }
};

/// Keeps all values, to know the next one when the best is taken back.
template <class T, bool Max>
struct retractable_extreme_impl {
  using argument = T;
  using value = detail::kept<T>;
  struct state {
    std::map<value, i64, value_order>
      counts; // an entry that is taken back before it came is negative
  };
  void change(state& s, const T& v, i64 by) const {
    auto it = s.counts.try_emplace(value(v), 0).first;
    it->second += by;
    if (it->second == 0) s.counts.erase(it);
  }
  void add(state& s, const T& v) const { change(s, v, 1); }
  void remove(state& s, const T& v) const { change(s, v, -1); }
  void merge(state& s, const state& from) const {
    for (const auto& [v, n] : from.counts) change(s, v, n);
  }
  void emit(column& out, const state& s) const {
    const value* best = nullptr;
    for (const auto& [v, n] : s.counts) {
      if (n <= 0) continue;
      best = &v;
      if (!Max) break;
    }
    if (!best) return out.append_null();
    detail::append_value(out, *best);
  }
  void encode(byte_writer& out, const state& s) const {
    out.varint(s.counts.size());
    for (const auto& [v, n] : s.counts) {
      put(out, v);
      put(out, n);
    }
  }
  state decode(byte_reader& in) const {
    state s;
    for (auto n = in.count(); n > 0; --n) {
      auto v = get<value>(in);
      s.counts.emplace(std::move(v), get<i64>(in));
    }
    return s;
  }
};

// -- FIRST_VALUE and LAST_VALUE -------------------------------------------------------------------

template <class T, bool Last>
struct positional_impl {
  using argument = T;
  using value = detail::kept<T>;
  struct state {
    value chosen{};
    bool any = false;
  };
  void add(state& s, const T& v) const {
    if (s.any && !Last) return;
    s.chosen = value(v);
    s.any = true;
  }
  void merge(state& s, const state& from) const {
    if (from.any) add(s, from.chosen);
  }
  void emit(column& out, const state& s) const {
    if (!s.any) return out.append_null();
    detail::append_value(out, s.chosen);
  }
  void encode(byte_writer& out, const state& s) const {
    put(out, s.any);
    put(out, s.chosen);
  }
  state decode(byte_reader& in) const {
    state s;
    s.any = get<bool>(in);
    s.chosen = get<value>(in);
    return s;
  }
};

/// Values in the order in which they came; taking one back removes its oldest occurrence.
template <class T>
struct ordered_values {
  using value = detail::kept<T>;

  void add(const T& v) {
    by_order.emplace(next, value(v));
    orders.emplace(value(v), next++);
  }
  void remove(const T& v) {
    auto it = orders.lower_bound(value(v)); // equal keys are in the order of insertion
    if (it == orders.end() || value_order()(value(v), it->first)) return;
    by_order.erase(it->second);
    orders.erase(it);
  }
  void encode(byte_writer& out) const {
    out.varint(by_order.size());
    for (const auto& [order, v] : by_order) put(out, v);
  }
  static ordered_values decode(byte_reader& in) {
    ordered_values result;
    for (auto n = in.count(); n > 0; --n) result.add(get<value>(in));
    return result;
  }

  std::map<std::uint64_t, value> by_order;
  std::multimap<value, std::uint64_t, value_order> orders;
  std::uint64_t next = 0;
};

template <class T, bool Last>
struct retractable_positional_impl {
  using argument = T;
  using state = ordered_values<T>;
  void add(state& s, const T& v) const { s.add(v); }
  void remove(state& s, const T& v) const { s.remove(v); }
  void merge(state& s, const state& from) const {
    for (const auto& [order, v] : from.by_order) s.add(v);
  }
  void emit(column& out, const state& s) const {
    if (s.by_order.empty()) return out.append_null();
    detail::append_value(out, Last ? s.by_order.rbegin()->second : s.by_order.begin()->second);
  }
  void encode(byte_writer& out, const state& s) const { s.encode(out); }
  state decode(byte_reader& in) const { return state::decode(in); }
};

// -- LISTAGG --------------------------------------------------------------------------------------

struct list_impl {
  using argument = std::string_view;
  struct state {
    std::string text;
    bool any = false;
  };
  std::string separator;

  void add(state& s, std::string_view v) const {
    if (std::exchange(s.any, true)) s.text += separator;
    s.text += v;
  }
  void merge(state& s, const state& from) const {
    if (from.any) add(s, from.text);
  }
  void emit(column& out, const state& s) const {
    if (!s.any) return out.append_null();
    out.append_text(s.text);
  }
  void encode(byte_writer& out, const state& s) const {
    put(out, s.any);
    put(out, s.text);
  }
  state decode(byte_reader& in) const {
    state s;
    s.any = get<bool>(in);
    s.text = get<std::string>(in);
    return s;
  }
};

struct retractable_list_impl {
  using argument = std::string_view;
  using state = ordered_values<std::string_view>;
  std::string separator;

  void add(state& s, std::string_view v) const { s.add(v); }
  void remove(state& s, std::string_view v) const { s.remove(v); }
  void merge(state& s, const state& from) const {
    for (const auto& [order, v] : from.by_order) s.add(v);
  }
  void emit(column& out, const state& s) const {
    if (s.by_order.empty()) return out.append_null();
    std::string text;
    bool first = true;
    for (const auto& [order, v] : s.by_order) {
      if (!std::exchange(first, false)) text += separator;
      text += v;
    }
    out.append_text(text);
  }
  void encode(byte_writer& out, const state& s) const { s.encode(out); }
  state decode(byte_reader& in) const { return state::decode(in); }
};

// -- the rules
// -------------------------------------------------------------------------------------

/// Calls `f` with a null pointer to the C++ type of any argument that is not nested.
template <class F>
aggregate_ptr with_value(const data_type& type, F f) {
  if (type.is_nested()) throw plan_error("it does not take " + type.as_nullable().to_string());
  switch (type.physical()) {
  case physical_type::boolean:
    return f(static_cast<bool*>(nullptr));
  case physical_type::int8:
    return f(static_cast<std::int8_t*>(nullptr));
  case physical_type::int16:
    return f(static_cast<std::int16_t*>(nullptr));
  case physical_type::int32:
    return f(static_cast<std::int32_t*>(nullptr));
  case physical_type::int64:
    return f(static_cast<i64*>(nullptr));
  case physical_type::float32:
    return f(static_cast<float*>(nullptr));
  case physical_type::float64:
    return f(static_cast<double*>(nullptr));
  case physical_type::decimal128:
    return f(static_cast<int128*>(nullptr));
  default:
    return f(static_cast<std::string_view*>(nullptr));
  }
}

template <class P>
using pointee = std::remove_pointer_t<P>;

template <bool Max>
aggregate_ptr resolve_extreme(std::span<const call_argument> args, bool retractable) {
  check_argument_count(args.size(), 1, 1);
  auto type = args[0].type;
  return with_value(type, [&](auto* t) -> aggregate_ptr {
    using T = pointee<decltype(t)>;
    if (retractable)
      return make_aggregate(retractable_extreme_impl<T, Max>{}, type.as_nullable(), {type});
    return make_aggregate(extreme_impl<T, Max>{}, type.as_nullable(), {type}, false);
  });
}

template <bool Last>
aggregate_ptr resolve_positional(std::span<const call_argument> args, bool retractable) {
  check_argument_count(args.size(), 1, 1);
  auto type = args[0].type;
  return with_value(type, [&](auto* t) -> aggregate_ptr {
    using T = pointee<decltype(t)>;
    if (retractable)
      return make_aggregate(retractable_positional_impl<T, Last>{}, type.as_nullable(), {type});
    return make_aggregate(positional_impl<T, Last>{}, type.as_nullable(), {type}, false);
  });
}

aggregate_ptr resolve_list(std::span<const call_argument> args, bool retractable) {
  check_argument_count(args.size(), 1, 2);
  if (!args[0].type.is_character() && !args[0].type.is(type_root::null))
    throw plan_error("it takes a text, but got " + args[0].type.as_nullable().to_string());
  std::string separator = ",";
  std::vector<data_type> types{data_type::string()};
  if (args.size() == 2) {
    separator = literal_text(args[1], "the separator");
    types.push_back(args[1].type);
  }
  if (retractable)
    return make_aggregate(retractable_list_impl{separator}, data_type::string(), types);
  return make_aggregate(list_impl{separator}, data_type::string(), types, false);
}

} // namespace

void add_value_aggregates(function_registry& r) {
  r.add(aggregate_definition{
    "MIN", {}, "MIN([ ALL | DISTINCT ] expression )", "The least value.", resolve_extreme<false>});
  r.add(aggregate_definition{
    "MAX", {}, "MAX([ ALL | DISTINCT ] expression)", "The greatest value.", resolve_extreme<true>});
  r.add(aggregate_definition{"FIRST_VALUE",
                             {},
                             "FIRST_VALUE(expression)",
                             "The first value that is not NULL.",
                             resolve_positional<false>});
  r.add(aggregate_definition{"LAST_VALUE",
                             {},
                             "LAST_VALUE(expression)",
                             "The last value that is not NULL.",
                             resolve_positional<true>});
  r.add(aggregate_definition{"LISTAGG",
                             {},
                             "LISTAGG(expression [, separator])",
                             "The texts with commas, or another text, between them.",
                             resolve_list});
  add_collecting_aggregates(r);
}

} // namespace sluice::table
