#include "sluice/table/function/binary_loop.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/types/datetime.hpp"

#include <fmt/format.h>

#include <cmath>
#include <type_traits>

namespace sluice::table {

namespace {

using i32 = std::int32_t;
using i64 = std::int64_t;

enum class operation { add, subtract, multiply, divide, modulo };

/// Integers wrap around, as in Java: SQL of Flink does not detect their overflow.
template <class T, operation Op>
T calculate(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if constexpr (Op == operation::add) return a + b;
    if constexpr (Op == operation::subtract) return a - b;
    if constexpr (Op == operation::multiply) return a * b;
    if constexpr (Op == operation::divide) return a / b;
    if constexpr (Op == operation::modulo) return std::fmod(a, b);
  } else {
    using U = std::conditional_t<(sizeof(T) < 4), std::uint32_t, std::make_unsigned_t<T>>;
    if constexpr (Op == operation::add)
      return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
    if constexpr (Op == operation::subtract)
      return static_cast<T>(static_cast<U>(a) - static_cast<U>(b));
    if constexpr (Op == operation::multiply)
      return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
    if (b == 0) throw error("division by zero");
    if (b == -1) return Op == operation::divide ? calculate<T, operation::subtract>(0, a) : T{0};
    if constexpr (Op == operation::divide) return static_cast<T>(a / b);
    return static_cast<T>(a % b);
  }
}

template <operation Op>
kernel number_kernel(const data_type& type) {
  return visit_physical(type.physical(), [](auto* t) -> kernel {
    using T = std::remove_pointer_t<decltype(t)>;
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, std::uint8_t>)
      return [](kernel_call& call) {
        detail::binary_loop<T, T, T>(call, [](T a, T b) { return calculate<T, Op>(a, b); });
      };
    else
      return {};
  });
}

kernel modulo_kernel(const data_type& type, const data_type& result) {
  return visit_physical(type.physical(), [&](auto* t) -> kernel {
    using T = std::remove_pointer_t<decltype(t)>;
    return visit_physical(result.physical(), [](auto* r) -> kernel {
      using R = std::remove_pointer_t<decltype(r)>;
      if constexpr (std::is_integral_v<T> && std::is_integral_v<R> && sizeof(T) <= 8
                    && sizeof(R) <= sizeof(T))
        return [](kernel_call& call) {
          detail::binary_loop<T, T, R>(
            call, [](T a, T b) { return static_cast<R>(calculate<T, operation::modulo>(a, b)); });
        };
      else
        return {};
    });
  });
}

using decimal_operation = bool (*)(int128, int, int128, int, decimal::shape, int128&) noexcept;

kernel decimal_kernel(decimal_operation op, const data_type& a, const data_type& b,
                      const data_type& result, bool divides) {
  auto a_scale = a.scale();
  auto b_scale = b.scale();
  decimal::shape shape{result.precision(), result.scale()};
  return [=](kernel_call& call) {
    detail::argument_reader<int128> x(*call.args[0]);
    detail::argument_reader<int128> y(*call.args[1]);
    auto* out = call.out.values<int128>();
    call.rows.for_each([&](std::size_t i) {
      auto divisor = y[i];
      if (divides && divisor == 0) throw error("division by zero");
      if (!op(x[i], a_scale, divisor, b_scale, shape, out[i])) {
        out[i] = 0;
        call.out.set_null(i); // overflow
      }
    });
  };
}

template <operation Op>
resolved_call resolve_numbers(const data_type& a, const data_type& b) {
  constexpr bool divides = Op == operation::divide || Op == operation::modulo;
  resolved_call call;
  if constexpr (Op == operation::multiply)
    call.result = multiplication_type(a, b);
  else if constexpr (Op == operation::divide)
    call.result = division_type(a, b);
  else if constexpr (Op == operation::modulo)
    call.result = modulo_type(a, b);
  else
    call.result = addition_type(a, b);
  if (call.result.is(type_root::decimal)) {
    constexpr decimal_operation operations[]
      = {decimal::add, decimal::subtract, decimal::multiply, decimal::divide, decimal::modulo};
    auto x = decimal_of(a);
    auto y = decimal_of(b);
    call.arguments = {x, y};
    call.run = decimal_kernel(operations[static_cast<int>(Op)], x, y, call.result, divides);
    call.can_fail = divides;
    call.result = call.result.as_nullable();
    return call;
  }
  auto type = call.result;
  if (Op == operation::modulo && a.is_integer() && b.is_integer()) {
    // Computed in the larger type; a remainder fits the type of the divisor.
    type = *common_type(a, b);
    call.run = modulo_kernel(type, call.result);
  } else {
    call.run = number_kernel<Op>(type);
  }
  call.arguments = {type.with_nullable(a.nullable()), type.with_nullable(b.nullable())};
  call.can_fail = divides && type.is_integer();
  call.dense = !call.can_fail;
  return call;
}

