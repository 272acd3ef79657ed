/// Two streams that one operator reads.
#pragma once

#include "sluice/api/keyed_stream.hpp"

namespace sluice {

namespace detail {

/// Adds an operator with two inputs.
template <class Out, class A, class B>
data_stream<Out> add_two_input(const data_stream<A>& a, const data_stream<B>& b, std::string name,
                               operator_factory make) {
  if (a.program() != b.program())
    throw plan_error("streams of different environments cannot be connected");
  stream_node n;
  n.name = std::move(name);
  n.make = std::move(make);
  n.output = &element_type_of<Out>();
  return data_stream<Out>(a.program(),
                          {{a.program()->add(std::move(n), {a.origins(), b.origins()})}});
}

} // namespace detail

/// Two streams whose records one operator sees, each by its own function.
template <class A, class B>
class connected_streams {
public:
  connected_streams(data_stream<A> a, data_stream<B> b) : a_(std::move(a)), b_(std::move(b)) {}

  /// `f1(const A&) -> U` and `f2(const B&) -> U`.
  template <class F1, class F2>
    requires co_map_functions<F1, F2, A, B>
  auto map(F1 f1, F2 f2) const {
    using out = std::common_type_t<std::remove_cvref_t<std::invoke_result_t<F1&, const A&>>,
                                   std::remove_cvref_t<std::invoke_result_t<F2&, const B&>>>;
    auto g1 = [f1](const A& x, collector<out>& to) mutable { to.collect(out(std::invoke(f1, x))); };
    auto g2 = [f2](const B& x, collector<out>& to) mutable { to.collect(out(std::invoke(f2, x))); };
    return add_flat_map<out>("co_map", g1, g2);
  }
  template <class F1, class F2>
  auto map(F1, F2) const {
    static_assert(co_map_functions<F1, F2, A, B>,
                  "connect(b).map(f1, f2): f1 must take a record of the first stream, f2 one of "
                  "the second, and both must return values of one type (or a common type)");
    return detail::refused_stream{};
  }

  /// `f1(const A&, collector<Out>&)` and `f2(const B&, collector<Out>&)`.
  template <class Out = void, class F1, class F2>
    requires co_flat_map_functions<F1, F2, A, B, detail::output_or<Out, F1>>
  auto flat_map(F1 f1, F2 f2) const {
    return add_flat_map<detail::output_or<Out, F1>>("co_flat_map", std::move(f1), std::move(f2));
  }
  template <class Out = void, class F1, class F2>
    requires(!co_flat_map_functions<F1, F2, A, B, detail::output_or<Out, F1>>)
  auto flat_map(F1, F2) const {
    static_assert(co_flat_map_functions<F1, F2, A, B, detail::output_or<Out, F1>>,
                  "connect(b).flat_map(f1, f2): f1 must take a record of the first stream, f2 one "
                  "of the second, and both a collector<Out>& of one type (of `auto` ones, say what "
                  "is collected: flat_map<Out>(f1, f2))");
    return detail::refused_stream{};
  }

  /// An object with `process_element1` and `process_element2`; see `co_process_function`.
  template <class Out = void, class F>
    requires co_process_function<F, A, B, process_context, detail::output_or<Out, F>>
  auto process(F f) const {
    using out = detail::output_or<Out, F>;
    auto result = detail::add_two_input<out>(a_, b_, "co_process", nullptr);
    result.operator_node().make_with_sides = [f](std::vector<side_output> sides) {
      return std::make_unique<ops::co_process_operator<A, B, out, F>>(f, std::move(sides));
    };
    return result;
  }
  template <class Out = void, class F>
    requires(!co_process_function<F, A, B, process_context, detail::output_or<Out, F>>)
  auto process(F) const {
    static_assert(co_process_function<F, A, B, process_context, detail::output_or<Out, F>>,
                  "connect(b).process(f): f must have process_element1(const A&, process_context&, "
                  "collector<Out>&) and process_element2(const B&, process_context&, "
                  "collector<Out>&)");
    return detail::refused_stream{};
  }

  /// Partitions both streams by keys of one type.
  template <key_selector<A> KeyA, key_selector<B> KeyB>
  auto key_by(KeyA key_a, KeyB key_b) const {
    return a_.key_by(std::move(key_a)).connect(b_.key_by(std::move(key_b)));
  }
  template <class KeyA, class KeyB>
  auto key_by(KeyA, KeyB) const {
    static_assert(key_selector<KeyA, A> && key_selector<KeyB, B>,
                  "connect(b).key_by(key_a, key_b): each must take a record of its stream and "
                  "return its key, or be a pointer to the member that is the key");
    return detail::refused_stream{};
  }

private:
  template <class Out, class F1, class F2>
  data_stream<Out> add_flat_map(std::string name, F1 f1, F2 f2) const {
    return detail::add_two_input<Out>(a_, b_, std::move(name), [f1, f2] {
      return std::make_unique<ops::co_flat_map_operator<A, B, Out, F1, F2>>(f1, f2);
    });
  }

  data_stream<A> a_;
  data_stream<B> b_;
};

/// Two keyed streams whose records with equal keys share state.
template <class A, class B, class KeyA, class KeyB>
class connected_keyed_streams {
public:
  using key = typename keyed_stream<A, KeyA>::key;

  connected_keyed_streams(keyed_stream<A, KeyA> a, keyed_stream<B, KeyB> b)
    : a_(std::move(a)), b_(std::move(b)) {}

  /// As `connected_streams::process`, with `keyed_process_context`, state and timers.
  template <class Out = void, class F>
    requires co_process_function<F, A, B, keyed_process_context<key>, detail::output_or<Out, F>>
  auto process(F f) const {
    using out = detail::output_or<Out, F>;
    auto result = detail::add_two_input<out>(a_.stream(), b_.stream(), "co_process", nullptr);
    result.operator_node().stateful = true;
    result.operator_node().keyed = true;
    result.operator_node().make_with_sides
      = [f, ka = a_.key_of(), kb = b_.key_of()](std::vector<side_output> sides) {
          return std::make_unique<ops::keyed_co_process_operator<A, B, out, KeyA, KeyB, F>>(
            ka, kb, f, std::move(sides));
        };
    return result;
  }
  template <class Out = void, class F>
    requires(!co_process_function<F, A, B, keyed_process_context<key>, detail::output_or<Out, F>>)
  auto process(F) const {
    static_assert(
      co_process_function<F, A, B, keyed_process_context<key>, detail::output_or<Out, F>>,
      "connect(b).process(f) of keyed streams: f must have process_element1(const A&, "
      "keyed_process_context<K>&, collector<Out>&) and process_element2(const B&, "
      "keyed_process_context<K>&, collector<Out>&)");
    return detail::refused_stream{};
  }

private:
  keyed_stream<A, KeyA> a_;
  keyed_stream<B, KeyB> b_;
};

template <class T>
template <class U>
connected_streams<T, U> data_stream<T>::connect(const data_stream<U>& other) const {
  return {*this, other};
}

template <class T, class KeyF>
template <class U, class KeyF2>
  requires same_key<KeyF, T, KeyF2, U>
connected_keyed_streams<T, U, KeyF, KeyF2>
keyed_stream<T, KeyF>::connect(const keyed_stream<U, KeyF2>& other) const {
  return {*this, other};
}

} // namespace sluice
