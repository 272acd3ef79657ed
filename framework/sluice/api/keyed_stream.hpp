/// Streams partitioned by a key.
#pragma once

#include "sluice/api/data_stream.hpp"
#include "sluice/api/windowed_stream.hpp"
#include "sluice/ops/keyed_operator.hpp"
#include "sluice/ops/reduce.hpp"

#include <utility>

/// What `sum`, `min`... ask for, in the text of their errors.
#define SLUICE_FIELD_SELECTOR_SHAPE                                                                \
  "field must be a pointer to a member of the record, or take a record (auto&) and return a "      \
  "reference to its field"

namespace sluice {

/// A stream whose records with equal keys go to the same subtask, in order.
template <class T, class KeyF>
class keyed_stream {
public:
  using key = std::remove_cvref_t<std::invoke_result_t<KeyF&, const T&>>;

  keyed_stream(data_stream<T> stream, KeyF key_of)
    : stream_(std::move(stream)), key_of_(std::move(key_of)) {}

  // -- rolling aggregates: streaming mode emits per record, batch mode once per key
  // ------------------

  /// `f(const T&, const T&) -> T` folds the records of each key.
  template <reduce_function<T> F>
  data_stream<T> reduce(F f) const {
    return rolling("reduce", ops::reduce_fold<T, F>{std::move(f)});
  }
  template <class F>
  auto reduce(F) const {
    static_assert(reduce_function<F, T>, "reduce(f): f must be copyable, take two records (const "
                                         "T&, const T&) and return one of the same type");
    return detail::refused_stream{};
  }

