/// Streams of records, and what can be done with them.
#pragma once

#include "sluice/api/concepts.hpp"
#include "sluice/api/fwd.hpp"
#include "sluice/api/operator_settings.hpp"
#include "sluice/api/program.hpp"
#include "sluice/api/refused_stream.hpp"
#include "sluice/api/result_range.hpp"
#include "sluice/api/watermark_strategy.hpp"
#include "sluice/api/window.hpp"
#include "sluice/io/builtin_connectors.hpp"
#include "sluice/io/print_sink.hpp"
#include "sluice/ops/sink_operator.hpp"
#include "sluice/ops/stateless.hpp"

#include <string>
#include <utility>
#include <vector>

namespace sluice {

/// A stream of `T`, finite or infinite. A value: copies mean the same stream. Nothing runs before
/// the environment's `execute()`.
template <class T>
class data_stream : public operator_settings<data_stream<T>> {
public:
  using value_type = T;

  data_stream(std::shared_ptr<detail::program> program, std::vector<detail::stream_origin> origins)
    : program_(std::move(program)), origins_(std::move(origins)) {}

  // -- one record at a time
  // ------------------------------------------------------------------------

  /// `f(const T&) -> U`: each record becomes another.
  template <map_function<T> F>
  auto map(F f) const {
    using out = std::remove_cvref_t<std::invoke_result_t<F&, const T&>>;
    return add<out>("map", [f] { return std::make_unique<ops::map_operator<T, out, F>>(f); });
  }
  template <class F>
  auto map(F) const {
    static_assert(map_function<F, T>,
                  "map(f): f must be copyable, take a record (const T&) and return a value");
    return detail::refused_stream{};
  }

  /// `f(const T&) -> bool`: keeps the records for which it is true.
  template <filter_function<T> F>
  data_stream filter(F f) const {
    return add<T>("filter", [f] { return std::make_unique<ops::filter_operator<T, F>>(f); });
  }
  template <class F>
  auto filter(F) const {
    static_assert(filter_function<F, T>,
                  "filter(f): f must be copyable, take a record (const T&) and return a bool");
    return detail::refused_stream{};
  }

  /// `f(const T&) -> range of U`: each record becomes any number of others.
  template <range_function<T> F>
  auto flat_map(F f) const {
    using range = std::invoke_result_t<F&, const T&>;
    using out = detail::range_record<range>;
    auto each = [f](const T& record, collector<out>& to) mutable {
      auto&& results = std::invoke(f, record);
      for (auto&& r : results)
        if constexpr (detail::owning_range<range>)
          to.collect(out(std::move(r)));
        else
          to.collect(out(std::forward<decltype(r)>(r)));
    };
    return flat_map<out>(each);
  }

  /// `f(const T&, collector<Out>&)`: the same, through a collector. `Out` may be left out where the
  /// function names it.
  template <class Out = void, class F>
    requires collecting_function<F, T, detail::output_or<Out, F>>
  auto flat_map(F f) const {
    using out = detail::output_or<Out, F>;
    return add<out>("flat_map",
                    [f] { return std::make_unique<ops::flat_map_operator<T, out, F>>(f); });
  }
  template <class Out = void, class F>
    requires(!range_function<F, T> && !collecting_function<F, T, detail::output_or<Out, F>>)
  auto flat_map(F) const {
    static_assert(collecting_function<F, T, detail::output_or<Out, F>>,
                  "flat_map(f): f must be copyable and take a record (const T&) and return a "
                  "range, or take a record and a collector<Out>& (of an `auto` one, say what is "
                  "collected: flat_map<Out>(f))");
    return detail::refused_stream{};
  }

  /// A process function (see `process_function`): sees time, emits to side outputs. `Out` may be
  /// left out where the function names it.
  template <class Out = void, class F>
    requires process_function<F, T, detail::output_or<Out, F>>
  auto process(F f) const {
    using out = detail::output_or<Out, F>;
    return add_with_sides<out>("process", [f](std::vector<side_output> sides) {
      return std::make_unique<ops::process_operator<T, out, F>>(f, std::move(sides));
    });
  }
  template <class Out = void, class F>
    requires(!process_function<F, T, detail::output_or<Out, F>>)
  auto process(F) const {
    static_assert(process_function<F, T, detail::output_or<Out, F>>,
                  "process(f): f must be copyable and take, or have a process_element() that "
                  "takes, (const T&, process_context&, collector<Out>&); where the collector is "
                  "`auto`, say what is collected: process<Out>(f)");
    return detail::refused_stream{};
  }

  // -- keys
  // ----------------------------------------------------------------------------------------

  /// Partitions the stream by a key: `f(const T&) -> K`, or a pointer to the member.
  template <key_selector<T> KeyF>
  keyed_stream<T, KeyF> key_by(KeyF key_of) const;
  template <class KeyF>
  auto key_by(KeyF) const {
    static_assert(key_selector<KeyF, T>,
                  "key_by(f): f must be copyable, take a record (const T&) and return its key (a "
                  "type with == and stable_hash()), or be a pointer to the member that is the key");
    return detail::refused_stream{};
  }

