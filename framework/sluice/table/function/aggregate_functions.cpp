#include "sluice/table/function/aggregate_base.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"

#include <fmt/format.h>

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

/// Adds with wrap-around, as Java's BIGINT.
i64 wrapping_add(i64 a, i64 b) {
  return static_cast<i64>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

// -- COUNT
// -----------------------------------------------------------------------------------------

/// COUNT of rows whose arguments are all not NULL.
class count_rows final : public aggregate_function {
public:
  explicit count_rows(std::vector<data_type> arguments)
    : aggregate_function(data_type::bigint().not_null(), std::move(arguments), sizeof(i64), true,
                         true) {}

  void create(std::byte* s) const override { ::new (s) i64(0); }
  void destroy(std::byte*) const noexcept override {}
  void update(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
              const selection& rows) const override {
    change(states, offset, args, rows, 1);
  }
  void retract(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
               const selection& rows) const override {
    change(states, offset, args, rows, -1);
  }
  void update_one(std::byte* s, std::span<const column* const> args,
                  const selection& rows) const override {
    i64 count = 0;
    if (!has_nulls(args))
      count = static_cast<i64>(rows.size());
    else
      rows.for_each([&](std::size_t i) { count += counts(args, i) ? 1 : 0; });
    *at(s) += count;
  }
  void merge(std::byte* const* into, const std::byte* const* from, std::size_t offset,
             std::size_t count) const override {
    for (std::size_t k = 0; k < count; ++k)
      *at(into[k] + offset) += *reinterpret_cast<const i64*>(from[k] + offset);
  }
  void emit(const std::byte* const* states, std::size_t offset, std::size_t count,
            column& out) const override {
    for (std::size_t k = 0; k < count; ++k)
      out.append(*reinterpret_cast<const i64*>(states[k] + offset));
  }
  void encode(const std::byte* s, byte_writer& out) const override {
    out.raw(*reinterpret_cast<const i64*>(s));
  }
  void decode(byte_reader& in, std::byte* s) const override { ::new (s) i64(in.raw<i64>()); }

private:
  static i64* at(std::byte* s) { return reinterpret_cast<i64*>(s); }
  static bool has_nulls(std::span<const column* const> args) {
    for (const auto* a : args)
      if (a->may_have_nulls()) return true;
    return false;
  }
  static bool counts(std::span<const column* const> args, std::size_t row) {
    for (const auto* a : args)
      if (a->is_null(row)) return false;
    return true;
  }
  static void change(std::byte* const* states, std::size_t offset,
                     std::span<const column* const> args, const selection& rows, i64 by) {
    if (!has_nulls(args)) {
      for (std::size_t k = 0; k < rows.size(); ++k) *at(states[k] + offset) += by;
      return;
    }
    for (std::size_t k = 0; k < rows.size(); ++k)
      if (counts(args, rows[k])) *at(states[k] + offset) += by;
  }
};

// -- SUM and AVG
// -----------------------------------------------------------------------------------

/// `Sum` is i64 (which wraps), double or int128.
template <class T, class Sum>
struct sum_state_impl {
  using argument = T;
  struct state {
    Sum sum = 0;
    i64 count = 0;
    bool overflow = false; // only of decimals
  };

  static void accumulate(state& s, Sum value) {
    if constexpr (std::is_same_v<Sum, i64>)
      s.sum = wrapping_add(s.sum, value);
    else if constexpr (std::is_same_v<Sum, double>)
      s.sum += value;
    else
      s.overflow = __builtin_add_overflow(s.sum, value, &s.sum) || s.overflow;
  }
  void add(state& s, const T& value) const {
    accumulate(s, static_cast<Sum>(value));
    ++s.count;
  }
  void remove(state& s, const T& value) const {
    if constexpr (std::is_same_v<Sum, i64>)
      accumulate(s, wrapping_add(~static_cast<i64>(value), 1));
    else
      accumulate(s, -static_cast<Sum>(value));
    --s.count;
  }
  void merge(state& s, const state& from) const {
    accumulate(s, from.sum);
    s.count += from.count;
    s.overflow = s.overflow || from.overflow;
  }
  void encode(byte_writer& out, const state& s) const {
    put(out, s.sum);
    put(out, s.count);
    put(out, s.overflow);
  }
  state decode(byte_reader& in) const {
    state s;
    s.sum = get<Sum>(in);
    s.count = get<i64>(in);
    s.overflow = get<bool>(in);
    return s;
  }
};

template <class T, class Sum>
struct sum_impl : sum_state_impl<T, Sum> {
  using typename sum_state_impl<T, Sum>::state;
  void emit(column& out, const state& s) const {
    if (s.count == 0) return out.append_null();
    if constexpr (std::is_same_v<Sum, int128>)
      if (s.overflow || !decimal::fits(s.sum, 38)) return out.append_null();
    out.append(static_cast<T>(s.sum));
  }
};

template <class T, class Sum>
struct average_impl : sum_state_impl<T, Sum> {
  using typename sum_state_impl<T, Sum>::state;
  int scale = 0;
  decimal::shape shape{38, 6};

  void emit(column& out, const state& s) const {
    if (s.count == 0) return out.append_null();
    if constexpr (std::is_same_v<Sum, int128>) {
      int128 result = 0;
      if (s.overflow || !decimal::divide(s.sum, scale, s.count, 0, shape, result))
        return out.append_null();
      out.append(result);
    } else if constexpr (std::is_same_v<Sum, double>) {
      out.append(static_cast<T>(s.sum / static_cast<double>(s.count)));
    } else {
      out.append(static_cast<T>(s.sum / s.count)); // of integers an integer, as in Flink
    }
  }
};

// -- variance
// --------------------------------------------------------------------------------------

struct spread {
  bool sample;
  bool root;
};

/// Of integers, exactly: the result is cut to an integer, so a rounding error would show.
template <class T>
struct integer_variance_impl {
  using argument = T;
  struct state {
    i64 count = 0;
    int128 sum = 0;
    int128 squares = 0;
  };
  spread what{};

  // Sums of squares of BIGINTs near the end of their range wrap around, as in Flink.
  static void change(state& s, const T& value, int sign) {
    auto x = static_cast<int128>(value);
    s.count += sign;
    s.sum += sign * x;
    s.squares
      = static_cast<int128>(static_cast<uint128>(s.squares) + static_cast<uint128>(sign * (x * x)));
  }
  void add(state& s, const T& value) const { change(s, value, 1); }
  void remove(state& s, const T& value) const { change(s, value, -1); }
  void merge(state& s, const state& from) const {
    s.count += from.count;
    s.sum += from.sum;
    s.squares
      = static_cast<int128>(static_cast<uint128>(s.squares) + static_cast<uint128>(from.squares));
  }
  void emit(column& out, const state& s) const {
    auto divisor = s.count - (what.sample ? 1 : 0);
    if (divisor <= 0) return out.append_null();
    int128 squares = 0;
    int128 square = 0;
    int128 difference = 0;
    double value = 0;
    if (__builtin_mul_overflow(s.squares, s.count, &squares)
        || __builtin_mul_overflow(s.sum, s.sum, &square)
        || __builtin_sub_overflow(squares, square, &difference)) {
      auto n = static_cast<double>(s.count);
      auto mean = static_cast<double>(s.sum) / n;
      value = (static_cast<double>(s.squares) - n * mean * mean) / static_cast<double>(divisor);
    } else {
      value = static_cast<double>(difference / (static_cast<int128>(s.count) * divisor));
    }
    value = std::max(value, 0.0);
    out.append(static_cast<T>(what.root ? std::sqrt(value) : value));
  }
  void encode(byte_writer& out, const state& s) const {
    put(out, s.count);
    put(out, s.sum);
    put(out, s.squares);
  }
  state decode(byte_reader& in) const {
    state s;
    s.count = get<i64>(in);
    s.sum = get<int128>(in);
    s.squares = get<int128>(in);
    return s;
  }
};

/// By Welford's recurrence, which does not lose the digits of values far from 0.
template <class T>
struct variance_impl {
  using argument = T;
  struct state {
    i64 count = 0;
    double mean = 0;
    double squares = 0; // of the distances from the mean
  };
  spread what{};
  int scale = 0; // of a decimal argument
  data_type result;

  double number(const T& value) const {
    if constexpr (sizeof(T) == 16)
      return decimal::to_double(value, scale);
    else
      return static_cast<double>(value);
  }
  void add(state& s, const T& value) const {
    auto x = number(value);
    ++s.count;
    auto delta = x - s.mean;
    s.mean += delta / static_cast<double>(s.count);
    s.squares += delta * (x - s.mean);
  }
  void remove(state& s, const T& value) const {
    auto x = number(value);
    if (--s.count <= 0) {
      s.mean = s.squares = 0;
      return;
    }
    auto mean = s.mean - (x - s.mean) / static_cast<double>(s.count);
    s.squares = std::max(0.0, s.squares - (x - s.mean) * (x - mean));
    s.mean = mean;
  }
  void merge(state& s, const state& from) const {
    if (from.count == 0) return;
    auto n = static_cast<double>(s.count);
    auto m = static_cast<double>(from.count);
    auto delta = from.mean - s.mean;
    s.mean += delta * m / (n + m);
    s.squares += from.squares + delta * delta * n * m / (n + m);
    s.count += from.count;
  }
  void emit(column& out, const state& s) const {
    auto divisor = s.count - (what.sample ? 1 : 0);
    if (divisor <= 0) return out.append_null();
    auto value = s.squares / static_cast<double>(divisor);
    if (what.root) value = std::sqrt(value);
    if constexpr (sizeof(T) == 16) {
      int128 digits = 0;
      if (!decimal::from_double(value, {result.precision(), result.scale()}, digits))
        return out.append_null();
      out.append(digits);
    } else {
      out.append(static_cast<T>(value));
    }
  }
  void encode(byte_writer& out, const state& s) const {
    put(out, s.count);
    put(out, s.mean);
    put(out, s.squares);
  }
  state decode(byte_reader& in) const {
    state s;
    s.count = get<i64>(in);
    s.mean = get<double>(in);
    s.squares = get<double>(in);
    return s;
  }
};

// -- MIN and MAX
// -----------------------------------------------------------------------------------

template <class T, bool Max>
struct extreme_impl {
  using argument = T;
  using value = detail::kept<T>;
  struct state {
    value best{};
    bool any = false;
  };
  void add(state& s, const T& v) const {
    if (!s.any || (Max ? v > s.best : v < s.best)) s.best = value(v);
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
    std::map<value, i64> counts; // an entry that is taken back before it came is negative
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

// -- FIRST_VALUE and LAST_VALUE
// --------------------------------------------------------------------

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
    if (it == orders.end() || it->first != value(v)) return;
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
  std::multimap<value, std::uint64_t> orders;
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

// -- LISTAGG
// ---------------------------------------------------------------------------------------

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

data_type numeric_argument(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  if (args[0].type.is(type_root::null)) return data_type::integer();
  if (!args[0].type.is_numeric())
    throw plan_error("it takes a number, but got " + args[0].type.as_nullable().to_string());
  return args[0].type;
}

/// Calls `f` with null pointers to the C++ types of the argument and of its sum.
template <class F>
aggregate_ptr with_number(const data_type& type, F f) {
  switch (type.root()) {
  case type_root::tinyint:
    return f(static_cast<std::int8_t*>(nullptr), static_cast<i64*>(nullptr));
  case type_root::smallint:
    return f(static_cast<std::int16_t*>(nullptr), static_cast<i64*>(nullptr));
  case type_root::integer:
    return f(static_cast<std::int32_t*>(nullptr), static_cast<i64*>(nullptr));
  case type_root::bigint:
    return f(static_cast<i64*>(nullptr), static_cast<i64*>(nullptr));
  case type_root::float_:
    return f(static_cast<float*>(nullptr), static_cast<double*>(nullptr));
  case type_root::double_:
    return f(static_cast<double*>(nullptr), static_cast<double*>(nullptr));
  default:
    return f(static_cast<int128*>(nullptr), static_cast<int128*>(nullptr));
  }
}

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

aggregate_ptr resolve_count(std::span<const call_argument> args, bool) {
  std::vector<data_type> types;
  for (const auto& a : args) types.push_back(a.type);
  return std::make_shared<count_rows>(std::move(types));
}

aggregate_ptr resolve_sum(std::span<const call_argument> args, bool) {
  auto type = numeric_argument(args);
  return with_number(type, [&](auto* t, auto* s) {
    return make_aggregate(sum_impl<pointee<decltype(t)>, pointee<decltype(s)>>{}, sum_type(type),
                          {type});
  });
}

aggregate_ptr resolve_average(std::span<const call_argument> args, bool) {
  auto type = numeric_argument(args);
  auto result = average_type(type);
  return with_number(type, [&](auto* t, auto* s) {
    average_impl<pointee<decltype(t)>, pointee<decltype(s)>> impl;
    impl.scale = type.scale();
    impl.shape = {38, result.scale()};
    return make_aggregate(impl, result, {type});
  });
}

template <bool Sample, bool Root>
aggregate_ptr resolve_spread(std::span<const call_argument> args, bool) {
  auto type = numeric_argument(args);
  auto result = average_type(type);
  return with_number(type, [&](auto* t, auto*) -> aggregate_ptr {
    using T = pointee<decltype(t)>;
    if constexpr (std::is_integral_v<T> && sizeof(T) <= 8) {
      return make_aggregate(integer_variance_impl<T>{{Sample, Root}}, result, {type});
    } else {
      variance_impl<T> impl;
      impl.what = {Sample, Root};
      impl.scale = type.scale();
      impl.result = result;
      return make_aggregate(impl, result, {type});
    }
  });
}

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

void add_aggregate_functions(function_registry& r) {
  r.add(aggregate_definition{"COUNT",
                             {},
                             "COUNT([ ALL ] expression | DISTINCT expression1 [, expression2]*)",
                             "The number of rows, or of those without NULL.",
                             resolve_count});
  r.add(aggregate_definition{"SUM",
                             {},
                             "SUM([ ALL | DISTINCT ] expression)",
                             "The sum, in the type of the argument (DECIMAL with 38 digits).",
                             resolve_sum});
  r.add(aggregate_definition{"AVG",
                             {},
                             "AVG([ ALL | DISTINCT ] expression)",
                             "The mean, in the type of the argument: integers are cut.",
                             resolve_average});
  r.add(aggregate_definition{
    "MIN", {}, "MIN([ ALL | DISTINCT ] expression )", "The least value.", resolve_extreme<false>});
  r.add(aggregate_definition{
    "MAX", {}, "MAX([ ALL | DISTINCT ] expression)", "The greatest value.", resolve_extreme<true>});
  r.add(aggregate_definition{"STDDEV_POP",
                             {},
                             "STDDEV_POP([ ALL | DISTINCT ] expression)",
                             "The standard deviation of the whole.",
                             resolve_spread<false, true>});
  r.add(aggregate_definition{"STDDEV_SAMP",
                             {"STDDEV"},
                             "STDDEV_SAMP([ ALL | DISTINCT ] expression)",
                             "The standard deviation estimated from a sample.",
                             resolve_spread<true, true>});
  r.add(aggregate_definition{"VAR_POP",
                             {},
                             "VAR_POP([ ALL | DISTINCT ] expression)",
                             "The variance of the whole.",
                             resolve_spread<false, false>});
  r.add(aggregate_definition{"VAR_SAMP",
                             {"VARIANCE"},
                             "VAR_SAMP([ ALL | DISTINCT ] expression)",
                             "The variance estimated from a sample.",
                             resolve_spread<true, false>});
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
}

} // namespace sluice::table
