/// Aggregate functions: how many values become one without keeping them.
#pragma once

#include "sluice/core/hash.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace sluice {

/// The accumulator of an aggregate function.
template <class A>
using accumulator_t = std::remove_cvref_t<decltype(std::declval<A&>().create_accumulator())>;

/// What an aggregate function results in.
template <class A>
using aggregate_result_t = std::remove_cvref_t<decltype(std::declval<A&>().get_result(
  std::declval<const accumulator_t<A>&>()))>;

/// A class with `Acc create_accumulator()`, `void add(Acc&, const In&)` and
/// `Out get_result(const Acc&)`. The accumulator is state: copyable and encodable.
template <class A, class In>
concept aggregate_function
  = std::copy_constructible<A> && requires(A& f, accumulator_t<A>& acc, const In& value) {
      f.add(acc, value);
      { f.get_result(std::as_const(acc)) } -> std::movable;
    } && std::copyable<accumulator_t<A>>;

/// An aggregate function with `void merge(Acc&, const Acc&)`, which adds what the second has seen
/// to the first. Windows that overlap or grow (sliding, session) need it.
template <class A>
concept mergeable_aggregate
  = requires(A& f, accumulator_t<A>& acc, const accumulator_t<A>& other) { f.merge(acc, other); };

/// Ready-made aggregate functions. A field is a member pointer, or a function of the record (then
/// name the record's type: `aggregates::sum<order>(f)`).
namespace aggregates {

namespace detail {

template <class In, class Field>
using field_t = std::remove_cvref_t<std::invoke_result_t<const Field&, const In&>>;

/// What values are summed up in, wide enough not to overflow early.
template <class V>
using sum_t = std::conditional_t<
  !std::is_arithmetic_v<V>, V,
  std::conditional_t<std::is_floating_point_v<V>, double,
                     std::conditional_t<std::is_signed_v<V>, std::int64_t, std::uint64_t>>>;

} // namespace detail

/// Number of records, as `std::int64_t`.
struct count_aggregate {
  std::int64_t create_accumulator() const noexcept { return 0; }
  template <class In>
  void add(std::int64_t& acc, const In&) const noexcept {
    ++acc;
  }
  std::int64_t get_result(const std::int64_t& acc) const noexcept { return acc; }
  void merge(std::int64_t& acc, const std::int64_t& other) const noexcept { acc += other; }
};

/// Sum of a field: integers in 64 bits, floating point in `double`, other types by their own `+`.
template <class In, class Field>
struct sum_aggregate {
  using value = detail::field_t<In, Field>;
  using accumulator = detail::sum_t<value>;
  Field field;

  accumulator create_accumulator() const { return accumulator{}; }
  void add(accumulator& acc, const In& record) const {
    acc = acc + static_cast<accumulator>(std::invoke(field, record));
  }
  accumulator get_result(const accumulator& acc) const { return acc; }
  void merge(accumulator& acc, const accumulator& other) const { acc = acc + other; }
};

/// The smallest or largest value of a field.
template <class In, class Field, bool Max>
struct extreme_aggregate {
  using value = detail::field_t<In, Field>;
  using accumulator = std::optional<value>;
  Field field;

  accumulator create_accumulator() const { return std::nullopt; }
  void add(accumulator& acc, const In& record) const { offer(acc, std::invoke(field, record)); }
  value get_result(const accumulator& acc) const { return *acc; }
  void merge(accumulator& acc, const accumulator& other) const {
    if (other) offer(acc, *other);
  }

private:
  static void offer(accumulator& acc, const value& candidate) {
    if (!acc || (Max ? *acc < candidate : candidate < *acc)) acc = candidate;
  }
};

/// What `average` keeps.
struct average_accumulator {
  double sum = 0;
  std::int64_t count = 0;
};

/// Arithmetic mean of a numeric field, as `double`.
template <class In, class Field>
struct average_aggregate {
  Field field;

  average_accumulator create_accumulator() const noexcept { return {}; }
  void add(average_accumulator& acc, const In& record) const {
    acc.sum += static_cast<double>(std::invoke(field, record));
    ++acc.count;
  }
  double get_result(const average_accumulator& acc) const noexcept {
    return acc.count == 0 ? 0.0 : acc.sum / static_cast<double>(acc.count);
  }
  void merge(average_accumulator& acc, const average_accumulator& other) const noexcept {
    acc.sum += other.sum;
    acc.count += other.count;
  }
};

inline count_aggregate count() { return {}; }

template <class In, class V>
sum_aggregate<In, V In::*> sum(V In::*field) {
  return {field};
}
template <class In, std::invocable<const In&> Field>
sum_aggregate<In, Field> sum(Field field) {
  return {std::move(field)};
}

template <class In, class V>
extreme_aggregate<In, V In::*, false> min(V In::*field) {
  return {field};
}
template <class In, std::invocable<const In&> Field>
extreme_aggregate<In, Field, false> min(Field field) {
  return {std::move(field)};
}

template <class In, class V>
extreme_aggregate<In, V In::*, true> max(V In::*field) {
  return {field};
}
template <class In, std::invocable<const In&> Field>
extreme_aggregate<In, Field, true> max(Field field) {
  return {std::move(field)};
}

template <class In, class V>
average_aggregate<In, V In::*> average(V In::*field) {
  return {field};
}
template <class In, std::invocable<const In&> Field>
average_aggregate<In, Field> average(Field field) {
  return {std::move(field)};
}

} // namespace aggregates
} // namespace sluice
