/// Session windows: records of a key that follow each other closely, in event or processing time.
#pragma once

#include "sluice/ops/window.hpp"

#include <algorithm>

namespace sluice {
namespace ops {

/// A session of one key as far as it is known.
template <class Acc>
struct session {
  time_window window;
  bool fired = false; ///< kept only for records that are late but allowed
  Acc value;
};

/// The sessions of one key in order of time; they never overlap or touch.
template <class Acc>
struct key_sessions {
  std::vector<session<Acc>> list;

  std::size_t memory_bytes() const {
    auto n = sizeof(*this);
    for (auto& s : list) n += sizeof(s) - sizeof(s.value) + memory_size(s.value);
    return n;
  }
  timestamp timer = max_timestamp; ///< when to look at the key again; derived, so not written
};

} // namespace ops

template <class Acc>
struct codec<ops::key_sessions<Acc>> {
  static void encode(byte_writer& out, const ops::key_sessions<Acc>& value) {
    out.varint(value.list.size());
    for (auto& s : value.list) {
      out.raw(s.window.start);
      out.raw(s.window.end);
      out.raw<std::uint8_t>(s.fired ? 1 : 0);
      encode_value(out, s.value);
    }
  }

  static ops::key_sessions<Acc> decode(byte_reader& in) {
    ops::key_sessions<Acc> result;
    for (auto n = in.count(2 * sizeof(timestamp) + 1); n > 0; --n) {
      time_window window;
      window.start = in.raw<timestamp>();
      window.end = in.raw<timestamp>();
      auto fired = decode_value<bool>(in);
      result.list.push_back({window, fired, decode_value<Acc>(in)});
    }
    return result;
  }

  static std::string schema() { return "sessions<" + schema_of<Acc>() + ">"; }
};

namespace ops {

struct session_window_settings {
  std::int64_t gap = 0;
  time_domain domain = time_domain::event;
  window_options options;
};

/// Windows that grow with each record and merge when a record closes the gap between two.
///
/// As in Flink, sessions that touch are one, and a record is late only if the session that it would
/// be part of is over. At the end of input all sessions fire, in both time domains.
///
/// Timers: a heap with (mostly) one item per key, for its earliest session. A session that has
/// grown since is looked at when its old end comes, and put back; so records do not touch the heap.
template <class T, class KeyF, class Contents, class Emitter, class Out>
class session_window_operator final : public stream_operator {
public:
  using key = typename key_access<T, KeyF>::key;
  using accumulator = typename Contents::accumulator;

  session_window_operator(KeyF key_of, Contents contents, Emitter emitter,
                          session_window_settings settings)
    : key_of_(std::move(key_of)), contents_(std::move(contents)), emitter_(std::move(emitter)),
      gap_(settings.gap), domain_(settings.domain), late_(settings.options.late_port) {
    if (domain_ == time_domain::event) lateness_ = settings.options.allowed_lateness.count();
    late_.open(ports_);
  }

  void open(operator_context& context) override {
    stream_operator::open(context);
    out_.bind(ports_[0]);
    entry_.emplace(context.key_groups(), context.max_parallelism());
    states_.add("sessions", &*entry_);
  }

  void restored() override {
    entry_->table().for_each(
      [&](const key& k, sessions& s) { set_timer(s, k, stable_hash(k), next_time(s)); });
    request_timer();
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<T>(b);
    if (in.empty()) return;
    if (domain_ == time_domain::event && !in.has_timestamps()) throw_no_timestamps();
    const auto* hashes = key_of_.hashes(in);
    auto now = domain_ == time_domain::event ? 0 : record_time();
    for_each_prefetched(entry_->table(), b, in.size(), hashes,
                        [&](std::size_t i, std::uint64_t hash) {
                          add(in, i, domain_ == time_domain::event ? in.time_of(i) : now, hash);
                        });
    out_.flush();
    late_.flush(ports_);
    request_timer();
  }

  void on_watermark(timestamp w, bool exact) override {
    if (domain_ == time_domain::event || w == max_timestamp) advance(w);
    forward_watermark(w, exact);
  }

  void on_processing_time(timestamp now) override {
    if (domain_ != time_domain::processing || now == min_timestamp) return;
    advance(now - 1);
    request_timer();
  }

  void finish() override { advance(max_timestamp); }

  void finish_keys() override {
    advance(max_timestamp);
    forget_keys();
  }

  void forget_keys() override {
    states_.clear();
    timers_.clear();
    time_ = min_timestamp;
  }

private:
  using sessions = key_sessions<accumulator>;

