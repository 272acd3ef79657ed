/// Operators without state: map, filter, flat_map, and their two-input forms.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/ops/record_loop.hpp"

#include <functional>
#include <type_traits>

namespace sluice::ops {

/// One record in, one record out.
template <class In, class Out, class F>
class map_operator final : public stream_operator {
public:
  explicit map_operator(F f) : f_(std::move(f)) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<In>(b);
    auto n = in.size();
    in.drop_hashes();
    if constexpr (std::is_same_v<In, Out>) {
      auto* rows = in.data();
      auto body = [&](std::size_t i) { rows[i] = std::invoke(f_, std::as_const(rows[i])); };
      if constexpr (std::is_trivially_copyable_v<In>) {
        detail::for_each_record_unrolled(b, n, body);
      } else {
        detail::for_each_record(b, n, body);
        in.recount_bytes();
      }
      ports_[0].push(in);
    } else {
      out_.clear();
      if constexpr (std::is_trivially_copyable_v<Out>) {
        out_.resize(n);
        auto* to = out_.data();
        const auto* from = in.data();
        detail::for_each_record_unrolled(b, n,
                                         [&](std::size_t i) { to[i] = std::invoke(f_, from[i]); });
      } else {
        out_.reserve(n);
        detail::for_each_record(
          b, n, [&](std::size_t i) { out_.push_back(std::invoke(f_, std::as_const(in[i]))); });
      }
      if (in.has_timestamps()) out_.take_timestamps(in);
      ports_[0].push(out_);
    }
  }

private:
  F f_;
  typed_batch<Out> out_;
};

/// Keeps the records that the predicate accepts, in place.
template <class T, class F>
class filter_operator final : public stream_operator {
public:
  explicit filter_operator(F f) : f_(std::move(f)) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<T>(b);
    auto n = in.size();
    in.drop_hashes();
    auto* rows = in.data();
    std::size_t kept = 0;
    if (in.has_timestamps()) {
      auto* times = in.timestamps();
      detail::for_each_record(b, n, [&](std::size_t i) {
        auto keep = static_cast<bool>(std::invoke(f_, std::as_const(rows[i])));
        times[kept] = times[i];
        move_down(rows, kept, i, keep);
      });
    } else {
      auto body = [&](std::size_t i) {
        auto keep = static_cast<bool>(std::invoke(f_, std::as_const(rows[i])));
        move_down(rows, kept, i, keep);
      };
      if constexpr (std::is_trivially_copyable_v<T>)
        detail::for_each_record_unrolled(b, n, body);
      else
        detail::for_each_record(b, n, body);
    }
    in.truncate(kept);
    ports_[0].push(in);
  }

private:
  /// Without a branch where copying is cheap: what is not kept is overwritten by the next.
  static void move_down(T* rows, std::size_t& kept, std::size_t i, bool keep) {
    if constexpr (std::is_trivially_copyable_v<T> && sizeof(T) <= 64) {
      rows[kept] = rows[i];
      kept += keep;
    } else if (keep) {
      if (kept != i) rows[kept] = std::move(rows[i]);
      ++kept;
    }
  }

  F f_;
};

/// One record in, any number out, through a collector.
template <class In, class Out, class F>
class flat_map_operator final : public stream_operator {
public:
  explicit flat_map_operator(F f) : f_(std::move(f)) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    out_.bind(ports_[0]);
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<In>(b);
    if (in.has_timestamps()) {
      detail::for_each_record(b, in.size(), [&](std::size_t i) {
        out_.set_time(in.time_of(i));
        std::invoke(f_, std::as_const(in[i]), out_);
      });
    } else {
      out_.clear_time();
      detail::for_each_record(b, in.size(),
                              [&](std::size_t i) { std::invoke(f_, std::as_const(in[i]), out_); });
    }
    out_.flush();
  }

  bool may_expand() const noexcept override { return true; }

private:
  F f_;
  collector<Out> out_;
};

/// Two connected inputs, each with its own map or flat_map function: `f1(In1, collector)`,
/// `f2(In2, collector)`.
template <class In1, class In2, class Out, class F1, class F2>
class co_flat_map_operator final : public stream_operator {
public:
  co_flat_map_operator(F1 f1, F2 f2) : f1_(std::move(f1)), f2_(std::move(f2)) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    out_.bind(ports_[0]);
  }

  void process(batch& b, std::uint32_t input) override {
    if (input == 0)
      run(batch_as<In1>(b), f1_);
    else
      run(batch_as<In2>(b), f2_);
  }

  bool may_expand() const noexcept override { return true; }

private:
  template <class In, class F>
  void run(typed_batch<In>& in, F& f) {
    if (!in.has_timestamps()) out_.clear_time();
    detail::for_each_record(in, in.size(), [&](std::size_t i) {
      if (in.has_timestamps()) out_.set_time(in.time_of(i));
      std::invoke(f, std::as_const(in[i]), out_);
    });
    out_.flush();
  }

  F1 f1_;
  F2 f2_;
  collector<Out> out_;
};

} // namespace sluice::ops
