#include "sluice/table/function/binary_loop.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <numbers>
#include <random>

namespace sluice::table {

namespace {

using i32 = std::int32_t;
using i64 = std::int64_t;

const data_type& number_argument(std::span<const call_argument> args, std::size_t at = 0) {
  static const data_type integer = data_type::integer();
  const auto& type = args[at].type;
  if (type.is(type_root::null)) return integer;
  if (!type.is_numeric())
    throw plan_error("it takes a number, but got " + type.as_nullable().to_string());
  return type;
}

/// A function from DOUBLE to DOUBLE.
template <double (*F)(double)>
resolved_call resolve_double(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  number_argument(args);
  resolved_call call;
  call.result = data_type::double_().with_nullable(args[0].type.nullable());
  call.arguments = {call.result};
  call.dense = true;
  call.run
    = [](kernel_call& c) { detail::unary_loop<double, double>(c, [](double x) { return F(x); }); };
  return call;
}

/// A function of two DOUBLEs.
template <double (*F)(double, double)>
resolved_call resolve_double2(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  number_argument(args, 0);
  number_argument(args, 1);
  resolved_call call;
  auto nullable = any_nullable(args);
  call.result = data_type::double_().with_nullable(nullable);
  call.arguments = {data_type::double_().with_nullable(args[0].type.nullable()),
                    data_type::double_().with_nullable(args[1].type.nullable())};
  call.dense = true;
  call.run = [](kernel_call& c) {
    detail::binary_loop<double, double, double>(c, [](double x, double y) { return F(x, y); });
  };
  return call;
}

double power(double x, double y) { return std::pow(x, y); }
double square_root(double x) { return std::sqrt(x); }
double natural_log(double x) { return std::log(x); }
double log_10(double x) { return std::log10(x); }
double log_2(double x) { return std::log2(x); }
double exponential(double x) { return std::exp(x); }
double sine(double x) { return std::sin(x); }
double sine_h(double x) { return std::sinh(x); }
double cosine(double x) { return std::cos(x); }
double cosine_h(double x) { return std::cosh(x); }
double tangent(double x) { return std::tan(x); }
double tangent_h(double x) { return std::tanh(x); }
double cotangent(double x) { return 1.0 / std::tan(x); }
double arc_sine(double x) { return std::asin(x); }
double arc_cosine(double x) { return std::acos(x); }
double arc_tangent(double x) { return std::atan(x); }
double arc_tangent2(double y, double x) { return std::atan2(y, x); }
double to_degrees(double x) { return x / std::numbers::pi * 180.0; }
double to_radians(double x) { return x / 180.0 * std::numbers::pi; }
double log_base(double base, double x) { return std::log(x) / std::log(base); }

resolved_call resolve_log(std::span<const call_argument> args) {
  if (args.size() == 1) return resolve_double<natural_log>(args);
  return resolve_double2<log_base>(args);
}

/// A function that keeps the type of a number; `f` gets a value of each C++ type.
template <class F>
resolved_call same_type(const data_type& type, F f) {
  resolved_call call;
  call.result = type;
  call.arguments = {type};
  call.dense = true;
  call.run = visit_physical(type.physical(), [f](auto* t) -> kernel {
    using T = std::remove_pointer_t<decltype(t)>;
    if constexpr (std::is_same_v<T, string_ref> || std::is_same_v<T, list_entry>)
      return {};
    else
      return [f](kernel_call& c) {
        detail::unary_loop<T, T>(c, [f](T x) { return static_cast<T>(f(x)); });
      };
  });
  return call;
}

resolved_call resolve_abs(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  return same_type(number_argument(args), [](auto x) {
    using T = decltype(x);
    if constexpr (std::is_floating_point_v<T>) {
      return std::abs(x);
    } else if constexpr (sizeof(T) == 16) {
      return x < 0 ? -x : x;
    } else { // the least value stays itself, as in Java
      using U = std::make_unsigned_t<T>;
      return x < 0 ? static_cast<T>(U{0} - static_cast<U>(x)) : x;
    }
  });
}

resolved_call resolve_sign(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  const auto& type = number_argument(args);
  if (type.is(type_root::decimal)) {
    auto unit = decimal::power_of_ten(type.scale());
    return same_type(type, [unit](auto x) {
      using T = decltype(x);
      if constexpr (sizeof(T) == 16)
        return x > 0 ? unit : (x < 0 ? -unit : int128{0});
      else
        return x;
    });
  }
  return same_type(type, [](auto x) {
    if constexpr (std::is_floating_point_v<decltype(x)>)
      return x > 0 ? decltype(x){1} : (x < 0 ? decltype(x){-1} : x);
    else
      return static_cast<decltype(x)>((x > 0) - (x < 0));
  });
}

template <bool Ceil>
resolved_call resolve_whole(const data_type& type) {
  if (type.is(type_root::decimal)) {
    resolved_call call;
    call.result = data_type::decimal(type.precision()).with_nullable(type.nullable());
    call.arguments = {type};
    auto scale = type.scale();
    call.run = [scale](kernel_call& c) {
      detail::unary_loop<int128, int128>(
        c, [scale](int128 x) { return Ceil ? decimal::ceil(x, scale) : decimal::floor(x, scale); });
    };
    return call;
  }
  return same_type(type, [](auto x) {
    if constexpr (std::is_floating_point_v<decltype(x)>)
      return Ceil ? std::ceil(x) : std::floor(x);
    else
      return x;
  });
}

// -- ROUND and TRUNCATE
// ----------------------------------------------------------------------------

/// As BigDecimal.valueOf(x).setScale does: the digits that are printed are rounded.
double round_double(double x, i32 digits, bool truncate) {
  if (!std::isfinite(x) || digits > 308) return x;
  if (digits >= 0 && std::abs(x) < 1e15 && digits <= 15) {
    decimal::shape wide{38, 20};
    int128 exact = 0;
    int128 rounded = 0;
    if (decimal::from_double(x, wide, exact)
        && decimal::round(exact, 20, digits, truncate, wide, rounded))
      return decimal::to_double(rounded, 20);
  }
  auto unit = std::pow(10.0, digits);
  if (!std::isfinite(unit) || unit == 0) return unit == 0 ? 0.0 : x;
  auto scaled = x * unit;
  auto whole = truncate ? std::trunc(scaled) : std::round(scaled);
  return std::isfinite(whole) ? whole / unit : x;
}

template <class T>
T round_integer(T x, i32 digits, bool truncate) {
  if (digits >= 0) return x;
  if (digits < -18) return 0;
  int128 out = 0;
  decimal::round(static_cast<int128>(x), 0, digits, truncate, {38, 0}, out);
  return static_cast<T>(out);
}

template <bool Truncate>
resolved_call resolve_round(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 2);
  auto type = number_argument(args);
  std::optional<i32> digits = 0;
  if (args.size() == 2) {
    if (!args[1].type.is_integer() && !args[1].type.is(type_root::null))
      throw plan_error("the number of digits must be an integer");
    digits.reset();
    if (args[1].literal && !args[1].literal->is_null())
      digits = static_cast<i32>(args[1].literal->integer());
  }
  resolved_call call;
  call.arguments = {type};
  if (args.size() == 2)
    call.arguments.push_back(data_type::integer().with_nullable(args[1].type.nullable()));
  call.result = round_type(type, digits).with_nullable(any_nullable(args));
  bool given = args.size() == 2;
  if (type.is(type_root::decimal)) {
    decimal::shape shape{call.result.precision(), call.result.scale()};
    call.result = call.result.as_nullable();
    auto scale = type.scale();
    call.run = [=](kernel_call& c) {
      detail::argument_reader<int128> x(*c.args[0]);
      auto* out = c.out.values<int128>();
      c.rows.for_each([&](std::size_t i) {
        auto n = given ? c.args[1]->value<i32>(i) : 0;
        if (!decimal::round(x[i], scale, n, Truncate, shape, out[i])) {
          out[i] = 0;
          c.out.set_null(i);
        }
      });
    };
    return call;
  }
  call.run = visit_physical(type.physical(), [given](auto* t) -> kernel {
    using T = std::remove_pointer_t<decltype(t)>;
    if constexpr (!std::is_arithmetic_v<T>)
      return {};
    else
      return [given](kernel_call& c) {
        detail::argument_reader<T> x(*c.args[0]);
        auto* out = c.out.values<T>();
        c.rows.for_each([&](std::size_t i) {
          auto n = given ? c.args[1]->value<i32>(i) : 0;
          if constexpr (std::is_floating_point_v<T>)
            out[i] = static_cast<T>(round_double(static_cast<double>(x[i]), n, Truncate));
          else
            out[i] = round_integer(x[i], n, Truncate);
        });
      };
  });
  return call;
}

// -- random numbers
// --------------------------------------------------------------------------------

struct random_state final : function_state {
  std::mt19937_64 engine;
};

std::mt19937_64& engine_of(kernel_call& call, std::optional<i32> seed) {
  if (!call.state) {
    auto fresh = std::make_unique<random_state>();
    fresh->engine.seed(seed ? static_cast<std::uint64_t>(*seed) : std::random_device{}());
    call.state = std::move(fresh);
  }
  return static_cast<random_state&>(*call.state).engine;
}

resolved_call resolve_rand(std::span<const call_argument> args) {
  check_argument_count(args.size(), 0, 1);
  resolved_call call;
  call.result = data_type::double_().not_null();
  call.deterministic = false;
  for (const auto& a : args)
    call.arguments.push_back(data_type::integer().with_nullable(a.type.nullable()));
  call.run = [](kernel_call& c) {
    auto& engine
      = engine_of(c, c.args.empty() ? std::nullopt : std::optional<i32>(c.args[0]->value<i32>(0)));
    auto* out = c.out.values<double>();
    c.rows.for_each(
      [&](std::size_t i) { out[i] = static_cast<double>(engine() >> 11) * 0x1.0p-53; });
  };
  return call;
}

resolved_call resolve_rand_integer(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 2);
  resolved_call call;
  call.result = data_type::integer().with_nullable(any_nullable(args));
  call.deterministic = false;
  call.can_fail = true;
  for (const auto& a : args)
    call.arguments.push_back(data_type::integer().with_nullable(a.type.nullable()));
  call.run = [](kernel_call& c) {
    bool seeded = c.args.size() == 2;
    std::optional<i32> seed;
    if (seeded && !c.rows.empty()) seed = c.args[0]->value<i32>(c.rows[0]);
    auto& engine = engine_of(c, seed);
    const auto& bounds = *c.args.back();
    auto* out = c.out.values<i32>();
    c.rows.for_each([&](std::size_t i) {
      auto bound = bounds.value<i32>(i);
      if (bound <= 0) throw error("the bound must be positive");
      out[i] = std::uniform_int_distribution<i32>(0, bound - 1)(engine);
    });
  };
  return call;
}

