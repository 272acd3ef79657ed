/// Tumbling and sliding windows, in event time and in processing time.
#pragma once

#include "sluice/ops/pane_store.hpp"
#include "sluice/ops/window.hpp"

#include <array>

namespace sluice::ops {

/// What an aligned window operator is told by the assigner and the windowed stream.
struct aligned_window_settings {
  pane_grid grid;
  time_domain domain = time_domain::event;
  window_options options;
};

/// Windows whose bounds are the same for all keys.
///
/// State is by pane first and by key second: a batch mostly hits one pane, so a record costs one
/// hash table access, and there is no timer per key. A window fires by walking the tables of its
/// panes. Windows that overlap share panes and merge them when they fire.
///
/// Time: in event time, the watermark. In processing time it has come to `now - 1` at `now`, so
/// that a window fires when its end is reached; allowed lateness does not apply. At the end of
/// input all windows fire, in both modes and time domains.
template <class T, class KeyF, class Contents, class Emitter, class Out>
class aligned_window_operator final : public stream_operator {
public:
  using key = typename key_access<T, KeyF>::key;
  using accumulator = typename Contents::accumulator;

  aligned_window_operator(KeyF key_of, Contents contents, Emitter emitter,
                          aligned_window_settings settings)
    : key_of_(std::move(key_of)), contents_(std::move(contents)), emitter_(std::move(emitter)),
      grid_(settings.grid), domain_(settings.domain), late_(settings.options.late_port) {
    if (domain_ == time_domain::event) lateness_ = settings.options.allowed_lateness.count();
    late_.open(ports_);
  }

  void open(operator_context& context) override {
    stream_operator::open(context);
    out_.bind(ports_[0]);
    store_.emplace(grid_, context.key_groups(), context.max_parallelism());
    states_.add("windows", &*store_);
  }

  void restored() override {
    for (auto& [start, pane] : store_->panes()) note_window_of(start);
    request_timer();
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<T>(b);
    if (in.empty()) return;
    auto n = in.size();
    const auto* hashes = hashes_of(in);
    if (domain_ == time_domain::processing) {
      auto now = record_time();
      for (std::size_t i = 0; i < n;) i = add_run(in, hashes, i, n, now);
    } else {
      if (!in.has_timestamps()) throw_no_timestamps();
      const auto* times = in.timestamps();
      for (std::size_t i = 0; i < n;) i = add_run(in, hashes, i, n, times[i]);
    }
    out_.flush();
    late_.flush(ports_);
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
    time_ = min_timestamp;
    next_window_ = max_timestamp;
    for (auto& recent : targets_) recent = {};
  }

private:
  using store = pane_store<key, accumulator>;
  using pane_type = typename store::pane;
  using table_type = group_table<key, accumulator>;

  static constexpr bool keyed = !std::is_same_v<KeyF, single_key>;

  /// Tables of more bytes than this do not fit the second-level cache.
  static constexpr std::size_t prefetch_above = 256 * 1024;

  /// What is to be done with a record of a pane.
  enum class verdict : std::uint8_t {
    none,   ///< it is in no window
    late,   ///< all its windows are gone
    refire, ///< a window of it has fired and is kept: it fires again
    add,
  };

  /// A pane that records of this moment go to. Forgotten whenever time advances.
  struct target_pane {
    pane_grid::pane bounds;
    verdict what = verdict::none;
    pane_type* to = nullptr;
  };

  const std::uint64_t* hashes_of(typed_batch<T>& in) {
    if constexpr (keyed) return key_of_.hashes(in);
    return nullptr;
  }

  std::uint64_t hash_of(const std::uint64_t* hashes, std::size_t i) const noexcept {
    if constexpr (keyed) return hashes[i];
    return stable_hash(key{});
  }

  /// Processing time never goes back, whatever the clock does.
  timestamp record_time() const {
    return std::max(context_->processing_clock().now(), saturating_add(time_, 1));
  }

  // -- taking records in
  // ----------------------------------------------------------------------------

  /// Handles the records from `begin` that are in the pane of the first, whose time is `t`. Returns
  /// the end of the run.
  std::size_t add_run(typed_batch<T>& in, const std::uint64_t* hashes, std::size_t begin,
                      std::size_t n, timestamp t) {
    if (store_->groups_differ()) [[unlikely]] {
      auto bounds = grid_.pane_of(t);
      auto now = store_->fired_through(store_->index_of(hash_of(hashes, begin)));
      handle(in, hashes, begin, begin + 1, {bounds, judge(bounds, now), nullptr}, now);
      return begin + 1;
    }
    auto& target = target_of(t);
    auto end = n;
    if (domain_ == time_domain::event) {
      const auto* times = in.timestamps();
      end = begin + 1;
      while (end < n && target.bounds.contains(times[end])) ++end;
    }
    handle(in, hashes, begin, end, target, time_);
    return end;
  }