  /// Windows over the whole stream, by one subtask.
  template <window_assigner Assigner>
  auto window_all(Assigner assigner) const;
  template <class Assigner>
  auto window_all(Assigner) const {
    static_assert(window_assigner<Assigner>,
                  "window_all(assigner): this is none of the assigners of api/window.hpp, such as "
                  "tumbling_event_time_windows(size)");
    return detail::refused_stream{};
  }

  // -- several streams
  // -----------------------------------------------------------------------------

  /// The records of all streams together. Order holds per stream only.
  template <class... Others>
    requires(std::same_as<Others, data_stream> && ...)
  data_stream union_with(const Others&... others) const {
    if (((others.program_ != program_) || ...))
      throw plan_error("streams of different environments cannot be united");
    auto all = origins_;
    (all.insert(all.end(), others.origins_.begin(), others.origins_.end()), ...);
    return data_stream(program_, std::move(all));
  }
  template <class... Others>
  auto union_with(const Others&...) const {
    static_assert((detail::same_or_refused<Others, data_stream> && ...),
                  "union_with(others...): all streams of a union must have records of one type; "
                  "connect() takes two streams of different types");
    return detail::refused_stream{};
  }

  /// Two streams of perhaps different types, to be processed by one operator.
  template <class U>
  connected_streams<T, U> connect(const data_stream<U>& other) const;
  detail::refused_stream connect(const detail::refused_stream&) const { return {}; }

  /// Side output `tag` of the operator that this stream is the main output of.
  template <class U>
  data_stream<U> get_side_output(const output_tag<U>& tag) const {
    auto id = operator_node().id;
    auto port = program_->side_output_port(id, tag.name(), element_type_of<U>());
    return data_stream<U>(program_, {{id, port}});
  }

  /// The start of a feedback loop; `close_with` its end. Records that come back are read like
  /// the stream's own. Once the stream's own records have ended, so does the loop as soon as it is
  /// empty. With `max_idle` it stays open until no record has come back for that long: for loops
  /// in which an operator holds records for a while (by timers, say).
  iterative_stream<T> iterate(std::optional<duration> max_idle = std::nullopt) const;

  // -- how records are spread over the next operator's subtasks
  // --------------------------------------

  data_stream forward() const { return partitioned(partitioning::forward); }
  data_stream rebalance() const { return partitioned(partitioning::rebalance); }
  data_stream rescale() const { return partitioned(partitioning::rescale); }
  data_stream shuffle() const { return partitioned(partitioning::shuffle); }
  data_stream broadcast() const { return partitioned(partitioning::broadcast); }
  data_stream global() const { return partitioned(partitioning::global); }

  /// `p(key, n) -> [0, n)` chooses the subtask, by the key that `key_of` selects.
  template <class P, class KeyF>
    requires custom_partitioning<P, KeyF, T>
  data_stream partition_custom(P p, KeyF key_of) const {
    auto result = partitioned(partitioning::custom);
    for (auto& o : result.origins_)
      o.partitioner = [p, key_of](std::uint32_t n, std::uint32_t, bool) {
        return std::make_unique<ops::custom_partitioner<T, P, KeyF>>(p, key_of, n);
      };
    return result;
  }
  template <class P, class KeyF>
    requires(!custom_partitioning<P, KeyF, T>)
  auto partition_custom(P, KeyF) const {
    static_assert(custom_partitioning<P, KeyF, T>,
                  "partition_custom(p, key_of): key_of must take a record (const T&) and return "
                  "its key; p must take the key and the number of partitions and return one");
    return detail::refused_stream{};
  }

  // -- event time
  // ----------------------------------------------------------------------------------

  /// Tells event time in the middle of a stream; at the source (`from_source`) it is told per
  /// split.
  data_stream assign_timestamps_and_watermarks(const watermark_strategy<T>& strategy) const {
    return add<T>("timestamps/watermarks", [s = strategy.settings()] {
      return std::make_unique<ops::watermark_operator>(s);
    });
  }

  // -- sinks
  // ---------------------------------------------------------------------------------------

  stream_sink sink_to(sink_ptr<T> to) const {
    if (!to) throw plan_error("sink_to: there is no sink");
    auto n = make_node(to->name(), node_kind::sink,
                       [to] { return std::make_unique<ops::sink_operator>(to); });
    n.fixed_parallelism = to->fixed_parallelism();
    n.sink = to;
    return stream_sink(program_, program_->add(std::move(n), {origins_}));
  }
  template <class S>
    requires(!std::convertible_to<S, sink_ptr<T>>)
  auto sink_to(S) const {
    static_assert(std::convertible_to<S, sink_ptr<T>>,
                  "sink_to(to): the sink takes records of another type than the stream's");
    return detail::refused_stream{};
  }

  /// `f(const T&)`, or an object with `invoke(const T&)`: called for each record. A copy per
  /// subtask.
  template <sink_function<T> F>
  stream_sink add_sink(F f) const {
    auto n = make_node("sink", node_kind::sink,
                       [f] { return std::make_unique<ops::function_sink_operator<T, F>>(f); });
    return stream_sink(program_, program_->add(std::move(n), {origins_}));
  }
  template <class F>
  auto add_sink(F) const {
    static_assert(sink_function<F, T>,
                  "add_sink(f): f must be copyable and take, or have an invoke() that takes, a "
                  "record (const T&)");
    return detail::refused_stream{};
  }

