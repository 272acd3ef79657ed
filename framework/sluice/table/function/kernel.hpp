/// Kernels and functions from C++ callables: the loop over the batch around a function of one row.
#pragma once

#include "sluice/table/function/function.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace sluice::table {

/// A result that lies inside an argument, so that it is not copied. `view` must be part of it.
struct slice {
  std::string_view view;
};

namespace detail {

template <class T>
struct stored_as {
  using type = T;
};
template <>
struct stored_as<bool> {
  using type = std::uint8_t;
};
template <>
struct stored_as<std::string_view> {
  using type = string_ref;
};
template <>
struct stored_as<std::string> {
  using type = string_ref;
};
template <>
struct stored_as<slice> {
  using type = string_ref;
};

template <class T>
inline constexpr bool is_optional_value = false;
template <class T>
inline constexpr bool is_optional_value<std::optional<T>> = true;

template <class T>
struct bare_value {
  using type = T;
};
template <class T>
struct bare_value<std::optional<T>> {
  using type = T;
};
template <class T>
using bare = typename bare_value<std::remove_cvref_t<T>>::type;

/// Reads argument values row by row, from flat and constant columns alike.
template <class T>
class argument_reader {
public:
  using stored = typename stored_as<bare<T>>::type;

  explicit argument_reader(const column& c)
    : column_(&c), values_(c.values<stored>()), mask_(c.is_constant() ? 0 : ~std::size_t{0}) {}

  T operator[](std::size_t i) const {
    if constexpr (is_optional_value<T>) {
      if (column_->is_null(i)) return std::nullopt;
      return T{convert(values_[i & mask_])};
    } else {
      return convert(values_[i & mask_]);
    }
  }

private:
  static bare<T> convert(const stored& value) {
    if constexpr (std::is_same_v<stored, string_ref>)
      return bare<T>(value.view());
    else if constexpr (std::is_same_v<bare<T>, bool>)
      return value != 0;
    else
      return value;
  }

  const column* column_;
  const stored* values_;
  std::size_t mask_;
};

template <class R>
void store_result(column& out, std::size_t i, R&& result) {
  using T = std::remove_cvref_t<R>;
  if constexpr (is_optional_value<T>) {
    if (result) {
      store_result(out, i, *std::forward<R>(result));
    } else {
      using stored = typename stored_as<bare<T>>::type;
      out.values<stored>()[i] = stored{};
      out.set_null(i);
    }
  } else if constexpr (std::is_same_v<T, slice>) {
    out.values<string_ref>()[i] = string_ref(result.view);
  } else if constexpr (std::convertible_to<R, std::string_view>) {
    out.set_text(i, result);
  } else if constexpr (std::is_same_v<T, bool>) {
    out.values<std::uint8_t>()[i] = result ? 1 : 0;
  } else {
    out.values<T>()[i] = result;
  }
}

// Doxygen takes the specialisations for a recursion.
/// @cond
template <class F, class = void>
struct callable_traits : callable_traits<decltype(&F::operator())> {};
template <class R, class... A>
struct callable_traits<R (*)(A...), void> {
  using result = R;
  using arguments = std::tuple<std::remove_cvref_t<A>...>;
};
template <class C, class R, class... A>
struct callable_traits<R (C::*)(A...) const, void> : callable_traits<R (*)(A...)> {};
template <class C, class R, class... A>
struct callable_traits<R (C::*)(A...), void> : callable_traits<R (*)(A...)> {};
/// @endcond

/// The arguments that come from columns: a leading `kernel_call&` is the call itself.
template <class Tuple>
struct value_arguments {
  using type = Tuple;
  static constexpr bool takes_call = false;
};
template <class... A>
struct value_arguments<std::tuple<kernel_call, A...>> {
  using type = std::tuple<A...>;
  static constexpr bool takes_call = true;
};

template <class F>
using values_of = value_arguments<typename callable_traits<F>::arguments>;

template <class F, class... A>
void run_rows(kernel_call& call, const F& f, std::tuple<A...>*) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    std::tuple<argument_reader<A>...> readers{argument_reader<A>(*call.args[I])...};
    if constexpr (std::is_same_v<bare<typename callable_traits<F>::result>, slice>)
      (call.out.share_heaps(*call.args[I]), ...);
    call.rows.for_each([&](std::size_t i) {
      if constexpr (values_of<F>::takes_call)
        store_result(call.out, i, f(call, std::get<I>(readers)[i]...));
      else
        store_result(call.out, i, f(std::get<I>(readers)[i]...));
    });
  }(std::index_sequence_for<A...>{});
}

