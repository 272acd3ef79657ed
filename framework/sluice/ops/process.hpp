/// The operators behind `process`: user functions with full control over time, state and outputs.
#pragma once

#include "sluice/ops/keyed_operator.hpp"
#include "sluice/ops/output_tag.hpp"
#include "sluice/ops/timer_service.hpp"
#include "sluice/state/keyed_state.hpp"

#include <algorithm>
#include <optional>
#include <typeinfo>

namespace sluice {

/// Collectors of an operator's side outputs. Owner: one operator.
class side_outputs {
public:
  explicit side_outputs(std::vector<side_output> outputs) : outputs_(std::move(outputs)) {}

  std::size_t size() const noexcept { return outputs_.size(); }

  /// Binds side output i to port i + 1 of `ports`.
  void bind(std::vector<output_port>& ports) { ports_ = &ports; }

  template <class T>
  collector<T>& of(const output_tag<T>& tag) {
    for (auto& s : slots_)
      if (s->name == tag.name()) {
        if (*s->type != typeid(T)) throw_wrong_type(tag.name());
        return static_cast<slot<T>&>(*s).out;
      }
    return add(tag);
  }

  void set_time(timestamp time) noexcept {
    time_ = time;
    for (auto& s : slots_) s->set_time(time);
  }
  void clear_time() noexcept {
    time_.reset();
    for (auto& s : slots_) s->clear_time();
  }
  void flush() {
    for (auto& s : slots_) s->flush();
  }

private:
  struct slot_base {
    virtual ~slot_base() = default;
    virtual void set_time(timestamp) = 0;
    virtual void clear_time() = 0;
    virtual void flush() = 0;
    std::string name;
    const std::type_info* type = nullptr;
  };

  template <class T>
  struct slot final : slot_base {
    void set_time(timestamp t) override { out.set_time(t); }
    void clear_time() override { out.clear_time(); }
    void flush() override { out.flush(); }
    collector<T> out;
  };

  template <class T>
  collector<T>& add(const output_tag<T>& tag) {
    auto fresh = std::make_unique<slot<T>>();
    fresh->name = tag.name();
    fresh->type = &typeid(T);
    fresh->out.bind(port_of(tag.name(), element_type_of<T>()));
    if (time_) fresh->out.set_time(*time_);
    slots_.push_back(std::move(fresh));
    return static_cast<slot<T>&>(*slots_.back()).out;
  }

  /// The port of the side output; one that nobody reads is connected to nothing.
  output_port& port_of(const std::string& name, const element_type& type);
  [[noreturn]] static void throw_wrong_type(const std::string& name);

  std::vector<side_output> outputs_;
  std::vector<output_port>* ports_ = nullptr;
  std::vector<std::unique_ptr<slot_base>> slots_;
  std::optional<timestamp> time_;
  output_port unread_;
};

/// What a process function may ask its task when it is opened. Lives as long as the task.
class runtime_context {
public:
  explicit runtime_context(operator_context& context) : context_(&context) {}

  const std::string& job_name() const noexcept { return context_->job_name(); }
  const std::string& operator_name() const noexcept { return context_->operator_name(); }
  std::uint32_t subtask() const noexcept { return context_->subtask(); }
  std::uint32_t parallelism() const noexcept { return context_->parallelism(); }
  std::shared_ptr<counter> make_counter(const std::string& name) {
    return context_->make_counter(name);
  }

protected:
  operator_context* context_;
};

/// `runtime_context` of a function on a keyed stream: also gives its states.
template <class K>
class keyed_runtime_context : public runtime_context {
public:
  keyed_runtime_context(operator_context& context, keyed_state_store<K>& store)
    : runtime_context(context), store_(&store) {}

  /// The state that `descriptor` describes. REQUIRES: called from the function's `open`.
  template <class Descriptor>
  auto state(const Descriptor& descriptor) {
    return store_->state(descriptor);
  }

private:
  keyed_state_store<K>* store_;
};

/// What a process function sees besides its record.
class process_context {
public:
  process_context(const timestamp& watermark, side_outputs& sides, operator_context& context)
    : watermark_(&watermark), sides_(&sides), context_(&context) {}

  /// Event time of the record (or timer) at hand, if the stream has timestamps.
  std::optional<timestamp> event_time() const noexcept { return time_; }
  timestamp current_watermark() const noexcept { return *watermark_; }
  timestamp processing_time() const noexcept { return context_->processing_clock().now(); }

  /// Emits to a side output.
  template <class T, class U = T>
  void output(const output_tag<T>& tag, U&& value) {
    sides_->of(tag).collect(std::forward<U>(value));
  }

