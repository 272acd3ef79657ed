/// What all window operators share: the window itself, what is kept of its records, what is made of
/// them when it fires.
#pragma once

#include "sluice/core/text.hpp"
#include "sluice/core/time.hpp"
#include "sluice/ops/aggregate.hpp"
#include "sluice/ops/keyed_operator.hpp"

#include <cstdint>
#include <optional>
#include <ostream>
#include <vector>

namespace sluice {

/// A span of time [start, end).
struct time_window {
  timestamp start = min_timestamp;
  timestamp end = sluice::max_timestamp;

  /// The last instant that belongs to the window; the timestamp of its results.
  timestamp max_timestamp() const noexcept { return end == sluice::max_timestamp ? end : end - 1; }

  friend bool operator==(const time_window&, const time_window&) = default;
  friend auto operator<=>(const time_window&, const time_window&) = default;
  friend std::ostream& operator<<(std::ostream& out, const time_window& w) {
    return out << '[' << w.start << ", " << w.end << ')';
  }
};

/// What a process window function learns about the window it is called for. Count and global
/// windows span all of time.
struct window_context {
  time_window window;
  /// Event time (or processing time, for such windows) as far as it has come.
  timestamp watermark = min_timestamp;
};

/// Whose clock a window goes by.
enum class time_domain : std::uint8_t { event, processing };

/// Settings of a windowed stream that are not the assigner's.
struct window_options {
  /// How long after the watermark has passed its end a window still takes records, each of which
  /// makes it fire again for its key. For event time only.
  duration allowed_lateness{0};
  /// Output port of records that come too late; without one they are counted and dropped.
  std::optional<std::uint32_t> late_port = {};
};

/// Key selector of windows over a stream without keys: all records have the same one. Such an
/// operator runs with parallelism 1.
struct single_key {
  template <class T>
  std::uint8_t operator()(const T&) const noexcept {
    return 0;
  }
};

namespace ops {

// -- contents: what a window keeps of its records -------------------------------------------------

/// One record per key, into which others are folded: `reduce`, `sum`, `min_by`... `Fold` is one of
/// those in reduce.hpp whose accumulator is the record.
template <class T, class Fold>
struct folded_contents {
  using accumulator = T;
  using view = T;
  static constexpr bool mergeable = true;
  Fold fold;

  accumulator first(const T& record) { return fold.first(record); }
  void add(accumulator& acc, const T& record) { fold.add(acc, record); }
  void merge(accumulator& acc, const accumulator& other) { fold.add(acc, other); }
  const view& view_of(const accumulator& acc) { return acc; }
};

/// An accumulator per key.
template <class T, class Aggregate>
struct aggregated_contents {
  using accumulator = accumulator_t<Aggregate>;
  using view = aggregate_result_t<Aggregate>;
  static constexpr bool mergeable = mergeable_aggregate<Aggregate>;
  Aggregate function;

  accumulator first(const T& record) {
    accumulator acc = function.create_accumulator();
    function.add(acc, record);
    return acc;
  }
  void add(accumulator& acc, const T& record) { function.add(acc, record); }
  void merge(accumulator& acc, const accumulator& other) {
    if constexpr (mergeable) function.merge(acc, other);
  }
  view view_of(const accumulator& acc) { return function.get_result(acc); }
};

/// All records, in the order in which they came (within a pane, where windows overlap).
template <class T>
struct element_contents {
  using accumulator = std::vector<T>;
  using view = std::vector<T>;
  static constexpr bool mergeable = true;

  accumulator first(const T& record) { return {record}; }
  void add(accumulator& acc, const T& record) { acc.push_back(record); }
  void merge(accumulator& acc, const accumulator& other) {
    acc.insert(acc.end(), other.begin(), other.end());
  }
  const view& view_of(const accumulator& acc) { return acc; }
};

// -- emitters: what a firing window puts out ------------------------------------------------------

/// The contents' view, as it is.
struct view_emitter {
  template <class K, class View, class Out>
  void emit(const K&, const window_context&, View&& view, collector<Out>& out) {
    out.collect(std::forward<View>(view));
  }
};

template <class F, class K, class View, class Out>
concept process_member
  = requires(F& f, const K& key, const window_context& context, const View& view,
             collector<Out>& out) { f.process(key, context, view, out); };

/// A class with `void process(const K& key, const window_context&, const View&, collector<Out>&)`
/// or a callable of that shape; on windows over all records the key may be left out. `View` is
/// `std::vector<T>` (all elements) or the result of the reduce or aggregate function before it.
template <class F, class K, class View, class Out>
concept process_window_function
  = std::copy_constructible<F>
    && (process_member<F, K, View, Out>
        || std::invocable<F&, const K&, const window_context&, const View&, collector<Out>&>
        || std::invocable<F&, const window_context&, const View&, collector<Out>&>);

/// What the user's process window function puts out.
template <class F>
struct function_emitter {
  F f;

  template <class K, class View, class Out>
  void emit(const K& key, const window_context& context, const View& view, collector<Out>& out) {
    if constexpr (process_member<F, K, View, Out>)
      f.process(key, context, view, out);
    else if constexpr (std::invocable<F&, const K&, const window_context&, const View&,
                                      collector<Out>&>)
      std::invoke(f, key, context, view, out);
    else
      std::invoke(f, context, view, out);
  }
};

// -- late records ---------------------------------------------------------------------------------

/// Where records go whose windows are gone: to a port of their own, or nowhere but a counter.
template <class T>
class late_records {
public:
  explicit late_records(std::optional<std::uint32_t> port) : port_(port) {}

  /// Makes the port exist.
  void open(std::vector<output_port>& ports) {
    if (port_ && ports.size() <= *port_) ports.resize(*port_ + 1);
  }

  /// Takes the records [begin, end) of `in`.
  void add(operator_context& context, typed_batch<T>& in, std::size_t begin, std::size_t end) {
    if (port_)
      batch_.append_move(in, begin, end);
    else
      context.count_late_records(end - begin);
  }

  void flush(std::vector<output_port>& ports) {
    if (batch_.empty()) return;
    batch_.drop_hashes();
    ports[*port_].push(batch_);
  }

private:
  std::optional<std::uint32_t> port_;
  typed_batch<T> batch_;
};

[[noreturn]] void throw_no_timestamps();

} // namespace ops
} // namespace sluice
