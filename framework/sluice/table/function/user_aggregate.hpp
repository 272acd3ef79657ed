/// Aggregate functions of users.
#pragma once

#include "sluice/core/codec.hpp"
#include "sluice/table/function/aggregate.hpp"
#include "sluice/table/function/kernel.hpp"

#include <array>
#include <new>
#include <tuple>
#include <utility>

namespace sluice::table {

/// A class whose objects are an aggregate function: `accumulate(accumulator&, arguments...) const`
/// adds a row, `merge(accumulator&, const accumulator&) const` what another subtask has added, and
/// `get_value(const accumulator&) const` tells the result. The accumulator is default-constructible
/// and encodable. `retract(accumulator&, arguments...) const` is needed where rows are taken back:
/// in streaming queries over results that change.
template <class F>
concept aggregate_object
  = std::copy_constructible<F>
    && requires(const F& f, typename F::accumulator& a, const typename F::accumulator& b) {
         f.merge(a, b);
         f.get_value(b);
       } && encodable<typename F::accumulator> && std::default_initializable<typename F::accumulator>;

namespace detail {

template <class T>
struct accumulate_traits;
template <class F, class R, class... A>
struct accumulate_traits<R (F::*)(typename F::accumulator&, A...) const> {
  using arguments = std::tuple<std::remove_cvref_t<A>...>;
};

template <class F, class... A>
class user_aggregate final : public aggregate_function {
public:
  using state = typename F::accumulator;
  using result_value = std::remove_cvref_t<decltype(std::declval<const F&>().get_value(
    std::declval<const state&>()))>;
  static constexpr bool can_retract
    = requires(const F& f, state& s, A... a) { f.retract(s, a...); };
  /// NULL arguments are passed over unless some parameter takes them.
  static constexpr bool skips_nulls = !(is_optional_value<A> || ...);

  explicit user_aggregate(F f, std::vector<data_type> arguments)
    : aggregate_function(sql_type_of<result_value>(), std::move(arguments), sizeof(state),
                         can_retract, false),
      f_(std::move(f)) {
    static_assert(alignof(state) <= 16);
  }

  void create(std::byte* s) const override { ::new (s) state(); }
  void destroy(std::byte* s) const noexcept override { std::destroy_at(at(s)); }

  void update(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
              const selection& rows) const override {
    each(args, rows,
         [&](std::size_t k, const A&... a) { f_.accumulate(*at(states[k] + offset), a...); });
  }
  void update_one(std::byte* s, std::span<const column* const> args,
                  const selection& rows) const override {
    each(args, rows, [&](std::size_t, const A&... a) { f_.accumulate(*at(s), a...); });
  }
  void retract(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
               const selection& rows) const override {
    if constexpr (can_retract)
      each(args, rows,
           [&](std::size_t k, const A&... a) { f_.retract(*at(states[k] + offset), a...); });
  }
  void merge(std::byte* const* into, const std::byte* const* from, std::size_t offset,
             std::size_t count) const override {
    for (std::size_t k = 0; k < count; ++k) f_.merge(*at(into[k] + offset), *at(from[k] + offset));
  }
  void emit(const std::byte* const* states, std::size_t offset, std::size_t count,
            column& out) const override {
    for (std::size_t k = 0; k < count; ++k) append(out, f_.get_value(*at(states[k] + offset)));
  }

  void encode(const std::byte* s, byte_writer& out) const override { encode_value(out, *at(s)); }
  void decode(byte_reader& in, std::byte* s) const override {
    auto fresh = decode_value<state>(in);
    ::new (s) state(std::move(fresh));
  }

private:
  static state* at(std::byte* s) { return std::launder(reinterpret_cast<state*>(s)); }
  static const state* at(const std::byte* s) {
    return std::launder(reinterpret_cast<const state*>(s));
  }

  template <class R>
  static void append(column& out, const R& value) {
    if constexpr (is_optional_value<R>) {
      if (value)
        append(out, *value);
      else
        out.append_null();
    } else if constexpr (std::convertible_to<const R&, std::string_view>) {
      out.append_text(value);
    } else {
      out.append(static_cast<typename stored_as<R>::type>(value));
    }
  }

  /// Calls `g(k, arguments...)` for row k of `rows`.
  template <class G>
  static void each(std::span<const column* const> args, const selection& rows, G g) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      // Dictionaries are rare here: their rows are put one behind the other.
      const bool gathered = ((args[I]->encoding() == column_encoding::dictionary) || ...);
      std::array<std::shared_ptr<column>, sizeof...(A)> own;
      if (gathered) {
        std::vector<std::uint32_t> numbers(rows.size());
        for (std::size_t k = 0; k < rows.size(); ++k) numbers[k] = rows[k];
        ((own[I] = gather(*args[I], numbers.data(), numbers.size())), ...);
      }
      const std::array<const column*, sizeof...(A)> from{(gathered ? own[I].get() : args[I])...};
      const std::tuple<argument_reader<A>...> values{argument_reader<A>(*from[I])...};
      for (std::size_t k = 0; k < rows.size(); ++k) {
        const std::size_t i = gathered ? k : rows[k];
        if (skips_nulls && (from[I]->is_null(i) || ...)) continue;
        g(k, std::get<I>(values)[i]...);
      }
    }(std::index_sequence_for<A...>{});
  }

  F f_;
};

/// Errors: `plan_error` when the arguments do not fit.
template <class F, class... A>
std::shared_ptr<const aggregate_function>
resolve_user_aggregate(const F& f, std::span<const call_argument> arguments, bool retractable,
                       const std::string& signature, std::tuple<A...>*) {
  std::vector<data_type> types;
  auto fits = arguments.size() == sizeof...(A);
  [[maybe_unused]] auto take = [&](const data_type& type) {
    if (!fits) return;
    const auto& given = arguments[types.size()].type;
    fits = can_cast_implicitly(given, type);
    types.push_back(type.with_nullable(given.nullable()));
  };
  (take(sql_type_of<A>()), ...);
  if (!fits) throw_no_overload(arguments, {signature});
  if (retractable && !user_aggregate<F, A...>::can_retract)
    throw plan_error(signature
                     + " cannot take rows back, which this query needs: give it a "
                       "retract(accumulator&, arguments...)");
  return std::make_shared<user_aggregate<F, A...>>(f, std::move(types));
}

} // namespace detail
} // namespace sluice::table