[[noreturn]] void refuse(std::span<const call_argument> a) {
  throw plan_error(fmt::format("it does not take {} and {}", a[0].type.as_nullable().to_string(),
                               a[1].type.as_nullable().to_string()));
}

data_type null_as(const data_type& t, const data_type& other) {
  if (!t.is(type_root::null)) return t;
  return other.is_numeric() ? other.as_nullable() : data_type::integer();
}

/// A time moved by an interval; `sign` is -1 to subtract.
resolved_call resolve_shift(const data_type& time, const data_type& interval, i64 sign,
                            bool time_first) {
  resolved_call call;
  call.result = time.with_nullable(time.nullable() || interval.nullable());
  call.arguments = time_first ? std::vector{time, interval} : std::vector{interval, time};
  std::size_t t = time_first ? 0 : 1;
  auto run = [&]<class T, class I>(T*, I*, auto op) {
    call.run = [op, t](kernel_call& c) {
      detail::argument_reader<T> times(*c.args[t]);
      detail::argument_reader<I> intervals(*c.args[1 - t]);
      auto* out = c.out.values<T>();
      c.rows.for_each([&](std::size_t i) { out[i] = op(times[i], intervals[i]); });
    };
  };
  i32* i32_type = nullptr;
  i64* i64_type = nullptr;
  bool months = interval.is(type_root::interval_year_month);
  if (time.is(type_root::date) && months)
    run(i32_type, i32_type, [sign](i32 d, i32 m) { return add_months_to_date(d, sign * m); });
  else if (time.is(type_root::date)) {
    // A date stays a date: parts of days do not count.
    run(i32_type, i64_type,
        [sign](i32 d, i64 ms) { return static_cast<i32>(d + floor_div(sign * ms, 86'400'000)); });
  } else if (time.is(type_root::time) && !months)
    run(i32_type, i64_type, [sign](i32 v, i64 ms) {
      return static_cast<i32>(floor_mod(v + sign * ms, millis_per_day));
    });
  else if (time.is_timestamp() && months)
    run(i64_type, i32_type, [sign](i64 v, i32 m) { return add_months(v, sign * m); });
  else if (time.is_timestamp())
    run(i64_type, i64_type, [sign](i64 v, i64 ms) { return v + sign * ms * 1000; });
  else
    throw plan_error("months cannot be added to a TIME");
  return call;
}

resolved_call resolve_difference(const data_type& a, const data_type& b) {
  resolved_call call;
  auto common = *common_type(a, b);
  call.result = data_type::interval_day_time().with_nullable(common.nullable());
  call.arguments = {common.with_nullable(a.nullable()), common.with_nullable(b.nullable())};
  call.dense = true;
  if (common.is(type_root::date))
    call.run = [](kernel_call& c) {
      detail::binary_loop<i32, i32, i64>(
        c, [](i32 x, i32 y) { return (i64{x} - y) * i64{millis_per_day}; });
    };
  else if (common.is(type_root::time))
    call.run = [](kernel_call& c) {
      detail::binary_loop<i32, i32, i64>(c, [](i32 x, i32 y) { return i64{x} - y; });
    };
  else
    call.run = [](kernel_call& c) {
      detail::binary_loop<i64, i64, i64>(c, [](i64 x, i64 y) {
        return static_cast<i64>(static_cast<std::uint64_t>(x) - static_cast<std::uint64_t>(y))
               / 1000;
      });
    };
  return call;
}

template <operation Op>
resolved_call resolve_intervals(const data_type& a, const data_type& b) {
  resolved_call call;
  call.result = a.with_nullable(a.nullable() || b.nullable());
  call.arguments = {a, b};
  call.run = number_kernel<Op>(a);
  call.dense = true;
  return call;
}