  void set_time(std::optional<timestamp> time) noexcept { time_ = time; }

private:
  std::optional<timestamp> time_;
  const timestamp* watermark_;
  side_outputs* sides_;
  operator_context* context_;
};

/// Timers of the current key. Times are microseconds since the epoch, `std::chrono` durations since
/// it, or time points of the system clock.
template <class K>
class timer_service {
public:
  timer_service(timer_queue<K>& event, timer_queue<K>& processing, keyed_state_store<K>& store,
                operator_context& context)
    : event_(&event), processing_(&processing), store_(&store), context_(&context) {}

  /// Fires once the watermark reaches `time`; one timer per key and time.
  void register_event_time_timer(time_like auto at) {
    auto time = to_timestamp(at);
    event_->add(time, store_->current_key(), store_->current_hash());
  }
  void delete_event_time_timer(time_like auto at) {
    auto time = to_timestamp(at);
    event_->remove(time, store_->current_key(), store_->current_hash());
  }
  /// Fires once the machine's clock reaches `time`.
  void register_processing_time_timer(time_like auto at) {
    auto time = to_timestamp(at);
    processing_->add(time, store_->current_key(), store_->current_hash());
    context_->request_processing_time(time);
  }
  void delete_processing_time_timer(time_like auto at) {
    auto time = to_timestamp(at);
    processing_->remove(time, store_->current_key(), store_->current_hash());
  }

private:
  timer_queue<K>* event_;
  timer_queue<K>* processing_;
  keyed_state_store<K>* store_;
  operator_context* context_;
};

/// `process_context` on a keyed stream.
template <class K>
class keyed_process_context : public process_context {
public:
  keyed_process_context(const timestamp& watermark, side_outputs& sides, operator_context& context,
                        timer_service<K> timers, keyed_state_store<K>& store)
    : process_context(watermark, sides, context), timers_(timers), store_(&store) {}

  const K& current_key() const noexcept { return store_->current_key(); }
  sluice::timer_service<K>& timers() noexcept { return timers_; }

  /// Whether the timer that is firing (in `on_timer`) is one of event time.
  bool event_time_timer() const noexcept { return event_timer_; }
  void set_event_timer(bool value) noexcept { event_timer_ = value; }

private:
  sluice::timer_service<K> timers_;
  keyed_state_store<K>* store_;
  bool event_timer_ = false;
};

namespace ops {

/// Applies a non-keyed process function: a callable `(const In&, process_context&,
/// collector<Out>&)` or an object with `process_element` of that shape, and optionally
/// `open(runtime_context&)` and `finish(collector<Out>&)`.
template <class In, class Out, class F>
class process_operator final : public stream_operator {
public:
  process_operator(F f, std::vector<side_output> sides)
    : f_(std::move(f)), sides_(std::move(sides)) {
    ports_.resize(1 + sides_.size());
  }

  void open(operator_context& context) override {
    stream_operator::open(context);
    out_.bind(ports_[0]);
    sides_.bind(ports_);
    process_.emplace(watermark_, sides_, context);
    if constexpr (requires(runtime_context& c) { f_.open(c); }) {
      runtime_context user(context);
      detail::guarded({}, [&] { f_.open(user); });
    }
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<In>(b);
    auto timed = in.has_timestamps();
    if (!timed) {
      out_.clear_time();
      sides_.clear_time();
      process_->set_time({});
    }
    detail::for_each_record(b, in.size(), [&](std::size_t i) {
      if (timed) {
        out_.set_time(in.time_of(i));
        sides_.set_time(in.time_of(i));
        process_->set_time(in.time_of(i));
      }
      if constexpr (requires { f_.process_element(std::as_const(in[i]), *process_, out_); })
        f_.process_element(std::as_const(in[i]), *process_, out_);
      else
        std::invoke(f_, std::as_const(in[i]), *process_, out_);
    });
    flush();
  }

  void on_watermark(timestamp w, bool exact) override {
    watermark_ = w;
    forward_watermark(w, exact);
  }

  void finish() override {
    if constexpr (requires { f_.finish(out_); }) {
      detail::guarded({}, [&] { f_.finish(out_); });
      flush();
    }
  }

  bool may_expand() const noexcept override { return true; }

private:
  void flush() {
    out_.flush();
    sides_.flush();
  }

  F f_;
  collector<Out> out_;
  side_outputs sides_;
  timestamp watermark_ = min_timestamp;
  std::optional<process_context> process_;
};

/// State, timers and outputs of keyed process operators with one or two inputs.
template <class K, class Out, class F>
class keyed_process_base : public stream_operator {
public:
  keyed_process_base(F f, std::vector<side_output> sides)
    : f_(std::move(f)), sides_(std::move(sides)) {
    ports_.resize(1 + sides_.size());
  }

