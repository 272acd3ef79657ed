/// From an assigner and a function to the operator that runs them: what `.window(...)` of a keyed
/// stream, and `.window_all(...)` of any other, is made of.
///
/// Each function returns the factory of an operator with one input of type `T` (its first template
/// argument that cannot be deduced), whose port 0 puts out what it says. `key_of` is the stream's
/// key selector, or `single_key{}` for `window_all`, which then must run with parallelism 1.
#pragma once

#include "sluice/api/concepts.hpp"
#include "sluice/api/window.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/ops/aligned_window.hpp"
#include "sluice/ops/count_window.hpp"
#include "sluice/ops/reduce.hpp"
#include "sluice/ops/session_window.hpp"

#include <memory>
#include <utility>

namespace sluice {

template <class KeyF, class T>
using window_key_t = std::remove_cvref_t<std::invoke_result_t<KeyF&, const T&>>;

namespace detail {

/// Throws `plan_error` for options that no window can have.
void check_window_options(const window_options& options);

template <class T, class Out, class KeyF, class Contents, class Emitter>
operator_factory aligned_windows(KeyF key_of, Contents contents, Emitter emitter,
                                 ops::aligned_window_settings settings) {
  return [=] {
    return std::make_unique<ops::aligned_window_operator<T, KeyF, Contents, Emitter, Out>>(
      key_of, contents, emitter, settings);
  };
}

/// The operator of `assigner` for these contents.
template <class T, class Out, class KeyF, window_assigner A, class Contents, class Emitter>
operator_factory window_factory(KeyF key_of, const A& assigner, Contents contents, Emitter emitter,
                                const window_options& options) {
  static_assert(!A::merges || Contents::mergeable,
                "sliding and session windows merge accumulators: give the aggregate function a "
                "`void merge(Acc&, const Acc&)`");
  check_window_options(options);
  if constexpr (std::is_same_v<A, tumbling_windows>) {
    ops::pane_grid grid(assigner.size.count(), assigner.size.count(), assigner.offset.count());
    return aligned_windows<T, Out>(std::move(key_of), std::move(contents), std::move(emitter),
                                   {grid, assigner.domain, options});
  } else if constexpr (std::is_same_v<A, sliding_windows>) {
    ops::pane_grid grid(assigner.size.count(), assigner.slide.count(), assigner.offset.count());
    return aligned_windows<T, Out>(std::move(key_of), std::move(contents), std::move(emitter),
                                   {grid, assigner.domain, options});
  } else if constexpr (std::is_same_v<A, session_windows>) {
    ops::session_window_settings settings{assigner.gap.count(), assigner.domain, options};
    return [=] {
      return std::make_unique<ops::session_window_operator<T, KeyF, Contents, Emitter, Out>>(
        key_of, contents, emitter, settings);
    };
  } else if constexpr (std::is_same_v<A, count_windows>) {
    return [=, size = assigner.size] {
      return std::make_unique<ops::count_window_operator<T, KeyF, Contents, Emitter, Out>>(
        key_of, contents, emitter, size);
    };
  } else if constexpr (std::is_same_v<A, sliding_count_windows>) {
    return [=, size = assigner.size, slide = assigner.slide] {
      return std::make_unique<ops::sliding_count_window_operator<T, KeyF, Contents, Emitter, Out>>(
        key_of, contents, emitter, size, slide);
    };
  } else {
    return [=] {
      return std::make_unique<ops::global_window_operator<T, KeyF, Contents, Emitter, Out>>(
        key_of, contents, emitter);
    };
  }
}

} // namespace detail

/// `sum`, `min`, `max`, `min_by`, `max_by` of a window: `Fold` is one of ops/reduce.hpp whose
/// accumulator is the record (`ops::sum_fold<T, Field>`...). Puts out `T`.
template <class T, class KeyF, window_assigner A, class Fold>
operator_factory window_fold(KeyF key_of, const A& assigner, Fold fold,
                             const window_options& options = {}) {
  return detail::window_factory<T, T>(std::move(key_of), assigner,
                                      ops::folded_contents<T, Fold>{std::move(fold)},
                                      ops::view_emitter{}, options);
}

/// `reduce(f)`: one record per key and window. Overlapping windows share what they have reduced, so
/// `f` must be associative. Puts out `T`.
template <class T, class KeyF, window_assigner A, window_reduce_function<T> F>
operator_factory window_reduce(KeyF key_of, const A& assigner, F f,
                               const window_options& options = {}) {
  return window_fold<T>(std::move(key_of), assigner, ops::reduce_fold<T, F>{std::move(f)}, options);
}

/// `reduce(f, function)`: the function gets the reduced record as its `View`. Puts out `Out`.
template <class T, class Out, class KeyF, window_assigner A, window_reduce_function<T> F,
          ops::process_window_function<window_key_t<KeyF, T>, T, Out> P>
operator_factory window_reduce(KeyF key_of, const A& assigner, F f, P function,
                               const window_options& options = {}) {
  using fold = ops::reduce_fold<T, F>;
  return detail::window_factory<T, Out>(std::move(key_of), assigner,
                                        ops::folded_contents<T, fold>{fold{std::move(f)}},
                                        ops::function_emitter<P>{std::move(function)}, options);
}

/// `aggregate(f)`: one result per key and window. Puts out `aggregate_result_t<F>`.
template <class T, class KeyF, window_assigner A, aggregate_function<T> F>
operator_factory window_aggregate(KeyF key_of, const A& assigner, F f,
                                  const window_options& options = {}) {
  return detail::window_factory<T, aggregate_result_t<F>>(
    std::move(key_of), assigner, ops::aggregated_contents<T, F>{std::move(f)}, ops::view_emitter{},
    options);
}

/// `aggregate(f, function)`: the function gets the aggregate's result as its `View`. Puts out
/// `Out`.
template <class T, class Out, class KeyF, window_assigner A, aggregate_function<T> F,
          ops::process_window_function<window_key_t<KeyF, T>, aggregate_result_t<F>, Out> P>
operator_factory window_aggregate(KeyF key_of, const A& assigner, F f, P function,
                                  const window_options& options = {}) {
  return detail::window_factory<T, Out>(std::move(key_of), assigner,
                                        ops::aggregated_contents<T, F>{std::move(f)},
                                        ops::function_emitter<P>{std::move(function)}, options);
}

/// `process(function)`: the window keeps all its records, and the function gets them as a
/// `std::vector<T>`. Puts out `Out`.
template <class T, class Out, class KeyF, window_assigner A,
          ops::process_window_function<window_key_t<KeyF, T>, std::vector<T>, Out> P>
operator_factory window_process(KeyF key_of, const A& assigner, P function,
                                const window_options& options = {}) {
  return detail::window_factory<T, Out>(std::move(key_of), assigner, ops::element_contents<T>{},
                                        ops::function_emitter<P>{std::move(function)}, options);
}

} // namespace sluice
