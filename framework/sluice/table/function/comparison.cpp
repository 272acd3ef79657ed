#include "sluice/table/column/key.hpp"
#include "sluice/table/function/binary_loop.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"

#include <fmt/format.h>

namespace sluice::table {

namespace {

enum class relation { equal, not_equal, less, less_equal, greater, greater_equal };

template <relation R, class T>
bool holds(const T& a, const T& b) {
  if constexpr (R == relation::equal) return a == b;
  if constexpr (R == relation::not_equal) return !(a == b);
  if constexpr (R == relation::less) return a < b;
  if constexpr (R == relation::less_equal) return a <= b;
  if constexpr (R == relation::greater) return a > b;
  if constexpr (R == relation::greater_equal) return a >= b;
}

template <relation R>
kernel comparison_kernel(const data_type& type) {
  return visit_physical(type.physical(), [](auto* t) -> kernel {
    using T = std::remove_pointer_t<decltype(t)>;
    if constexpr (std::is_same_v<T, string_ref>) {
      return [](kernel_call& call) {
        detail::binary_loop<T, T, std::uint8_t>(call, [](const string_ref& a, const string_ref& b) {
          if constexpr (R == relation::equal || R == relation::not_equal)
            return static_cast<std::uint8_t>((a == b) == (R == relation::equal));
          else
            return static_cast<std::uint8_t>(holds<R>(compare(a, b), 0));
        });
      };
    } else if constexpr (std::is_same_v<T, list_entry>) {
      return {};
    } else {
      return [](kernel_call& call) {
        detail::binary_loop<T, T, std::uint8_t>(
          call, [](T a, T b) { return static_cast<std::uint8_t>(holds<R>(a, b)); });
      };
    }
  });
}

template <relation R>
kernel nested_kernel() {
  return [](kernel_call& call) {
    auto* out = call.out.values<std::uint8_t>();
    const auto& a = *call.args[0];
    const auto& b = *call.args[1];
    call.rows.for_each([&](std::size_t i) {
      if constexpr (R == relation::equal || R == relation::not_equal)
        out[i] = rows_equal(a, i, b, i) == (R == relation::equal) ? 1 : 0;
      else
        out[i] = holds<R>(compare_rows(a, i, b, i), 0) ? 1 : 0;
    });
  };
}

template <relation R>
resolved_call resolve_decimals(const data_type& a, const data_type& b) {
  resolved_call call;
  auto x = decimal_of(a);
  auto y = decimal_of(b);
  call.arguments = {x, y};
  if (x.scale() == y.scale()) {
    call.run = comparison_kernel<R>(x);
    call.dense = true;
    return call;
  }
  // Not cast to one scale first, because that could overflow.
  auto a_scale = x.scale();
  auto b_scale = y.scale();
  call.run = [a_scale, b_scale](kernel_call& c) {
    detail::binary_loop<int128, int128, std::uint8_t>(c, [=](int128 p, int128 q) {
      return static_cast<std::uint8_t>(holds<R>(decimal::compare(p, a_scale, q, b_scale), 0));
    });
  };
  return call;
}

template <relation R>
resolved_call resolve_comparison(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  const auto& a = args[0].type;
  const auto& b = args[1].type;
  auto nullable = a.nullable() || b.nullable();
  bool decimals
    = a.is_exact() && b.is_exact() && (a.is(type_root::decimal) || b.is(type_root::decimal));
  resolved_call call;
  if (decimals) {
    call = resolve_decimals<R>(a, b);
  } else {
    auto type = comparison_type(a, b);
    if (!type || type->is(type_root::map))
      throw plan_error(fmt::format("{} and {} cannot be compared", a.as_nullable().to_string(),
                                   b.as_nullable().to_string()));
    // Lengths do not matter here, so a text is never cut or filled up.
    auto target = type->is_character() ? data_type::string()
                  : type->is_binary()  ? data_type::bytes()
                                       : *type;
    call.arguments = {target.with_nullable(a.nullable()), target.with_nullable(b.nullable())};
    call.dense = !target.is_nested() && target.physical() != physical_type::string;
    call.run = target.is_nested() ? nested_kernel<R>() : comparison_kernel<R>(target);
  }
  call.result = data_type::boolean().with_nullable(nullable);
  return call;
}

/// IS [NOT] DISTINCT FROM: NULL is a value like others.
template <bool Distinct>
resolved_call resolve_distinct(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  auto type = comparison_type(args[0].type, args[1].type);
  if (!type)
    throw plan_error(fmt::format("{} and {} cannot be compared",
                                 args[0].type.as_nullable().to_string(),
                                 args[1].type.as_nullable().to_string()));
  resolved_call call;
  auto target = type->is_character() ? data_type::string() : type->as_nullable();
  call.arguments = {target.with_nullable(args[0].type.nullable()),
                    target.with_nullable(args[1].type.nullable())};
  call.result = data_type::boolean().not_null();
  call.propagates_nulls = false;
  call.run = [](kernel_call& c) {
    auto* out = c.out.values<std::uint8_t>();
    c.rows.for_each([&](std::size_t i) {
      out[i] = rows_equal(*c.args[0], i, *c.args[1], i) != Distinct ? 1 : 0;
    });
  };
  return call;
}

resolved_call resolve_not(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  if (!args[0].type.is(type_root::boolean) && !args[0].type.is(type_root::null))
    throw plan_error("it takes a BOOLEAN, but got " + args[0].type.as_nullable().to_string());
  resolved_call call;
  call.arguments = {data_type::boolean().with_nullable(args[0].type.nullable())};
  call.result = call.arguments[0];
  call.dense = true;
  call.run = [](kernel_call& c) {
    detail::unary_loop<std::uint8_t, std::uint8_t>(
      c, [](std::uint8_t a) { return static_cast<std::uint8_t>(a ^ 1u); });
  };
  return call;
}

template <bool Null>
resolved_call resolve_is_null(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  resolved_call call;
  call.arguments = {args[0].type};
  call.result = data_type::boolean().not_null();
  call.propagates_nulls = false;
  call.run = [](kernel_call& c) {
    auto* out = c.out.values<std::uint8_t>();
    const auto& in = *c.args[0];
    c.rows.for_each([&](std::size_t i) { out[i] = in.is_null(i) == Null ? 1 : 0; });
  };
  return call;
}

/// IS [NOT] TRUE and IS [NOT] FALSE.
template <bool Value, bool Negated>
resolved_call resolve_is(std::span<const call_argument> args) {
  auto call = resolve_not(args);
  call.result = data_type::boolean().not_null();
  call.propagates_nulls = false;
  call.dense = false;
  call.run = [](kernel_call& c) {
    auto* out = c.out.values<std::uint8_t>();
    const auto& in = *c.args[0];
    c.rows.for_each([&](std::size_t i) {
      bool is = !in.is_null(i) && (in.value<std::uint8_t>(i) != 0) == Value;
      out[i] = is != Negated ? 1 : 0;
    });
  };
  return call;
}

resolved_call resolve_unknown(std::span<const call_argument> args) {
  resolve_not(args);
  return resolve_is_null<true>(args);
}
resolved_call resolve_not_unknown(std::span<const call_argument> args) {
  resolve_not(args);
  return resolve_is_null<false>(args);
}

/// GREATEST and LEAST: NULL if some argument is.
template <bool Greatest>
resolved_call resolve_extreme(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 100'000);
  std::vector<data_type> types;
  for (const auto& a : args) types.push_back(a.type);
  auto type = common_type(types);
  if (!type || type->is(type_root::map)) throw plan_error("its arguments have no common type");
  resolved_call call;
  call.result = *type;
  for (const auto& t : types) call.arguments.push_back(type->with_nullable(t.nullable()));
  call.run = [](kernel_call& c) {
    // Argument by argument: rows that it wins are copied over.
    c.out.copy_rows(*c.args[0], c.rows);
    std::vector<std::uint32_t> winners;
    for (std::size_t k = 1; k < c.args.size(); ++k) {
      winners.clear();
      c.rows.for_each([&](std::size_t i) {
        auto order = compare_rows(*c.args[k], i, c.out, i);
        if (Greatest ? order > 0 : order < 0) winners.push_back(static_cast<std::uint32_t>(i));
      });
      c.out.copy_rows(*c.args[k], selection(winners));
    }
  };
  return call;
}

} // namespace

void add_comparison_functions(function_registry& r) {
  r.add({"=",
         {},
         "value1 = value2",
         "Whether the values are equal.",
         resolve_comparison<relation::equal>});
  r.add({"<>",
         {"!="},
         "value1 <> value2",
         "Whether the values differ.",
         resolve_comparison<relation::not_equal>});
  r.add(
    {"<", {}, "value1 < value2", "Whether the first is less.", resolve_comparison<relation::less>});
  r.add({"<=",
         {},
         "value1 <= value2",
         "Whether the first is less or equal.",
         resolve_comparison<relation::less_equal>});
  r.add({">",
         {},
         "value1 > value2",
         "Whether the first is greater.",
         resolve_comparison<relation::greater>});
  r.add({">=",
         {},
         "value1 >= value2",
         "Whether the first is greater or equal.",
         resolve_comparison<relation::greater_equal>});
  r.add({"IS DISTINCT FROM",
         {},
         "value1 IS DISTINCT FROM value2",
         "Whether the values differ, NULL being a value.",
         resolve_distinct<true>});
  r.add({"IS NOT DISTINCT FROM",
         {},
         "value1 IS NOT DISTINCT FROM value2",
         "Whether the values are the same, NULL being a value.",
         resolve_distinct<false>});
  r.add({"NOT", {}, "NOT boolean", "The opposite; NULL of NULL.", resolve_not});
  r.add({"IS NULL", {}, "value IS NULL", "Whether it is NULL.", resolve_is_null<true>});
  r.add(
    {"IS NOT NULL", {}, "value IS NOT NULL", "Whether it is not NULL.", resolve_is_null<false>});
  r.add({"IS TRUE",
         {},
         "boolean IS TRUE",
         "Whether it is TRUE; FALSE for NULL.",
         resolve_is<true, false>});
  r.add({"IS NOT TRUE",
         {},
         "boolean IS NOT TRUE",
         "Whether it is FALSE or NULL.",
         resolve_is<true, true>});
  r.add({"IS FALSE",
         {},
         "boolean IS FALSE",
         "Whether it is FALSE; FALSE for NULL.",
         resolve_is<false, false>});
  r.add({"IS NOT FALSE",
         {},
         "boolean IS NOT FALSE",
         "Whether it is TRUE or NULL.",
         resolve_is<false, true>});
  r.add({"IS UNKNOWN", {}, "boolean IS UNKNOWN", "Whether it is NULL.", resolve_unknown});
  r.add({"IS NOT UNKNOWN",
         {},
         "boolean IS NOT UNKNOWN",
         "Whether it is not NULL.",
         resolve_not_unknown});
  r.add({"GREATEST",
         {},
         "GREATEST(value1[, value2]*)",
         "The greatest; NULL if one is NULL.",
         resolve_extreme<true>});
  r.add({"LEAST",
         {},
         "LEAST(value1[, value2]*)",
         "The least; NULL if one is NULL.",
         resolve_extreme<false>});
}

} // namespace sluice::table