template <class T>
data_type sql_type_of() {
  using B = bare<T>;
  if constexpr (std::is_same_v<B, bool>)
    return data_type::boolean();
  else if constexpr (std::is_same_v<B, std::int8_t>)
    return data_type::tinyint();
  else if constexpr (std::is_same_v<B, std::int16_t>)
    return data_type::smallint();
  else if constexpr (std::is_same_v<B, std::int32_t>)
    return data_type::integer();
  else if constexpr (std::is_integral_v<B> && sizeof(B) == 8)
    return data_type::bigint();
  else if constexpr (std::is_same_v<B, float>)
    return data_type::float_();
  else if constexpr (std::is_same_v<B, double>)
    return data_type::double_();
  else {
    static_assert(std::is_same_v<B, std::string> || std::is_same_v<B, std::string_view>
                    || std::is_same_v<B, slice>,
                  "a function's arguments and result are bool, integers, float, double and strings "
                  "(std::string_view, std::string), or std::optional of them");
    return data_type::string();
  }
}

} // namespace detail

/// The kernel that calls `f` for each row. Its parameters are bool, the signed integers, int128,
/// float, double and std::string_view, as the columns are stored; `std::optional` of one takes
/// NULL. It returns one of them, or std::string, `slice`, or an optional. A first parameter
/// `kernel_call&` is the call itself.
template <class F>
kernel make_kernel(F f) {
  return [f = std::move(f)](kernel_call& call) {
    detail::run_rows(call, f, static_cast<typename detail::values_of<F>::type*>(nullptr));
  };
}

/// One overload from a callable: its types are deduced, arguments are widened to them. Returns
/// nothing if the arguments do not fit.
template <class F>
std::optional<resolved_call> try_resolve(const F& f, std::span<const call_argument> arguments) {
  using tuple = typename detail::values_of<F>::type;
  return [&]<class... A>(std::tuple<A...>*) -> std::optional<resolved_call> {
    if (arguments.size() != sizeof...(A)) return std::nullopt;
    resolved_call call;
    call.propagates_nulls = !(detail::is_optional_value<A> || ...);
    std::size_t at = 0;
    bool fits = true;
    [[maybe_unused]] auto add = [&](const data_type& type) {
      const auto& given = arguments[at++].type;
      fits = fits && can_cast_implicitly(given, type);
      call.arguments.push_back(type.with_nullable(given.nullable()));
    };
    (add(detail::sql_type_of<A>()), ...);
    if (!fits) return std::nullopt;
    using R = typename detail::callable_traits<F>::result;
    bool nullable = detail::is_optional_value<std::remove_cvref_t<R>>
                    || (call.propagates_nulls && any_nullable(arguments));
    call.result = detail::sql_type_of<R>().with_nullable(nullable);
    call.run = make_kernel(f);
    return call;
  }(static_cast<tuple*>(nullptr));
}

/// Throws the `plan_error` of arguments that no overload takes.
[[noreturn]] void throw_no_overload(std::span<const call_argument> arguments,
                                    const std::vector<std::string>& overloads);

namespace detail {

template <class... A>
std::string types_text(std::tuple<A...>*) {
  std::string text;
  [[maybe_unused]] auto add = [&](const data_type& type) {
    if (!text.empty()) text += ", ";
    text += type.to_string();
  };
  (add(sql_type_of<A>()), ...);
  return "(" + text + ")";
}

template <class F>
std::string parameters_text() {
  return types_text(static_cast<typename values_of<F>::type*>(nullptr));
}

} // namespace detail

/// The rule of a function whose overloads are callables; the first that fits is taken. `can_fail`:
/// some of them throw for some values.
template <class... F>
auto overloads(bool can_fail, F... fs) {
  return [can_fail, fs = std::make_tuple(std::move(fs)...)](
           std::span<const call_argument> arguments) -> resolved_call {
    std::optional<resolved_call> found;
    std::apply(
      [&](const auto&... f) { ((found ? void() : void(found = try_resolve(f, arguments))), ...); },
      fs);
    if (!found) throw_no_overload(arguments, {detail::parameters_text<F>()...});
    found->can_fail = can_fail;
    return std::move(*found);
  };
}

} // namespace sluice::table