resolved_call resolve_uuid(std::span<const call_argument> args) {
  check_argument_count(args.size(), 0, 0);
  resolved_call call;
  call.result = data_type::char_(36).not_null();
  call.deterministic = false;
  call.run = [](kernel_call& c) {
    auto& engine = engine_of(c, std::nullopt);
    c.rows.for_each([&](std::size_t i) {
      auto high = (engine() & ~0xf000ull) | 0x4000ull;
      auto low = (engine() & ~(0xc000ull << 48)) | (0x8000ull << 48);
      c.out.set_text(i, fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32,
                                    high >> 16 & 0xffff, high & 0xffff, low >> 48,
                                    low & 0xffffffffffffull));
    });
  };
  return call;
}

resolved_call constant_double(std::span<const call_argument> args, double value) {
  check_argument_count(args.size(), 0, 0);
  resolved_call call;
  call.result = data_type::double_().not_null();
  call.run = [value](kernel_call& c) {
    auto* out = c.out.values<double>();
    c.rows.for_each([&](std::size_t i) { out[i] = value; });
  };
  return call;
}

resolved_call resolve_pi(std::span<const call_argument> args) {
  return constant_double(args, std::numbers::pi);
}
resolved_call resolve_e(std::span<const call_argument> args) {
  return constant_double(args, std::numbers::e);
}

