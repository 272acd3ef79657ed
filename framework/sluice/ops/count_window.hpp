/// Windows that do not go by time: every so many records of a key, or all of them.
#pragma once

#include "sluice/ops/window.hpp"

#include <numeric>

namespace sluice::ops {

/// What the operators of this file share: one table with a `Value` per key.
template <class T, class KeyF, class Contents, class Emitter, class Out, class Value>
class table_window_operator : public stream_operator {
public:
  using key = typename key_access<T, KeyF>::key;
  using accumulator = typename Contents::accumulator;

  table_window_operator(KeyF key_of, Contents contents, Emitter emitter)
    : contents_(std::move(contents)), emitter_(std::move(emitter)), key_of_(std::move(key_of)) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    out_.bind(ports_[0]);
    entry_.emplace(context.key_groups(), context.max_parallelism());
    states_.add("windows", &*entry_);
  }

  void on_watermark(timestamp w, bool exact) override {
    time_ = std::max(time_, w);
    forward_watermark(w, exact);
  }

  void finish_keys() override { forget_keys(); }

  void forget_keys() override {
    states_.clear();
    time_ = min_timestamp;
  }

protected:
  /// Calls `body(i, record, key, hash)` for each record.
  template <class Body>
  void for_each_keyed(typed_batch<T>& in, Body&& body) {
    const auto* hashes = key_of_.hashes(in);
    if (!in.has_timestamps()) out_.clear_time();
    for_each_prefetched(entry_->table(), in, in.size(), hashes,
                        [&](std::size_t i, std::uint64_t hash) {
                          const auto& record = in[i];
                          body(i, record, key_of_(record), hash);
                        });
  }

  /// Emits what `acc` holds, with the time of the record that completed the window.
  void emit(const key& k, const accumulator& acc, const typed_batch<T>& in, std::size_t i) {
    if (in.has_timestamps()) out_.set_time(in.time_of(i));
    emitter_.emit(k, window_context{{}, time_}, contents_.view_of(acc), out_);
  }

  Contents contents_;
  Emitter emitter_;
  key_access<T, KeyF> key_of_;
  collector<Out> out_;
  std::optional<keyed_table_entry<key, Value>> entry_;
  timestamp time_ = min_timestamp;
};

/// Fires for a key after every `size` of its records and forgets them. Results have the timestamp
/// of the record that completed the window, if the stream has timestamps. (Flink gives them the end
/// of time, with which no window downstream can do anything.) Incomplete windows never fire.
template <class T, class KeyF, class Contents, class Emitter, class Out>
class count_window_operator final
  : public table_window_operator<T, KeyF, Contents, Emitter, Out,
                                 std::pair<std::uint64_t, typename Contents::accumulator>> {
  using accumulator = typename Contents::accumulator;
  using base
    = table_window_operator<T, KeyF, Contents, Emitter, Out, std::pair<std::uint64_t, accumulator>>;

public:
  count_window_operator(KeyF key_of, Contents contents, Emitter emitter, std::uint64_t size)
    : base(std::move(key_of), std::move(contents), std::move(emitter)), size_(size) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<T>(b);
    auto& table = this->entry_->table();
    this->for_each_keyed(
      in, [&](std::size_t i, const T& record, const auto& k, std::uint64_t hash) {
        auto [stored, fresh] = table.find_or_insert(hash, k, [&] {
          return std::pair<std::uint64_t, accumulator>(0, this->contents_.first(record));
        });
        if (!fresh) this->contents_.add(stored->second, record);
        if (++stored->first < size_) return;
        this->emit(k, stored->second, in, i);
        table.erase(hash, k);
      });
    this->out_.flush();
  }

private:
  std::uint64_t size_;
};

/// The last records of a key, in panes that windows share.
template <class Acc>
struct count_ring {
  std::uint64_t in_pane = 0;   ///< records in the newest pane; 0: the next record starts one
  std::uint64_t num_panes = 0; ///< whole panes since the last firing
  std::uint64_t oldest = 0;    ///< index of the oldest pane
  std::vector<Acc> panes;
};