  target_pane& target_of(timestamp t) {
    for (auto& recent : targets_)
      if (recent.bounds.contains(t)) return recent;
    auto& fresh = targets_[next_target_++ % targets_.size()];
    auto bounds = grid_.pane_of(t);
    fresh = {bounds, judge(bounds, time_), nullptr};
    if (fresh.what >= verdict::refire) fresh.to = &make_pane(bounds.start);
    return fresh;
  }

  verdict judge(const pane_grid::pane& bounds, timestamp now) const noexcept {
    if (!bounds.in_window) return verdict::none;
    if (now == min_timestamp) return verdict::add;
    auto last_max = grid_.window_max(grid_.last_window(bounds.start));
    if (saturating_add(last_max, lateness_) <= now) return verdict::late;
    if (lateness_ > 0 && grid_.window_max(grid_.first_window(bounds.start)) <= now)
      return verdict::refire;
    return verdict::add;
  }

  void handle(typed_batch<T>& in, const std::uint64_t* hashes, std::size_t begin, std::size_t end,
              const target_pane& target, timestamp now) {
    switch (target.what) {
    case verdict::none:
      return;
    case verdict::late:
      return late_.add(*context_, in, begin, end);
    case verdict::refire:
      return add_and_refire(in, hashes, begin, end, target.bounds, now);
    case verdict::add:
      auto& to = target.to ? *target.to : make_pane(target.bounds.start);
      if constexpr (!keyed)
        add_single(to, in, begin, end);
      else if (to.approximate_bytes() > prefetch_above)
        add_all<true>(to, in, hashes, begin, end);
      else
        add_all<false>(to, in, hashes, begin, end);
    }
  }

  template <bool Prefetch>
  void add_all(pane_type& to, typed_batch<T>& in, const std::uint64_t* hashes, std::size_t begin,
               std::size_t end) {
    auto& table = to.table;
    const auto* rows = in.data();
    if constexpr (Prefetch)
      for (auto i = begin; i < std::min(end, begin + prefetch_distance); ++i)
        table.prefetch(hashes[i]);
    std::size_t num_new = 0;
    detail::for_each_record(in, begin, end, [&](std::size_t i) {
      if constexpr (Prefetch)
        if (i + prefetch_distance < end) table.prefetch(hashes[i + prefetch_distance]);
      const auto& record = rows[i];
      auto [acc, fresh]
        = table.find_or_insert(hashes[i], key_of_(record), [&] { return contents_.first(record); });
      if (fresh) [[unlikely]]
        ++num_new;
      else
        contents_.add(*acc, record);
    });
    to.num_keys += num_new;
  }

  /// The one accumulator of a stream without keys is looked up once per run.
  void add_single(pane_type& to, typed_batch<T>& in, std::size_t begin, std::size_t end) {
    const auto* rows = in.data();
    accumulator* acc = nullptr;
    detail::for_each_record(in, begin, begin + 1, [&](std::size_t i) {
      acc = &add_one(to, rows[i], hash_of(nullptr, i));
    });
    detail::for_each_record(in, begin + 1, end,
                            [&](std::size_t i) { contents_.add(*acc, rows[i]); });
  }

  accumulator& add_one(pane_type& to, const T& record, std::uint64_t hash) {
    auto [acc, fresh]
      = to.table.find_or_insert(hash, key_of_(record), [&] { return contents_.first(record); });
    if (fresh)
      ++to.num_keys;
    else
      contents_.add(*acc, record);
    return *acc;
  }

  /// Late but allowed: each record makes the windows that have fired fire again for its key.
  void add_and_refire(typed_batch<T>& in, const std::uint64_t* hashes, std::size_t begin,
                      std::size_t end, const pane_grid::pane& bounds, timestamp now) {
    auto& to = make_pane(bounds.start);
    auto last = grid_.last_window(bounds.start);
    detail::for_each_record(in, begin, end, [&](std::size_t i) {
      auto hash = hash_of(hashes, i);
      add_one(to, in[i], hash);
      for (auto start = grid_.first_window(bounds.start);;
           start = saturating_add(start, grid_.slide())) {
        auto fired = grid_.window_max(start) <= now;
        auto kept = saturating_add(grid_.window_max(start), lateness_) > now;
        if (fired && kept) fire_key(start, key_of_(in[i]), hash);
        if (!fired || start >= last) break;
      }
    });
  }

  pane_type& make_pane(timestamp start) {
    auto [pane, fresh] = store_->find_or_make(start);
    if (fresh) {
      note_window_of(start);
      request_timer();
    }
    return pane;
  }

  // -- firing
  // ---------------------------------------------------------------------------------------

