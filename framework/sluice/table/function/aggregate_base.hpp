/// Aggregate functions from an implementation of one value at a time. Not for users.
#pragma once

#include "sluice/core/codec.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/function/aggregate.hpp"
#include "sluice/table/function/kernel.hpp"

#include <map>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace sluice::table::detail {

/// How a state keeps an argument: texts are copied.
template <class T>
using kept = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;

template <class T>
void put(byte_writer& out, const T& value) {
  if constexpr (sizeof(T) == 16 && std::is_trivially_copyable_v<T>)
    out.raw(value);
  else
    encode_value(out, value);
}

template <class T>
T get(byte_reader& in) {
  if constexpr (sizeof(T) == 16 && std::is_trivially_copyable_v<T>)
    return in.raw<T>();
  else
    return decode_value<T>(in);
}

/// `Impl` has `argument` (the C++ type of its argument), `state`, and const members
/// `add(state&, argument)`, `remove(state&, argument)` (if retractable), `merge(state&, const
/// state&)`, `emit(column&, const state&)` (appends), `encode` and `decode`. NULL arguments are
/// passed over.
template <class Impl>
class aggregate_of final : public aggregate_function {
public:
  using state = typename Impl::state;
  using argument = typename Impl::argument;

  aggregate_of(Impl impl, data_type result, std::vector<data_type> arguments, bool retractable)
    : aggregate_function(std::move(result), std::move(arguments), sizeof(state), retractable,
                         std::is_trivially_copyable_v<state>),
      impl_(std::move(impl)) {
    static_assert(alignof(state) <= 16);
  }

  void create(std::byte* s) const override { ::new (s) state(); }
  void destroy(std::byte* s) const noexcept override { std::destroy_at(at(s)); }

  void update(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
              const selection& rows) const override {
    each(args, rows,
         [&](std::size_t k, argument value) { impl_.add(*at(states[k] + offset), value); });
  }

  void update_one(std::byte* s, std::span<const column* const> args,
                  const selection& rows) const override {
    auto& only = *at(s);
    if constexpr (std::is_trivially_copyable_v<state>) {
      auto local = only; // in registers
      each(args, rows, [&](std::size_t, argument value) { impl_.add(local, value); });
      only = local;
    } else {
      each(args, rows, [&](std::size_t, argument value) { impl_.add(only, value); });
    }
  }

  void retract(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
               const selection& rows) const override {
    if constexpr (requires(state& s, argument v) { impl_.remove(s, v); }) {
      each(args, rows,
           [&](std::size_t k, argument value) { impl_.remove(*at(states[k] + offset), value); });
    } else {
      throw error("this aggregate function cannot take rows back");
    }
  }

  void merge(std::byte* const* into, const std::byte* const* from, std::size_t offset,
             std::size_t count) const override {
    for (std::size_t k = 0; k < count; ++k)
      impl_.merge(*at(into[k] + offset), *at(from[k] + offset));
  }

  void emit(const std::byte* const* states, std::size_t offset, std::size_t count,
            column& out) const override {
    out.reserve(out.size() + count);
    for (std::size_t k = 0; k < count; ++k) impl_.emit(out, *at(states[k] + offset));
  }

  void encode(const std::byte* s, byte_writer& out) const override { impl_.encode(out, *at(s)); }

  void decode(byte_reader& in, std::byte* s) const override {
    auto fresh = impl_.decode(in);
    ::new (s) state(std::move(fresh));
  }

private:
  static state* at(std::byte* s) { return std::launder(reinterpret_cast<state*>(s)); }
  static const state* at(const std::byte* s) {
    return std::launder(reinterpret_cast<const state*>(s));
  }

  /// Calls `f(k, value)` for row k of `rows` unless it is NULL.
  template <class F>
  static void each(std::span<const column* const> args, const selection& rows, F f) {
    if (args.empty()) {
      for (std::size_t k = 0; k < rows.size(); ++k) f(k, argument{});
      return;
    }
    const auto& c = *args[0];
    if (c.encoding() == column_encoding::dictionary) {
      using stored = typename stored_as<argument>::type;
      for (std::size_t k = 0; k < rows.size(); ++k) {
        if (c.is_null(rows[k])) continue;
        if constexpr (std::is_same_v<stored, string_ref>)
          f(k, c.template value<stored>(rows[k]).view());
        else
          f(k, static_cast<argument>(c.template value<stored>(rows[k])));
      }
      return;
    }
    argument_reader<argument> values(c);
    if (!c.may_have_nulls()) {
      if (rows.dense()) {
        for (std::size_t k = 0; k < rows.size(); ++k) f(k, values[k]);
      } else {
        for (std::size_t k = 0; k < rows.size(); ++k) f(k, values[rows[k]]);
      }
      return;
    }
    for (std::size_t k = 0; k < rows.size(); ++k)
      if (!c.is_null(rows[k])) f(k, values[rows[k]]);
  }

  Impl impl_;
};

template <class Impl>
std::shared_ptr<const aggregate_function> make_aggregate(Impl impl, data_type result,
                                                         std::vector<data_type> arguments,
                                                         bool retractable = true) {
  return std::make_shared<aggregate_of<Impl>>(std::move(impl), std::move(result),
                                              std::move(arguments), retractable);
}

template <class T>
void append_value(column& out, const T& value) {
  if constexpr (std::is_same_v<T, std::string>)
    out.append_text(value);
  else if constexpr (std::is_same_v<T, bool>)
    out.append(static_cast<std::uint8_t>(value ? 1 : 0));
  else
    out.append(value);
}

} // namespace sluice::table::detail
