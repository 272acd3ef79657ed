/// How a stream's event time is told.
#pragma once

#include "sluice/ops/watermarks.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace sluice {

/// `with_timestamp_assigner`: takes a record (and the source's timestamp), returns its time.
template <class F, class T>
concept timestamp_function
  = std::copy_constructible<F>
    && (requires(F& f, const T& r, timestamp t) {
         { std::invoke(f, r, t) } -> time_like;
       } || requires(F& f, const T& r) {
         { std::invoke(f, r) } -> time_like;
       });

/// Timestamps and watermarks of a stream of `T`. A value; cheap to copy.
template <class T>
class watermark_strategy {
public:
  /// No watermarks: event time never advances before the input's end.
  static watermark_strategy no_watermarks() { return {}; }

  /// Timestamps never go back (per split).
  static auto for_monotonous_timestamps() { return bounded(duration{0}); }

  /// A record may be up to `bound` behind the latest one (of its split).
  static auto for_bounded_out_of_orderness(duration bound) { return bounded(bound); }

  /// Watermarks by a generator of your own; `make()` is called per split.
  static auto for_generator(std::function<std::unique_ptr<watermark_generator<T>>()> make) {
    watermark_strategy s;
    s.generator_ = std::move(make);
    return s;
  }

  /// Takes timestamps from the records: `f(const T&)` or `f(const T&, timestamp by_source)`, or a
  /// pointer to the member. Microseconds since the epoch, a `std::chrono` duration since it, or a
  /// time point of the system clock.
  template <timestamp_function<T> F>
  watermark_strategy with_timestamp_assigner(F f) const {
    auto copy = *this;
    auto adapted = [f](const T& record, [[maybe_unused]] timestamp by_source) mutable {
      if constexpr (std::invocable<F&, const T&, timestamp>)
        return to_timestamp(std::invoke(f, record, by_source));
      else
        return to_timestamp(std::invoke(f, record));
    };
    copy.settings_.make = make_assigner(adapted, bound_, generator_);
    return copy;
  }
  template <class F>
  watermark_strategy with_timestamp_assigner(F) const {
    static_assert(timestamp_function<F, T>,
                  "with_timestamp_assigner(f): f must take a record (const T&) and return its "
                  "time: microseconds since the epoch, or a std::chrono duration or time_point");
    return *this;
  }

  /// A split that brings nothing for `silence` (of processing time) does not hold back the others.
  watermark_strategy with_idleness(duration silence) const {
    auto copy = *this;
    copy.settings_.idleness = silence;
    return copy;
  }

  /// For the plan. Without a timestamp assigner, the source's timestamps count.
  ops::watermark_settings settings() const {
    if (settings_.make || (!bound_ && !generator_)) return settings_;
    auto by_source = [](const T&, timestamp t) {
      if (t == min_timestamp)
        throw plan_error("the watermark strategy has no timestamps: the source gives none, and "
                         "with_timestamp_assigner() was not called");
      return t;
    };
    auto result = settings_;
    result.make = make_assigner(by_source, bound_, generator_);
    return result;
  }

private:
  using generator_factory = std::function<std::unique_ptr<watermark_generator<T>>()>;

  static watermark_strategy bounded(duration bound) {
    watermark_strategy s;
    s.bound_ = bound;
    return s;
  }

  template <class F>
  static ops::assigner_factory make_assigner(F f, std::optional<duration> bound,
                                             const generator_factory& generator) {
    if (generator)
      return
        [f, generator] { return std::make_unique<ops::custom_assigner<T, F>>(f, generator()); };
    if (!bound) return [f] { return std::make_unique<ops::timestamp_assigner<T, F>>(f); };
    return [f, b = *bound] { return std::make_unique<ops::bounded_assigner<T, F>>(f, b); };
  }

  std::optional<duration> bound_;
  generator_factory generator_;
  ops::watermark_settings settings_;
};

} // namespace sluice