  void open(operator_context& context) override {
    stream_operator::open(context);
    out_.bind(ports_[0]);
    sides_.bind(ports_);
    store_.emplace(states_, context.key_groups(), context.max_parallelism(),
                   context.processing_clock());
    event_timers_.emplace(context.key_groups(), context.max_parallelism());
    processing_timers_.emplace(context.key_groups(), context.max_parallelism());
    states_.add("event-time timers", &event_timers_->entry());
    states_.add("processing-time timers", &processing_timers_->entry());
    process_.emplace(watermark_, sides_, context,
                     timer_service<K>(*event_timers_, *processing_timers_, *store_, context),
                     *store_);
    if constexpr (requires(keyed_runtime_context<K>& c) { f_.open(c); }) {
      keyed_runtime_context<K> user(context, *store_);
      detail::guarded({}, [&] { f_.open(user); });
    }
  }

  void restored() override {
    event_timers_->restored();
    processing_timers_->restored();
    if (auto next = processing_timers_->next()) context_->request_processing_time(*next);
  }

  void on_watermark(timestamp w, bool exact) override {
    watermark_ = w;
    process_->set_event_timer(true);
    event_timers_->advance(
      w, [&](timestamp t, const K& key, std::uint64_t hash) { fire(t, key, hash, true); });
    flush();
    forward_watermark(w, exact);
  }

  void on_processing_time(timestamp now) override {
    process_->set_event_timer(false);
    processing_timers_->advance(
      now, [&](timestamp t, const K& key, std::uint64_t hash) { fire(t, key, hash, false); });
    if (auto next = processing_timers_->next()) context_->request_processing_time(*next);
    flush();
  }

  void finish() override {
    if (context_->mode() == execution_mode::batch) on_processing_time(max_timestamp);
    if constexpr (requires { f_.finish(out_); }) {
      detail::guarded({}, [&] { f_.finish(out_); });
      flush();
    }
  }

  void finish_keys() override {
    // Both kinds of timers fire, in the order in which they do at the end of input.
    watermark_ = max_timestamp;
    process_->set_event_timer(true);
    event_timers_->advance(max_timestamp, [&](timestamp t, const K& key, std::uint64_t hash) {
      fire(t, key, hash, true);
    });
    on_processing_time(max_timestamp);
    flush();
    forget_keys();
  }

  void forget_keys() override {
    states_.clear();
    event_timers_->restored();
    processing_timers_->restored();
    watermark_ = min_timestamp;
  }

  bool may_expand() const noexcept override { return true; }

protected:
  /// Runs `body(i)` for each record with key, time and outputs set.
  template <class In, class KeyF, class Body>
  void run(typed_batch<In>& in, key_access<In, KeyF>& key_of, Body&& body) {
    auto timed = in.has_timestamps();
    if (!timed) {
      out_.clear_time();
      sides_.clear_time();
      process_->set_time({});
    }
    auto n = in.size();
    const auto* hashes = key_of.hashes(in);
    if (store_->has_states())
      for (std::size_t i = 0; i < std::min(n, prefetch_distance); ++i) store_->prefetch(hashes[i]);
    detail::for_each_record(in, n, [&](std::size_t i) {
      if (i + prefetch_distance < n) store_->prefetch(hashes[i + prefetch_distance]);
      if (timed) {
        out_.set_time(in.time_of(i));
        sides_.set_time(in.time_of(i));
        process_->set_time(in.time_of(i));
      }
      decltype(auto) key = key_of(in[i]);
      store_->set_current(key, hashes[i]);
      body(i);
    });
    flush();
  }

  void flush() {
    out_.flush();
    sides_.flush();
  }

