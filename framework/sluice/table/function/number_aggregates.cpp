// Aggregates that are computed from sums.
#include "sluice/table/function/aggregate_base.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"

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

// -- SUM and AVG ----------------------------------------------------------------------------------

/// 16 bytes where the sum cannot overflow: how many states fit into a cache line counts.
template <class Sum>
struct sum_state {
  Sum sum = 0;
  i64 count = 0;
  static constexpr bool overflow = false;
};
template <>
struct sum_state<int128> {
  int128 sum = 0;
  i64 count = 0;
  bool overflow = false;
};

/// `Sum` is i64 (which wraps), double or int128.
template <class T, class Sum>
struct sum_state_impl {
  using argument = T;
  using state = sum_state<Sum>;

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
    if constexpr (std::is_same_v<Sum, int128>) s.overflow = s.overflow || from.overflow;
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
    auto overflow = get<bool>(in);
    if constexpr (std::is_same_v<Sum, int128>) s.overflow = overflow;
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

// -- variance -------------------------------------------------------------------------------------

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

template <class P>
using pointee = std::remove_pointer_t<P>;

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

} // namespace

void add_number_aggregates(function_registry& r) {
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
}

} // namespace sluice::table