std::string to_binary(i64 value) {
  auto bits = static_cast<std::uint64_t>(value);
  std::string out;
  for (int i = 63 - std::countl_zero(bits | 1); i >= 0; --i)
    out += (bits >> i & 1) != 0 ? '1' : '0';
  return out;
}

std::string bytes_to_hex(std::string_view bytes) {
  std::string out;
  for (unsigned char c : bytes) out += fmt::format("{:02X}", c);
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> unhex(std::string_view text) {
  std::string out;
  if (text.size() % 2 != 0) {
    auto d = hex_digit(text[0]);
    if (d < 0) return std::nullopt;
    out += static_cast<char>(d);
    text.remove_prefix(1);
  }
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto high = hex_digit(text[i]);
    auto low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

resolved_call resolve_unhex(std::span<const call_argument> args) {
  auto call = overloads(false, unhex)(args);
  call.result = data_type::bytes();
  return call;
}

} // namespace

/// FLOOR and CEIL of numbers; of times they are in time_functions.cpp.
resolved_call resolve_floor_number(const data_type& type) { return resolve_whole<false>(type); }
resolved_call resolve_ceil_number(const data_type& type) { return resolve_whole<true>(type); }

void add_math_functions(function_registry& r) {
  auto add = [&](std::string name, std::string signature, std::string doc, auto resolve,
                 std::vector<std::string> aliases = {}) {
    r.add(scalar_function{std::move(name), std::move(aliases), std::move(signature), std::move(doc),
                          resolve});
  };
  add("POWER", "POWER(numeric1, numeric2)", "The first to the power of the second.",
      resolve_double2<power>);
  add("SQRT", "SQRT(numeric)", "The square root.", resolve_double<square_root>);
  add("LN", "LN(numeric)", "The natural logarithm.", resolve_double<natural_log>);
  add("LOG", "LOG([base, ]numeric)", "The logarithm, natural without a base.", resolve_log);
  add("LOG10", "LOG10(numeric)", "The logarithm to base 10.", resolve_double<log_10>);
  add("LOG2", "LOG2(numeric)", "The logarithm to base 2.", resolve_double<log_2>);
  add("EXP", "EXP(numeric)", "e to that power.", resolve_double<exponential>);
  add("SIN", "SIN(numeric)", "The sine.", resolve_double<sine>);
  add("SINH", "SINH(numeric)", "The hyperbolic sine.", resolve_double<sine_h>);
  add("COS", "COS(numeric)", "The cosine.", resolve_double<cosine>);
  add("COSH", "COSH(numeric)", "The hyperbolic cosine.", resolve_double<cosine_h>);
  add("TAN", "TAN(numeric)", "The tangent.", resolve_double<tangent>);
  add("TANH", "TANH(numeric)", "The hyperbolic tangent.", resolve_double<tangent_h>);
  add("COT", "COT(numeric)", "The cotangent.", resolve_double<cotangent>);
  add("ASIN", "ASIN(numeric)", "The arc sine.", resolve_double<arc_sine>);
  add("ACOS", "ACOS(numeric)", "The arc cosine.", resolve_double<arc_cosine>);
  add("ATAN", "ATAN(numeric)", "The arc tangent.", resolve_double<arc_tangent>);
  add("ATAN2", "ATAN2(numeric1, numeric2)", "The angle of the point (numeric2, numeric1).",
      resolve_double2<arc_tangent2>);
  add("DEGREES", "DEGREES(numeric)", "Radians as degrees.", resolve_double<to_degrees>);
  add("RADIANS", "RADIANS(numeric)", "Degrees as radians.", resolve_double<to_radians>);
  add("ABS", "ABS(numeric)", "Without the sign.", resolve_abs);
  add("SIGN", "SIGN(numeric)", "-1, 0 or 1, in the type of the number.", resolve_sign);
  add("ROUND", "ROUND(NUMERIC, INT)", "Rounded half up to so many digits behind the point.",
      resolve_round<false>);
  add("TRUNCATE", "TRUNCATE(numeric1, integer2)", "Cut to so many digits behind the point.",
      resolve_round<true>);
  add("PI", "PI()", "The ratio of a circle's circumference to its diameter.", resolve_pi);
  add("E", "E()", "The base of the natural logarithm.", resolve_e);
  add("RAND", "RAND()", "A random number in [0, 1), from a seed if one is given.", resolve_rand);
  add("RAND_INTEGER", "RAND_INTEGER(INT)", "A random integer in [0, bound), after a seed if given.",
      resolve_rand_integer);
  add("UUID", "UUID()", "A random UUID of type 4.", resolve_uuid);
  add("BIN", "BIN(INT)", "The binary digits.", overloads(false, to_binary));
  add("HEX", "HEX(numeric or string)", "The hexadecimal digits, in capitals.",
      overloads(
        false, [](i64 x) { return fmt::format("{:X}", static_cast<std::uint64_t>(x)); },
        bytes_to_hex));
  add("UNHEX", "UNHEX(expr)", "The bytes of hexadecimal digits; NULL if they are none.",
      resolve_unhex);
}

} // namespace sluice::table