template <operation Op>
resolved_call resolve_sum(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  auto a = null_as(args[0].type, args[1].type);
  auto b = null_as(args[1].type, args[0].type);
  constexpr i64 sign = Op == operation::add ? 1 : -1;
  if (a.is_numeric() && b.is_numeric()) return resolve_numbers<Op>(a, b);
  if (a.is_temporal() && b.is_interval()) return resolve_shift(a, b, sign, true);
  if (Op == operation::add && a.is_interval() && b.is_temporal())
    return resolve_shift(b, a, sign, false);
  if (a.is_interval() && b.root() == a.root()) return resolve_intervals<Op>(a, b);
  if (Op == operation::subtract && a.is_temporal() && b.is_temporal() && common_type(a, b))
    return resolve_difference(a, b);
  refuse(args);
}

template <operation Op>
resolved_call resolve_product(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  auto a = null_as(args[0].type, args[1].type);
  auto b = null_as(args[1].type, args[0].type);
  if (a.is_numeric() && b.is_numeric()) return resolve_numbers<Op>(a, b);
  // An interval times a whole number, either way round.
  if (Op == operation::multiply && (a.is_interval() || b.is_interval())
      && (a.is_integer() || b.is_integer())) {
    auto interval = a.is_interval() ? a : b;
    resolved_call call;
    call.result = interval.with_nullable(a.nullable() || b.nullable());
    auto number
      = interval.is(type_root::interval_year_month) ? data_type::integer() : data_type::bigint();
    call.arguments = {a.is_interval() ? a : number.with_nullable(a.nullable()),
                      b.is_interval() ? b : number.with_nullable(b.nullable())};
    call.run = number_kernel<Op>(interval);
    call.dense = true;
    return call;
  }
  refuse(args);
}

resolved_call resolve_negation(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  auto type = args[0].type.is(type_root::null) ? data_type::integer() : args[0].type;
  if (!type.is_numeric() && !type.is_interval())
    throw plan_error("it does not take " + type.as_nullable().to_string());
  resolved_call call;
  call.result = type;
  call.arguments = {type};
  call.dense = true;
  call.run = visit_physical(type.physical(), [](auto* t) -> kernel {
    using T = std::remove_pointer_t<decltype(t)>;
    if constexpr (std::is_floating_point_v<T>)
      return [](kernel_call& c) { detail::unary_loop<T, T>(c, [](T a) { return -a; }); };
    else if constexpr (std::is_same_v<T, int128>)
      return [](kernel_call& c) { detail::unary_loop<T, T>(c, [](T a) { return -a; }); };
    else if constexpr (std::is_integral_v<T>)
      return [](kernel_call& c) {
        detail::unary_loop<T, T>(
          c, [](T a) { return calculate<std::make_signed_t<T>, operation::subtract>(0, a); });
      };
    else
      return {};
  });
  return call;
}

resolved_call resolve_plus(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  if (!args[0].type.is_numeric()) throw plan_error("it takes a number");
  resolved_call call;
  call.result = args[0].type;
  call.arguments = {args[0].type};
  call.run = [](kernel_call& c) { c.out.copy_rows(*c.args[0], c.rows); };
  return call;
}

} // namespace

void add_arithmetic_functions(function_registry& r) {
  r.add({"+",
         {},
         "numeric1 + numeric2",
         "The sum; also a time and an interval, or two intervals.",
         resolve_sum<operation::add>});
  r.add({"-",
         {},
         "numeric1 - numeric2",
         "The difference; also of a time and an interval, two intervals or two times.",
         resolve_sum<operation::subtract>});
  r.add({"*",
         {},
         "numeric1 * numberic2",
         "The product; also an interval times a whole number.",
         resolve_product<operation::multiply>});
  r.add({"/",
         {},
         "numeric1 / numeric2",
         "The quotient; of two integers an integer.",
         resolve_product<operation::divide>});
  r.add({"%",
         {"MOD"},
         "numeric1 % numeric2",
         "The remainder, with the sign of the first.",
         resolve_product<operation::modulo>});
  r.add({"NEGATE", {}, "- numeric", "The number with the other sign.", resolve_negation});
  r.add({"PLUS", {}, "+ numeric", "The number itself.", resolve_plus});
}

} // namespace sluice::table
