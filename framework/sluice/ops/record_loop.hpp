/// The loops over a batch, with one place where a user function's exception gets its context.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/core/errors.hpp"

#include <exception>
#include <utility>

namespace sluice::detail {

/// Rethrows the current exception as a `user_function_error` that knows the record's time.
[[noreturn]] void rethrow_with_record(const batch& b, std::size_t index);

/// The same where no record is at hand (a timer, the end of input).
[[noreturn]] void rethrow_with_time(std::optional<timestamp> time);

/// Calls `body(i)` for each i in [begin, end). An exception leaves as `user_function_error`.
template <class Body>
inline void for_each_record(const batch& b, std::size_t begin, std::size_t end, Body&& body) {
  auto i = begin;
  try {
    for (; i < end; ++i) body(i);
  } catch (...) {
    rethrow_with_record(b, i);
  }
}

/// The same for all i < n.
template <class Body>
inline void for_each_record(const batch& b, std::size_t n, Body&& body) {
  for_each_record(b, 0, n, std::forward<Body>(body));
}

/// The same for bodies of a few instructions: unrolled, because for those counting costs as much as
/// the body does, and GCC leaves such loops as they are.
template <class Body>
inline void for_each_record_unrolled(const batch& b, std::size_t n, Body&& body) {
  std::size_t i = 0;
  try {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 4
#endif
    for (; i < n; ++i) body(i);
  } catch (...) {
    rethrow_with_record(b, i);
  }
}

/// Calls `body()`, which handles no record but event time `time`.
template <class Body>
inline void guarded(std::optional<timestamp> time, Body&& body) {
  try {
    body();
  } catch (...) {
    rethrow_with_time(time);
  }
}

} // namespace sluice::detail