  /// Sums up a field: `sum(&order::amount)`; the other fields are those of the key's first record.
  template <field_selector<T> Field>
  data_stream<T> sum(Field field) const {
    return rolling("sum", ops::sum_fold<T, Field>{field});
  }
  template <class Field>
  auto sum(Field) const {
    static_assert(field_selector<Field, T>, "sum(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }
  /// The least value of a field so far; the other fields are those of the key's first record.
  template <field_selector<T> Field>
  data_stream<T> min(Field field) const {
    return rolling("min", ops::extreme_fold<T, Field, false, false>{field});
  }
  template <class Field>
  auto min(Field) const {
    static_assert(field_selector<Field, T>, "min(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }
  template <field_selector<T> Field>
  data_stream<T> max(Field field) const {
    return rolling("max", ops::extreme_fold<T, Field, true, false>{field});
  }
  template <class Field>
  auto max(Field) const {
    static_assert(field_selector<Field, T>, "max(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }
  /// The record with the least value of a field so far, the first of equals.
  template <field_selector<T> Field>
  data_stream<T> min_by(Field field) const {
    return rolling("min_by", ops::extreme_fold<T, Field, false, true>{field});
  }
  template <class Field>
  auto min_by(Field) const {
    static_assert(field_selector<Field, T>, "min_by(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }
  template <field_selector<T> Field>
  data_stream<T> max_by(Field field) const {
    return rolling("max_by", ops::extreme_fold<T, Field, true, true>{field});
  }
  template <class Field>
  auto max_by(Field) const {
    static_assert(field_selector<Field, T>, "max_by(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }

  /// The same by the field's position: `sum<1>()` of a pair, tuple or plain struct.
  template <std::size_t I>
  auto sum() const {
    return sum(detail::nth_field<I>{});
  }
  template <std::size_t I>
  auto min() const {
    return min(detail::nth_field<I>{});
  }
  template <std::size_t I>
  auto max() const {
    return max(detail::nth_field<I>{});
  }
  template <std::size_t I>
  auto min_by() const {
    return min_by(detail::nth_field<I>{});
  }
  template <std::size_t I>
  auto max_by() const {
    return max_by(detail::nth_field<I>{});
  }

  // -- state and time
  // ------------------------------------------------------------------------------

  /// A keyed process function (see `keyed_process_function`): state, timers, side outputs.
  template <class Out = void, class F>
    requires keyed_process_function<F, key, T, detail::output_or<Out, F>>
  auto process(F f) const {
    using out = detail::output_or<Out, F>;
    auto result = stream_.template add_with_sides<out>(
      "process", [f, key_of = key_of_](std::vector<side_output> sides) {
        return std::make_unique<ops::keyed_process_operator<T, out, KeyF, F>>(key_of, f,
                                                                              std::move(sides));
      });
    result.operator_node().stateful = true;
    result.operator_node().keyed = true;
    return result;
  }
  template <class Out = void, class F>
    requires(!keyed_process_function<F, key, T, detail::output_or<Out, F>>)
  auto process(F) const {
    static_assert(keyed_process_function<F, key, T, detail::output_or<Out, F>>,
                  "process(f) of a keyed stream: f must be copyable and take, or have a "
                  "process_element() that takes, (const T&, keyed_process_context<K>&, "
                  "collector<Out>&), K being the key's type; where the collector is `auto`, say "
                  "what is collected: process<Out>(f)");
    return detail::refused_stream{};
  }

  /// Groups each key's records into windows; see api/window.hpp for the assigners.
  template <window_assigner Assigner>
  windowed_stream_of<T, KeyF, Assigner> window(Assigner assigner) const {
    return {stream_, key_of_, std::move(assigner), false};
  }
  template <class Assigner>
  auto window(Assigner) const {
    static_assert(window_assigner<Assigner>,
                  "window(assigner): this is none of the assigners of api/window.hpp, such as "
                  "tumbling_event_time_windows(size)");
    return detail::refused_stream{};
  }

  /// A window per `size` records of a key.
  auto count_window(std::uint64_t size) const { return window(sluice::count_window(size)); }

  /// A window of the last `size` records of a key, every `slide` records.
  auto count_window(std::uint64_t size, std::uint64_t slide) const {
    return window(sluice::count_window(size, slide));
  }

  /// Two keyed streams with the same key type, to be processed with shared state.
  template <class U, class KeyF2>
    requires same_key<KeyF, T, KeyF2, U>
  connected_keyed_streams<T, U, KeyF, KeyF2> connect(const keyed_stream<U, KeyF2>& other) const;
  template <class U, class KeyF2>
    requires(!same_key<KeyF, T, KeyF2, U>)
  auto connect(const keyed_stream<U, KeyF2>&) const {
    static_assert(same_key<KeyF, T, KeyF2, U>,
                  "connect(other): keyed streams must have keys of one type to be connected");
    return detail::refused_stream{};
  }
  detail::refused_stream connect(const detail::refused_stream&) const { return {}; }

  const data_stream<T>& stream() const noexcept { return stream_; }
  const KeyF& key_of() const noexcept { return key_of_; }

private:
  template <class Fold>
  data_stream<T> rolling(std::string name, Fold fold) const {
    auto result = stream_.template add<T>(std::move(name), [fold, key_of = key_of_] {
      return std::make_unique<ops::rolling_operator<T, KeyF, Fold>>(key_of, fold);
    });
    result.operator_node().stateful = true;
    result.operator_node().keyed = true;
    return result;
  }

  data_stream<T> stream_;
  KeyF key_of_;
};

template <class T>
template <key_selector<T> KeyF>
keyed_stream<T, KeyF> data_stream<T>::key_by(KeyF key_of) const {
  using key = std::remove_cvref_t<std::invoke_result_t<KeyF&, const T&>>;
  auto result = partitioned(partitioning::hash);
  for (auto& o : result.origins_) {
    o.send_hashes = ops::hash_is_worth_sending<key>;
    o.partitioner = [key_of](std::uint32_t n, std::uint32_t most, bool with_hashes) {
      return std::make_unique<ops::key_partitioner<T, KeyF>>(key_of, n, most, with_hashes);
    };
  }
  return keyed_stream<T, KeyF>(std::move(result), std::move(key_of));
}

/// Records grouped into windows, waiting for a function over each window.
template <class T, class KeyF, class Assigner>
class windowed_stream_of {
public:
  using key = std::remove_cvref_t<std::invoke_result_t<KeyF&, const T&>>;

  windowed_stream_of(data_stream<T> stream, KeyF key_of, Assigner assigner, bool all)
    : stream_(std::move(stream)), key_of_(std::move(key_of)), assigner_(std::move(assigner)),
      all_(all) {}

  /// How long after its end a window still takes late records (and fires again for each).
  windowed_stream_of allowed_lateness(duration lateness) const {
    auto copy = *this;
    copy.options_.allowed_lateness = lateness;
    return copy;
  }

  /// Where records go that come too late; without it they are counted and dropped.
  windowed_stream_of side_output_late_data(const output_tag<T>& tag) const {
    auto copy = *this;
    copy.late_ = tag.name();
    return copy;
  }

  /// `f(const T&, const T&) -> T` folds each window incrementally.
  template <window_reduce_function<T> F>
  data_stream<T> reduce(F f) const {
    auto o = options();
    return add<T>("window reduce", window_reduce<T>(key_of_, assigner_, std::move(f), o));
  }
  template <class F>
  auto reduce(F) const {
    static_assert(window_reduce_function<F, T>,
                  "reduce(f) of windows: f must be copyable, take two records (const T&, const "
                  "T&) and return one of the same type");
    return detail::refused_stream{};
  }

  /// The same; `function` then makes the output of the folded record.
  template <class Out = void, class F, class P>
    requires window_reduce_functions<F, P, key, T, detail::output_or<Out, P>>
  auto reduce(F f, P function) const {
    using out = detail::output_or<Out, P>;
    auto o = options();
    return add<out>("window reduce", window_reduce<T, out>(key_of_, assigner_, std::move(f),
                                                           std::move(function), o));
  }
  template <class Out = void, class F, class P>
    requires(!window_reduce_functions<F, P, key, T, detail::output_or<Out, P>>)
  auto reduce(F, P) const {
    static_assert(window_reduce_functions<F, P, key, T, detail::output_or<Out, P>>,
                  "reduce(f, function) of windows: f must take two records and return one of the "
                  "same type; function must take (const K&, const window_context&, const T&, "
                  "collector<Out>&)");
    return detail::refused_stream{};
  }

  /// An aggregate function (see ops/aggregate.hpp), applied incrementally.
  template <aggregate_function<T> F>
  auto aggregate(F f) const {
    using out = aggregate_result_t<F>;
    auto o = options();
    return add<out>("window aggregate", window_aggregate<T>(key_of_, assigner_, std::move(f), o));
  }
  template <class F>
  auto aggregate(F) const {
    static_assert(aggregate_function<F, T>,
                  "aggregate(f): f must be copyable and have Acc create_accumulator(), "
                  "add(Acc&, const T&) and Out get_result(const Acc&)");
    return detail::refused_stream{};
  }

  /// The same; `function` then makes the output of the aggregate's result.
  template <class Out = void, class F, class P>
    requires window_aggregate_functions<F, P, key, T, detail::output_or<Out, P>>
  auto aggregate(F f, P function) const {
    using out = detail::output_or<Out, P>;
    auto o = options();
    return add<out>("window aggregate", window_aggregate<T, out>(key_of_, assigner_, std::move(f),
                                                                 std::move(function), o));
  }
  template <class Out = void, class F, class P>
    requires(!window_aggregate_functions<F, P, key, T, detail::output_or<Out, P>>)
  auto aggregate(F, P) const {
    static_assert(window_aggregate_functions<F, P, key, T, detail::output_or<Out, P>>,
                  "aggregate(f, function): f must have Acc create_accumulator(), add(Acc&, const "
                  "T&) and R get_result(const Acc&); function must take (const K&, const "
                  "window_context&, const R&, collector<Out>&)");
    return detail::refused_stream{};
  }

  /// A function over all records of a window, which are kept until it fires.
  template <class Out = void, class P>
    requires window_function<P, key, std::vector<T>, detail::output_or<Out, P>>
  auto process(P function) const {
    using out = detail::output_or<Out, P>;
    auto o = options();
    return add<out>("window process",
                    window_process<T, out>(key_of_, assigner_, std::move(function), o));
  }
  template <class Out = void, class P>
    requires(!window_function<P, key, std::vector<T>, detail::output_or<Out, P>>)
  auto process(P) const {
    static_assert(window_function<P, key, std::vector<T>, detail::output_or<Out, P>>,
                  "process(function) of windows: function must take, or have a process() that "
                  "takes, (const K&, const window_context&, const std::vector<T>&, "
                  "collector<Out>&); windows over all records have no key");
    return detail::refused_stream{};
  }

  template <field_selector<T> Field>
  data_stream<T> sum(Field field) const {
    auto o = options();
    return add<T>("window sum",
                  window_fold<T>(key_of_, assigner_, ops::sum_fold<T, Field>{field}, o));
  }
  template <class Field>
  auto sum(Field) const {
    static_assert(field_selector<Field, T>, "sum(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }
  template <field_selector<T> Field>
  data_stream<T> min(Field field) const {
    auto o = options();
    return add<T>(
      "window min",
      window_fold<T>(key_of_, assigner_, ops::extreme_fold<T, Field, false, false>{field}, o));
  }
  template <class Field>
  auto min(Field) const {
    static_assert(field_selector<Field, T>, "min(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }
  template <field_selector<T> Field>
  data_stream<T> max(Field field) const {
    auto o = options();
    return add<T>("window max", window_fold<T>(key_of_, assigner_,
                                               ops::extreme_fold<T, Field, true, false>{field}, o));
  }
  template <class Field>
  auto max(Field) const {
    static_assert(field_selector<Field, T>, "max(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }
  template <field_selector<T> Field>
  data_stream<T> min_by(Field field) const {
    auto o = options();
    return add<T>(
      "window min_by",
      window_fold<T>(key_of_, assigner_, ops::extreme_fold<T, Field, false, true>{field}, o));
  }
  template <class Field>
  auto min_by(Field) const {
    static_assert(field_selector<Field, T>, "min_by(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }
  template <field_selector<T> Field>
  data_stream<T> max_by(Field field) const {
    auto o = options();
    return add<T>(
      "window max_by",
      window_fold<T>(key_of_, assigner_, ops::extreme_fold<T, Field, true, true>{field}, o));
  }
  template <class Field>
  auto max_by(Field) const {
    static_assert(field_selector<Field, T>, "max_by(field): " SLUICE_FIELD_SELECTOR_SHAPE);
    return detail::refused_stream{};
  }
  /// The same by the field's position.
  template <std::size_t I>
  auto sum() const {
    return sum(detail::nth_field<I>{});
  }
  template <std::size_t I>
  auto min() const {
    return min(detail::nth_field<I>{});
  }
  template <std::size_t I>
  auto max() const {
    return max(detail::nth_field<I>{});
  }
  template <std::size_t I>
  auto min_by() const {
    return min_by(detail::nth_field<I>{});
  }
  template <std::size_t I>
  auto max_by() const {
    return max_by(detail::nth_field<I>{});
  }

private:
  window_options options() const {
    auto o = options_;
    if (late_) o.late_port = 1;
    return o;
  }

  template <class Out>
  data_stream<Out> add(std::string name, operator_factory make) const {
    auto result = stream_.template add<Out>(std::move(name), std::move(make));
    auto& n = result.operator_node();
    n.stateful = true;
    n.keyed = !all_;
    if (all_) n.fixed_parallelism = 1;
    if (late_) n.side_outputs.push_back({*late_, &element_type_of<T>()});
    return result;
  }

  data_stream<T> stream_;
  KeyF key_of_;
  Assigner assigner_;
  bool all_;
  window_options options_;
  std::optional<std::string> late_;
};

template <class T>
template <window_assigner Assigner>
auto data_stream<T>::window_all(Assigner assigner) const {
  return windowed_stream_of<T, single_key, Assigner>(*this, single_key{}, std::move(assigner),
                                                     true);
}

} // namespace sluice

#undef SLUICE_FIELD_SELECTOR_SHAPE