  /// Makes sure that the windows of a pane that are still to come will fire.
  void note_window_of(timestamp pane_start) noexcept {
    auto window = grid_.first_window(pane_start);
    auto last = grid_.last_window(pane_start);
    if (time_ != min_timestamp && grid_.window_max(window) <= time_)
      window = std::max(window, grid_.first_window(saturating_add(time_, 1)));
    if (window <= last) next_window_ = std::min(next_window_, window);
  }

  void request_timer() {
    if (domain_ == time_domain::processing && next_window_ != max_timestamp)
      context_->request_processing_time(grid_.window_end(next_window_));
  }

  void advance(timestamp t) {
    if (t <= time_) return;
    time_ = t;
    for (auto& recent : targets_) recent = {};
    auto& panes = store_->panes();
    while (next_window_ != max_timestamp && grid_.window_max(next_window_) <= t) {
      auto first = panes.lower_bound(next_window_);
      if (first == panes.end()) {
        next_window_ = max_timestamp;
      } else if (!in_window(first->first, grid_.window_end(next_window_))) {
        next_window_ = std::max(grid_.first_window(first->first), next_window_);
      } else {
        fire(next_window_, first);
        auto following = saturating_add(next_window_, grid_.slide());
        next_window_ = following == next_window_ ? max_timestamp : following;
      }
    }
    store_->set_fired_through(t);
    while (!panes.empty() && expiry_of(panes.begin()->first) <= t) store_->drop_first();
    out_.flush();
  }

  /// Whether a pane is before the end of a window; the end of time belongs to the last one.
  static bool in_window(timestamp pane_start, timestamp end) noexcept {
    return pane_start < end || end == max_timestamp;
  }

  /// When no window of the pane can fire any more.
  timestamp expiry_of(timestamp pane_start) const noexcept {
    return saturating_add(grid_.window_max(grid_.last_window(pane_start)), lateness_);
  }

  window_context context_of(timestamp start) const noexcept {
    return {{start, grid_.window_end(start)}, time_};
  }

  void fire(timestamp start, typename store::pane_map::iterator first) {
    auto context = context_of(start);
    collect_panes(first, context.window.end);
    auto max = context.window.max_timestamp();
    out_.set_time(max);
    detail::guarded(max, [&] {
      for (std::uint32_t i = 0; i < fired_panes_.front()->table.num_groups(); ++i) {
        if (store_->groups_differ() && store_->fired_through(i) >= max) continue;
        merged(i).for_each([&](const key& k, const accumulator& acc) {
          emitter_.emit(k, context, contents_.view_of(acc), out_);
        });
      }
    });
  }

  void collect_panes(typename store::pane_map::iterator first, timestamp end) {
    fired_panes_.clear();
    for (auto at = first; at != store_->panes().end() && in_window(at->first, end); ++at)
      fired_panes_.push_back(&at->second);
  }

  /// The accumulators of one key group over all panes at hand.
  const table_type& merged(std::uint32_t group) {
    if (fired_panes_.size() == 1) return fired_panes_.front()->table.group_at(group);
    scratch_.clear();
    for (auto* p : fired_panes_)
      std::as_const(p->table.group_at(group)).for_each([&](const key& k, const accumulator& acc) {
        auto [sum, fresh] = scratch_.find_or_insert(stable_hash(k), k, [&] { return acc; });
        if (!fresh) contents_.merge(*sum, acc);
      });
    return scratch_;
  }

  /// Fires the window for one key, whose late record has just been added.
  void fire_key(timestamp start, const key& k, std::uint64_t hash) {
    auto context = context_of(start);
    collect_panes(store_->panes().lower_bound(start), context.window.end);
    out_.set_time(context.window.max_timestamp());
    if (fired_panes_.size() == 1) {
      emitter_.emit(k, context, contents_.view_of(*fired_panes_.front()->table.find(hash, k)),
                    out_);
      return;
    }
    std::optional<accumulator> sum;
    for (auto* p : fired_panes_) {
      auto* acc = p->table.find(hash, k);
      if (!acc) continue;
      if (sum)
        contents_.merge(*sum, *acc);
      else
        sum = *acc;
    }
    emitter_.emit(k, context, contents_.view_of(*sum), out_);
  }

  key_access<T, KeyF> key_of_;
  Contents contents_;
  Emitter emitter_;
  pane_grid grid_;
  time_domain domain_;
  std::int64_t lateness_ = 0;
  late_records<T> late_;
  collector<Out> out_;
  std::optional<store> store_;

  timestamp time_ = min_timestamp;        ///< how far time has come
  timestamp next_window_ = max_timestamp; ///< start of the next window that may fire
  std::array<target_pane, 4> targets_;
  std::size_t next_target_ = 0;
  std::vector<pane_type*> fired_panes_;
  table_type scratch_;
};

} // namespace sluice::ops