/// Fires for a key after every `slide` of its records over its last `size`, or over as many as
/// there have been so far. Panes are of gcd(size, slide) records.
template <class T, class KeyF, class Contents, class Emitter, class Out>
class sliding_count_window_operator final
  : public table_window_operator<T, KeyF, Contents, Emitter, Out,
                                 count_ring<typename Contents::accumulator>> {
  using accumulator = typename Contents::accumulator;
  using ring = count_ring<accumulator>;
  using base = table_window_operator<T, KeyF, Contents, Emitter, Out, ring>;

public:
  sliding_count_window_operator(KeyF key_of, Contents contents, Emitter emitter, std::uint64_t size,
                                std::uint64_t slide)
    : base(std::move(key_of), std::move(contents), std::move(emitter)),
      pane_(std::gcd(size, slide)), panes_per_window_(size / pane_),
      panes_per_slide_(slide / pane_) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<T>(b);
    auto& table = this->entry_->table();
    this->for_each_keyed(in,
                         [&](std::size_t i, const T& record, const auto& k, std::uint64_t hash) {
                           auto& r = *table.find_or_insert(hash, k, [] { return ring{}; }).first;
                           add(r, record);
                           if (++r.in_pane < pane_) return;
                           r.in_pane = 0;
                           if (++r.num_panes < panes_per_slide_) return;
                           r.num_panes = 0;
                           this->emit(k, merged(r), in, i);
                         });
    this->out_.flush();
  }

private:
  void add(ring& r, const T& record) {
    if (r.in_pane > 0) {
      auto newest = r.oldest == 0 ? r.panes.size() - 1 : r.oldest - 1;
      this->contents_.add(r.panes[newest], record);
    } else if (r.panes.size() < panes_per_window_) {
      r.panes.push_back(this->contents_.first(record));
    } else {
      r.panes[r.oldest] = this->contents_.first(record);
      r.oldest = (r.oldest + 1) % panes_per_window_;
    }
  }

  accumulator merged(const ring& r) {
    auto sum = r.panes[r.oldest];
    for (std::size_t i = 1; i < r.panes.size(); ++i)
      this->contents_.merge(sum, r.panes[(r.oldest + i) % r.panes.size()]);
    return sum;
  }

  std::uint64_t pane_;
  std::uint64_t panes_per_window_;
  std::uint64_t panes_per_slide_;
};

/// All records of a key; fires once, at the end of the input, with the timestamp of the end of
/// time.
template <class T, class KeyF, class Contents, class Emitter, class Out>
class global_window_operator final
  : public table_window_operator<T, KeyF, Contents, Emitter, Out, typename Contents::accumulator> {
  using accumulator = typename Contents::accumulator;
  using base = table_window_operator<T, KeyF, Contents, Emitter, Out, accumulator>;

public:
  using base::base;

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<T>(b);
    auto& table = this->entry_->table();
    this->for_each_keyed(in, [&](std::size_t, const T& record, const auto& k, std::uint64_t hash) {
      auto [acc, fresh]
        = table.find_or_insert(hash, k, [&] { return this->contents_.first(record); });
      if (!fresh) this->contents_.add(*acc, record);
    });
  }

  void on_watermark(timestamp w, bool exact) override {
    if (w == max_timestamp) fire();
    base::on_watermark(w, exact);
  }

  void finish() override { fire(); }

  void finish_keys() override {
    this->time_ = max_timestamp;
    fire();
    this->forget_keys();
  }

private:
  void fire() {
    auto& table = this->entry_->table();
    this->out_.set_time(max_timestamp);
    detail::guarded(std::nullopt, [&] {
      table.for_each([&](const typename base::key& k, const accumulator& acc) {
        this->emitter_.emit(k, window_context{{}, this->time_}, this->contents_.view_of(acc),
                            this->out_);
      });
    });
    table.clear();
    this->out_.flush();
  }
};

} // namespace sluice::ops
