/// The shapes that user functions must have, with names that compilers print in errors.
#pragma once

#include "sluice/ops/process.hpp"
#include "sluice/ops/window.hpp"

#include <concepts>
#include <functional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

namespace sluice {

namespace detail {

template <class... Ts>
struct last_of;
template <class T>
struct last_of<T> {
  using type = T;
};
template <class T, class... Ts>
struct last_of<T, Ts...> : last_of<Ts...> {};

template <class T>
struct collector_of;
template <class U>
struct collector_of<collector<U>&> {
  using type = U;
};

/// `type` is U if the last of `As` is `collector<U>&`; else there is none.
template <class... As>
struct collected_by {};
template <class... As>
  requires requires { typename collector_of<typename last_of<As...>::type>::type; }
struct collected_by<As...> : collector_of<typename last_of<As...>::type> {};

template <class M>
struct output_of_member;
template <class C, class R, class... As>
struct output_of_member<R (C::*)(As...)> : collected_by<As...> {};
template <class C, class R, class... As>
struct output_of_member<R (C::*)(As...) const> : collected_by<As...> {};
template <class C, class R, class... As>
struct output_of_member<R (C::*)(As...) noexcept> : collected_by<As...> {};
template <class C, class R, class... As>
struct output_of_member<R (C::*)(As...) const noexcept> : collected_by<As...> {};
template <class R, class... As>
struct output_of_member<R (*)(As...)> : collected_by<As...> {};

/// What a function emits, read off its signature: `process_element(..., collector<U>&)`,
/// `process_element1`, or a lambda with a parameter `collector<U>&`.
template <class F>
auto output_of() {
  if constexpr (requires { typename F::output_type; })
    return std::type_identity<typename F::output_type>{};
  else if constexpr (requires { typename output_of_member<decltype(&F::process_element)>::type; })
    return std::type_identity<typename output_of_member<decltype(&F::process_element)>::type>{};
  else if constexpr (requires { typename output_of_member<decltype(&F::process_element1)>::type; })
    return std::type_identity<typename output_of_member<decltype(&F::process_element1)>::type>{};
  else if constexpr (requires { typename output_of_member<decltype(&F::process)>::type; })
    return std::type_identity<typename output_of_member<decltype(&F::process)>::type>{};
  else if constexpr (requires { typename output_of_member<decltype(&F::operator())>::type; })
    return std::type_identity<typename output_of_member<decltype(&F::operator())>::type>{};
  else if constexpr (requires { typename output_of_member<F>::type; })
    return std::type_identity<typename output_of_member<F>::type>{};
  else
    return std::type_identity<void>{};
}

template <class F>
using output_of_t = typename decltype(output_of<std::decay_t<F>>())::type;

/// `Out` if given, else what the function's signature says.
template <class Out, class F>
using output_or =
  typename std::conditional_t<std::is_void_v<Out>, decltype(output_of<std::decay_t<F>>()),
                              std::type_identity<Out>>::type;

/// Fields by their position; none for what has none.
template <class T>
consteval std::size_t num_fields() {
  using value = std::remove_cvref_t<T>;
  if constexpr (tuple_like<value>)
    return std::tuple_size_v<value>;
  else if constexpr (std::is_aggregate_v<value>)
    return boost::pfr::tuple_size_v<value>;
  else
    return 0;
}

/// Reads (and, on a mutable record, changes) field `I` of a tuple or plain struct.
template <std::size_t I>
struct nth_field {
  template <class T>
    requires(I < num_fields<T>())
  decltype(auto) operator()(T& record) const {
    if constexpr (tuple_like<std::remove_const_t<T>>)
      return std::get<I>(record);
    else
      return boost::pfr::get<I>(record);
  }
};

/// What a range holds as a record: a map's pairs without the const of their keys.
template <class T>
struct unconst_key {
  using type = T;
};
template <class K, class V>
struct unconst_key<std::pair<const K, V>> {
  using type = std::pair<K, V>;
};
template <class R>
using range_record = typename unconst_key<
  std::remove_cvref_t<decltype(*std::declval<std::remove_reference_t<R>&>().begin())>>::type;

/// A function's result whose elements are its own, and not those of a range elsewhere.
template <class R>
concept owning_range = !std::is_lvalue_reference_v<R> && !std::ranges::borrowed_range<R>
                       && !std::ranges::view<std::remove_cvref_t<R>>;

} // namespace detail

/// A value that can be a record of a stream.
template <class T>
concept record_type = std::movable<T> && std::same_as<T, std::remove_cvref_t<T>>;

/// `map`: takes a record, returns one.
template <class F, class In>
concept map_function = std::copy_constructible<F> && std::invocable<F&, const In&>
                       && record_type<std::remove_cvref_t<std::invoke_result_t<F&, const In&>>>;

/// `from_generator`: takes a number, returns its record; with `T` given, may fill one in instead.
template <class F, class T>
concept generator_function
  = std::copy_constructible<F>
    && ((std::is_void_v<T> && map_function<F, std::uint64_t>)
        || (!std::is_void_v<T>
            && (std::convertible_to<std::invoke_result_t<F&, std::uint64_t>, T>
                || std::invocable<F&, std::uint64_t, std::add_lvalue_reference_t<T>>)));

/// `filter`: takes a record, returns whether to keep it.
template <class F, class In>
concept filter_function = std::copy_constructible<F> && std::predicate<F&, const In&>;

/// `flat_map`: takes a record, returns a range of records.
template <class F, class In>
concept range_function = std::copy_constructible<F> && std::invocable<F&, const In&>
                         && requires(std::invoke_result_t<F&, const In&> r) {
                              r.begin();
                              r.end();
                            };

/// `flat_map`: takes a record and a `collector<Out>&`.
template <class F, class In, class Out>
concept collecting_function = std::copy_constructible<F> && !std::is_void_v<Out>
                              && std::invocable<F&, const In&, collector<Out>&>;

/// `key_by`: takes a record, returns its key (or is a pointer to the member that is the key).
template <class F, class In>
concept key_selector = std::copy_constructible<F> && std::invocable<F&, const In&>
                       && key_type<std::remove_cvref_t<std::invoke_result_t<F&, const In&>>>;

/// `reduce`: takes two records, returns one of the same type.
template <class F, class In>
concept reduce_function
  = std::copy_constructible<F> && std::invocable<F&, const In&, const In&>
    && std::convertible_to<std::invoke_result_t<F&, const In&, const In&>, In>;

/// `sum`, `min`, ...: a pointer to the member, or a function that returns a reference to it, of a
/// record that may change and of one that may not: `[](auto& r) -> auto& { return r.price; }`.
template <class F, class In>
concept field_selector
  = std::copy_constructible<F> && std::invocable<F&, In&> && std::invocable<F&, const In&>
    && std::is_lvalue_reference_v<std::invoke_result_t<F&, In&>>;

/// `process`: an object with `process_element(const In&, process_context&, collector<Out>&)`, or a
/// function of that shape.
template <class F, class In, class Out>
concept process_function
  = std::copy_constructible<F> && !std::is_void_v<Out>
    && (requires(F& f, const In& r, process_context& c, collector<Out>& out) {
         f.process_element(r, c, out);
       } || std::invocable<F&, const In&, process_context&, collector<Out>&>);

/// The same on a keyed stream, with `keyed_process_context<K>&`.
template <class F, class K, class In, class Out>
concept keyed_process_function
  = std::copy_constructible<F> && !std::is_void_v<Out>
    && (requires(F& f, const In& r, keyed_process_context<K>& c, collector<Out>& out) {
         f.process_element(r, c, out);
       } || std::invocable<F&, const In&, keyed_process_context<K>&, collector<Out>&>);

/// `connect(...).process`: `process_element1` and `process_element2`.
template <class F, class In1, class In2, class Context, class Out>
concept co_process_function
  = std::copy_constructible<F> && !std::is_void_v<Out>
    && requires(F& f, const In1& a, const In2& b, Context& c, collector<Out>& out) {
         f.process_element1(a, c, out);
         f.process_element2(b, c, out);
       };

/// `add_sink`: takes a record, or is an object with `invoke(const In&)`.
template <class F, class In>
concept sink_function
  = std::copy_constructible<F>
    && (requires(F& f, const In& r) { f.invoke(r); } || std::invocable<F&, const In&>);

/// `partition_custom`: takes a key and the number of partitions, returns the partition.
template <class F, class K>
concept partition_function
  = std::copy_constructible<F> && requires(F& f, const K& key, std::uint32_t n) {
      { f(key, n) } -> std::convertible_to<std::uint32_t>;
    };

/// The same with the key's selector.
template <class P, class KeyF, class In>
concept custom_partitioning
  = key_selector<KeyF, In>
    && partition_function<P, std::remove_cvref_t<std::invoke_result_t<KeyF&, const In&>>>;

/// `connect(...).map`: two functions, each of its stream's record, with results of a common type.
template <class F1, class F2, class In1, class In2>
concept co_map_functions = map_function<F1, In1> && map_function<F2, In2> && requires {
  typename std::common_type_t<std::remove_cvref_t<std::invoke_result_t<F1&, const In1&>>,
                              std::remove_cvref_t<std::invoke_result_t<F2&, const In2&>>>;
};

/// `connect(...).flat_map`: the same with a `collector<Out>&`.
template <class F1, class F2, class In1, class In2, class Out>
concept co_flat_map_functions
  = collecting_function<F1, In1, Out> && collecting_function<F2, In2, Out>;

/// Two key selectors with keys of one type.
template <class KeyF1, class In1, class KeyF2, class In2>
concept same_key = std::same_as<std::remove_cvref_t<std::invoke_result_t<KeyF1&, const In1&>>,
                                std::remove_cvref_t<std::invoke_result_t<KeyF2&, const In2&>>>;

/// `reduce` of windows: a function of two records that makes one of them.
template <class F, class In>
concept window_reduce_function = reduce_function<F, In>;

/// The `process` of windows: see `ops::process_window_function`.
template <class F, class K, class View, class Out>
concept window_function = !std::is_void_v<Out> && ops::process_window_function<F, K, View, Out>;

/// The same behind a reduce function.
template <class F, class P, class K, class In, class Out>
concept window_reduce_functions = window_reduce_function<F, In> && window_function<P, K, In, Out>;

/// The same behind an aggregate function.
template <class F, class P, class K, class In, class Out>
concept window_aggregate_functions
  = aggregate_function<F, In> && window_function<P, K, aggregate_result_t<F>, Out>;

} // namespace sluice