  struct timer {
    timestamp time;
    std::uint64_t hash;
    key k;
  };

  static bool later(const timer& a, const timer& b) noexcept { return a.time > b.time; }

  timestamp record_time() const {
    return std::max(context_->processing_clock().now(), saturating_add(time_, 1));
  }

  bool gone(const time_window& w) const noexcept {
    return time_ != min_timestamp && saturating_add(w.max_timestamp(), lateness_) <= time_;
  }

  void add(typed_batch<T>& in, std::size_t i, timestamp t, std::uint64_t hash) {
    const auto& record = in[i];
    decltype(auto) k = key_of_(record);
    auto [slot, added] = entry_->table().find_or_insert(hash, k, [] { return sessions{}; });
    auto& stored = *slot;
    auto& list = stored.list;
    time_window window{t, saturating_add(t, gap_)};
    auto first = std::find_if(list.begin(), list.end(),
                              [&](const auto& s) { return s.window.end >= window.start; });
    auto last = first;
    for (; last != list.end() && last->window.start <= window.end; ++last) {
      window.start = std::min(window.start, last->window.start);
      window.end = std::max(window.end, last->window.end);
    }
    if (gone(window)) {
      if (list.empty()) entry_->table().erase(hash, k);
      late_.add(*context_, in, i, i + 1);
      return;
    }
    if (first == last) {
      first = list.insert(first, {window, false, contents_.first(record)});
    } else {
      for (auto other = first + 1; other != last; ++other)
        contents_.merge(first->value, other->value);
      list.erase(first + 1, last);
      contents_.add(first->value, record);
      first->window = window;
    }
    first->fired = time_ != min_timestamp && window.max_timestamp() <= time_;
    if (first->fired) fire(k, *first);
    if (added || time_of(*first) < stored.timer) set_timer(stored, k, hash, time_of(*first));
  }

  /// When something is to be done about a session: fire it, or forget it.
  timestamp time_of(const session<accumulator>& s) const noexcept {
    auto max = s.window.max_timestamp();
    return s.fired ? saturating_add(max, lateness_) : max;
  }

  timestamp next_time(const sessions& s) const noexcept {
    auto next = max_timestamp;
    for (auto& one : s.list) next = std::min(next, time_of(one));
    return next;
  }

  void set_timer(sessions& s, const key& k, std::uint64_t hash, timestamp time) {
    s.timer = time;
    timers_.push_back({time, hash, k});
    std::push_heap(timers_.begin(), timers_.end(), later);
  }

  void request_timer() {
    if (domain_ == time_domain::processing && !timers_.empty())
      context_->request_processing_time(saturating_add(timers_.front().time, 1));
  }

  void advance(timestamp t) {
    if (t <= time_) return;
    time_ = t;
    while (!timers_.empty() && timers_.front().time <= t) {
      std::pop_heap(timers_.begin(), timers_.end(), later);
      auto due = std::move(timers_.back());
      timers_.pop_back();
      auto* stored = entry_->table().find_for_update(due.hash, due.k);
      if (!stored || stored->timer != due.time) continue; // the key was looked at earlier
      look_at(*stored, due);
    }
    out_.flush();
  }

  void look_at(sessions& stored, const timer& due) {
    for (auto& s : stored.list) {
      if (s.fired || s.window.max_timestamp() > due.time) continue;
      s.fired = true;
      detail::guarded(s.window.max_timestamp(), [&] { fire(due.k, s); });
    }
    std::erase_if(stored.list, [&](const auto& s) { return s.fired && time_of(s) <= due.time; });
    if (stored.list.empty())
      entry_->table().erase(due.hash, due.k);
    else
      set_timer(stored, due.k, due.hash, next_time(stored));
  }

  void fire(const key& k, const session<accumulator>& s) {
    out_.set_time(s.window.max_timestamp());
    emitter_.emit(k, window_context{s.window, time_}, contents_.view_of(s.value), out_);
  }

  key_access<T, KeyF> key_of_;
  Contents contents_;
  Emitter emitter_;
  std::int64_t gap_;
  time_domain domain_;
  std::int64_t lateness_ = 0;
  late_records<T> late_;
  collector<Out> out_;
  std::optional<keyed_table_entry<key, sessions>> entry_;
  std::vector<timer> timers_;
  timestamp time_ = min_timestamp; ///< how far time has come
};

} // namespace ops
} // namespace sluice
