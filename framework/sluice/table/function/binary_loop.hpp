/// Loops over two columns that the compiler turns into vector instructions. Not for users.
#pragma once

#include "sluice/table/function/function.hpp"

namespace sluice::table::detail {

/// out[i] = op(a[i], b[i]), each loop over plain arrays or with one side constant.
template <class A, class B, class R, class Op>
void binary_loop(kernel_call& call, Op op) {
  const auto* a = call.args[0]->values<A>();
  const auto* b = call.args[1]->values<B>();
  auto* __restrict out = call.out.values<R>();
  bool a_constant = call.args[0]->is_constant();
  bool b_constant = call.args[1]->is_constant();
  if (call.rows.dense()) {
    auto n = call.rows.size();
    if (!a_constant && !b_constant) {
      for (std::size_t i = 0; i < n; ++i) out[i] = op(a[i], b[i]);
    } else if (!a_constant) {
      auto y = b[0];
      for (std::size_t i = 0; i < n; ++i) out[i] = op(a[i], y);
    } else {
      auto x = a[0];
      auto mask = b_constant ? std::size_t{0} : ~std::size_t{0};
      for (std::size_t i = 0; i < n; ++i) out[i] = op(x, b[i & mask]);
    }
    return;
  }
  auto a_mask = a_constant ? std::size_t{0} : ~std::size_t{0};
  auto b_mask = b_constant ? std::size_t{0} : ~std::size_t{0};
  call.rows.for_each([&](std::size_t i) { out[i] = op(a[i & a_mask], b[i & b_mask]); });
}

template <class A, class R, class Op>
void unary_loop(kernel_call& call, Op op) {
  const auto* a = call.args[0]->values<A>();
  auto* __restrict out = call.out.values<R>();
  auto mask = call.args[0]->is_constant() ? std::size_t{0} : ~std::size_t{0};
  if (call.rows.dense() && mask != 0) {
    auto n = call.rows.size();
    for (std::size_t i = 0; i < n; ++i) out[i] = op(a[i]);
    return;
  }
  call.rows.for_each([&](std::size_t i) { out[i] = op(a[i & mask]); });
}

} // namespace sluice::table::detail