  F f_;
  collector<Out> out_;
  side_outputs sides_;
  timestamp watermark_ = min_timestamp;
  std::optional<keyed_state_store<K>> store_;
  std::optional<timer_queue<K>> event_timers_;
  std::optional<timer_queue<K>> processing_timers_;
  std::optional<keyed_process_context<K>> process_;

private:
  void fire(timestamp time, const K& key, std::uint64_t hash, bool event) {
    if constexpr (requires { f_.on_timer(time, *process_, out_); }) {
      store_->set_current(key, hash);
      process_->set_time(event ? std::optional(time) : std::nullopt);
      if (event) {
        out_.set_time(time);
        sides_.set_time(time);
      } else {
        out_.clear_time();
        sides_.clear_time();
      }
      detail::guarded(time, [&] { f_.on_timer(time, *process_, out_); });
    }
  }
};

/// Applies a keyed process function: an object with `process_element(const In&,
/// keyed_process_context<K>&, collector<Out>&)` and optionally `open(keyed_runtime_context<K>&)`,
/// `on_timer(timestamp, keyed_process_context<K>&, collector<Out>&)`, `finish(collector<Out>&)`.
template <class In, class Out, class KeyF, class F>
class keyed_process_operator final
  : public keyed_process_base<typename key_access<In, KeyF>::key, Out, F> {
public:
  using base = keyed_process_base<typename key_access<In, KeyF>::key, Out, F>;

  keyed_process_operator(KeyF key_of, F f, std::vector<side_output> sides)
    : base(std::move(f), std::move(sides)), key_of_(std::move(key_of)) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<In>(b);
    this->run(in, key_of_, [&](std::size_t i) {
      if constexpr (requires {
                      this->f_.process_element(std::as_const(in[i]), *this->process_, this->out_);
                    })
        this->f_.process_element(std::as_const(in[i]), *this->process_, this->out_);
      else
        std::invoke(this->f_, std::as_const(in[i]), *this->process_, this->out_);
    });
  }

private:
  key_access<In, KeyF> key_of_;
};

/// Two keyed inputs that share state: `process_element1`, `process_element2`.
template <class In1, class In2, class Out, class KeyF1, class KeyF2, class F>
class keyed_co_process_operator final
  : public keyed_process_base<typename key_access<In1, KeyF1>::key, Out, F> {
public:
  using base = keyed_process_base<typename key_access<In1, KeyF1>::key, Out, F>;

  keyed_co_process_operator(KeyF1 key1, KeyF2 key2, F f, std::vector<side_output> sides)
    : base(std::move(f), std::move(sides)), key1_(std::move(key1)), key2_(std::move(key2)) {}

  void process(batch& b, std::uint32_t input) override {
    if (input == 0) {
      auto& in = batch_as<In1>(b);
      this->run(in, key1_, [&](std::size_t i) {
        this->f_.process_element1(std::as_const(in[i]), *this->process_, this->out_);
      });
    } else {
      auto& in = batch_as<In2>(b);
      this->run(in, key2_, [&](std::size_t i) {
        this->f_.process_element2(std::as_const(in[i]), *this->process_, this->out_);
      });
    }
  }

private:
  key_access<In1, KeyF1> key1_;
  key_access<In2, KeyF2> key2_;
};

/// Two inputs without keys: `process_element1`, `process_element2`, optionally `open`, `finish`.
template <class In1, class In2, class Out, class F>
class co_process_operator final : public stream_operator {
public:
  co_process_operator(F f, std::vector<side_output> sides)
    : f_(std::move(f)), sides_(std::move(sides)) {
    ports_.resize(1 + sides_.size());
  }

  void open(operator_context& context) override {
    stream_operator::open(context);
    out_.bind(ports_[0]);
    sides_.bind(ports_);
    process_.emplace(watermark_, sides_, context);
    if constexpr (requires(runtime_context& c) { f_.open(c); }) {
      runtime_context user(context);
      detail::guarded({}, [&] { f_.open(user); });
    }
  }

  void process(batch& b, std::uint32_t input) override {
    if (input == 0)
      run(batch_as<In1>(b), [&](const In1& x) { f_.process_element1(x, *process_, out_); });
    else
      run(batch_as<In2>(b), [&](const In2& x) { f_.process_element2(x, *process_, out_); });
  }

  void on_watermark(timestamp w, bool exact) override {
    watermark_ = w;
    forward_watermark(w, exact);
  }

  void finish() override {
    if constexpr (requires { f_.finish(out_); }) {
      detail::guarded({}, [&] { f_.finish(out_); });
      out_.flush();
      sides_.flush();
    }
  }

  bool may_expand() const noexcept override { return true; }

private:
  template <class In, class Call>
  void run(typed_batch<In>& in, Call&& call) {
    auto timed = in.has_timestamps();
    if (!timed) {
      out_.clear_time();
      sides_.clear_time();
      process_->set_time({});
    }
    detail::for_each_record(in, in.size(), [&](std::size_t i) {
      if (timed) {
        out_.set_time(in.time_of(i));
        sides_.set_time(in.time_of(i));
        process_->set_time(in.time_of(i));
      }
      call(std::as_const(in[i]));
    });
    out_.flush();
    sides_.flush();
  }

  F f_;
  collector<Out> out_;
  side_outputs sides_;
  timestamp watermark_ = min_timestamp;
  std::optional<process_context> process_;
};

} // namespace ops
} // namespace sluice