  /// Prints each record on a line of standard output.
  stream_sink print(std::string prefix = {}) const {
    return sink_to(std::make_shared<print_sink<T>>(print_options{std::move(prefix), false}));
  }
  stream_sink print_to_error(std::string prefix = {}) const {
    return sink_to(std::make_shared<print_sink<T>>(print_options{std::move(prefix), true}));
  }

  /// Sends each record, as a line of text, to a TCP server.
  stream_sink write_to_socket(std::string host, std::uint16_t port) const {
    return map([](const T& r) { return to_text(r); })
      .sink_to(make_socket_text_sink(std::move(host), port));
  }

  // -- running
  // -------------------------------------------------------------------------------------

  /// Runs the program and gives this stream's records. Errors: as `execute()`.
  std::vector<T> execute_and_collect(std::string job_name = {}) const {
    return collect(std::move(job_name)).to_vector();
  }

  /// Starts the program and gives this stream's records while it runs.
  result_range<T> collect(std::string job_name = {}) const {
    auto queue = std::make_shared<collect_queue<T>>();
    sink_to(std::make_shared<collect_sink<T>>(queue));
    auto graph = program_->pending();
    if (!job_name.empty()) graph.config.name = std::move(job_name);
    graph.config.caller_waits = true; // whoever reads the results
    auto job = make_job_graph(graph);
    program_->mark_executed();
    return result_range<T>(queue, job_handle(default_executor().submit(std::move(job))));
  }

  // -- for other parts of the API
  // ------------------------------------------------------------------

  /// The node that this stream is the main output of.
  stream_node& operator_node() const {
    if (origins_.size() != 1 || origins_[0].how || origins_[0].port != 0)
      throw plan_error(
        "this stream is not the output of one operator: set names, uids and the like, and "
        "ask for side outputs, right after the call that adds the operator");
    return program_->node(origins_[0].from);
  }

  const std::shared_ptr<detail::program>& program() const noexcept { return program_; }
  const std::vector<detail::stream_origin>& origins() const noexcept { return origins_; }

  /// Adds an operator that reads this stream. `make` makes an instance of it.
  template <class Out>
  data_stream<Out> add(std::string name, operator_factory make) const {
    auto n = make_node(std::move(name), node_kind::operation, std::move(make));
    n.output = &element_type_of<Out>();
    return data_stream<Out>(program_, {{program_->add(std::move(n), {origins_})}});
  }

  /// The same for an operator with side outputs, which are known when the program is complete.
  template <class Out, class Make>
  data_stream<Out> add_with_sides(std::string name, Make make) const {
    auto result = add<Out>(std::move(name), nullptr);
    result.operator_node().make_with_sides = std::move(make);
    return result;
  }

private:
  static stream_node make_node(std::string name, node_kind kind, operator_factory make) {
    stream_node n;
    n.kind = kind;
    n.name = std::move(name);
    n.make = std::move(make);
    return n;
  }

  data_stream partitioned(partitioning how) const {
    auto result = *this;
    for (auto& o : result.origins_) {
      o.how = how;
      o.partitioner = nullptr;
      o.send_hashes = false;
    }
    return result;
  }

  std::shared_ptr<detail::program> program_;
  std::vector<detail::stream_origin> origins_;
};

/// A feedback loop's start: a stream of `T` whose records come from outside and from the loop's
/// end.
template <class T>
class iterative_stream : public data_stream<T> {
public:
  using data_stream<T>::data_stream;

  /// As of any stream, and it can still be closed.
  iterative_stream name(std::string name) const {
    data_stream<T>::name(std::move(name));
    return *this;
  }
  iterative_stream uid(std::string uid) const {
    data_stream<T>::uid(std::move(uid));
    return *this;
  }

  /// Sends the records of `feedback` back to the start. May be called for several streams.
  data_stream<T> close_with(const data_stream<T>& feedback) const {
    auto& head = this->operator_node();
    for (auto& o : feedback.origins()) {
      stream_edge e;
      e.from = o.from;
      e.port = o.port;
      e.how = o.how;
      e.partitioner = o.partitioner;
      e.send_hashes = o.send_hashes;
      e.feedback = true;
      head.inputs.push_back(std::move(e));
    }
    return feedback;
  }
  template <class U>
    requires(!std::convertible_to<const U&, data_stream<T>>)
  auto close_with(const U&) const {
    static_assert(detail::same_or_refused<U, data_stream<T>>,
                  "close_with(feedback): the records that come back must be of the type that the "
                  "loop started with");
    return detail::refused_stream{};
  }
};

template <class T>
iterative_stream<T> data_stream<T>::iterate(std::optional<duration> max_idle) const {
  auto n = make_node("iterate", node_kind::iteration_head, nullptr);
  n.output = &element_type_of<T>();
  n.max_idle = max_idle;
  return iterative_stream<T>(program_, {{program_->add(std::move(n), {origins_})}});
}

} // namespace sluice
