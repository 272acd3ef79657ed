#include "sluice/core/errors.hpp"
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/ops/window_grid.hpp"
#include "sluice/table/ops/window_groups.hpp"
#include "sluice/table/ops/window_progress.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::table {

namespace {

constexpr std::int64_t half_hour = std::int64_t{30} * 60 * 1'000'000;

/// GROUP BY windows.
///
/// Rows are added to slices, which windows share (so a row of HOP is added once), and slices are
/// added up by key when a window fires. The windows of CUMULATE that begin together have one slice
/// to which those that have fired are added. With DISTINCT, states cannot be added up: there each
/// window is a slice of its own.
class window_aggregate final : public stream_operator {
public:
  window_aggregate(window_aggregate_spec spec, time_zone zone)
    : spec_(std::move(spec)), zone_(std::move(zone)), grid_(spec_.window),
      distinct_(std::any_of(spec_.calls.begin(), spec_.calls.end(),
                            [](const aggregate_spec& c) { return c.distinct; })),
      single_(distinct_ || spec_.window.kind == window_kind::tumble) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    groups_.emplace(spec_, context, states_);
    progress_.emplace(context.key_groups());
    states_.add("progress", &*progress_);
    by_clock_ = spec_.window.processing_time && context.mode() != execution_mode::batch;
  }

  void restored() override {
    groups_->restored();
    progress_->restored();
    request_timer();
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    if (in.empty()) return;
    const auto* hashes = groups_->hashes(in);
    rows_.clear();
    slices_.clear();
    recent_begin_ = recent_end_ = 0;
    std::uint64_t late = 0;
    auto now = spec_.window.processing_time ? local(context_->processing_clock().now()) : 0;
    const auto* times = spec_.window.processing_time ? nullptr : &in.at(spec_.window.time_column);
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (times && times->is_null(i))
        throw error("a row has NULL as its time, so that it is in no window");
      auto time = times ? local(times->value<std::int64_t>(i)) : now;
      if (time >= recent_begin_ && time < recent_end_)
        add(static_cast<std::uint32_t>(i), recent_slice_);
      else
        late += assign(static_cast<std::uint32_t>(i), time, hashes[i]) ? 0 : 1;
      if (rows_.size() < 2 * default_batch_rows) continue;
      groups_->add(in, hashes, rows_, slices_);
      rows_.clear();
      slices_.clear();
    }
    groups_->add(in, hashes, rows_, slices_);
    if (late > 0) context_->count_late_records(late);
    request_timer();
  }

  void on_watermark(timestamp w, bool exact) override {
    if (!spec_.window.processing_time || w == max_timestamp) advance(w);
    forward_watermark(w, exact);
  }

  void on_processing_time(timestamp now) override {
    if (!by_clock_ || now == min_timestamp) return;
    if (!groups_->empty()) advance(now - 1);
    requested_ = max_timestamp;
    request_timer();
  }

  void finish() override { advance(max_timestamp); }

  void finish_keys() override {
    advance(max_timestamp);
    forget_keys();
  }

  void forget_keys() override {
    states_.clear();
    groups_->clear();
  }

private:
  std::int64_t local(std::int64_t t) const {
    return spec_.window.local_time ? zone_.to_local(t) : t;
  }

  /// When a window is over: the end itself, or the instant at which it is so late in the session's
  /// zone; the second one if clocks are put back.
  timestamp over_at(timestamp end) const {
    if (!spec_.window.local_time) return end;
    auto at = zone_.to_utc(end);
    for (auto again : {at + 2 * half_hour, at + half_hour})
      if (zone_.to_local(again) == end) return again;
    return at;
  }

  bool is_over(timestamp end, timestamp time) const {
    return time == max_timestamp || (time != min_timestamp && over_at(end) - 1 <= time);
  }

  bool has_fired(timestamp end, std::uint64_t hash) const {
    if (!progress_->groups_differ()) return is_over(end, progress_->time());
    return is_over(end, progress_->time_of(key_group_of(hash, context_->max_parallelism())));
  }

  void add(std::uint32_t row, std::int64_t slice) {
    rows_.push_back(row);
    slices_.push_back(slice);
  }

  /// False if all windows of the row have fired.
  bool assign(std::uint32_t row, timestamp time, std::uint64_t hash) {
    if (distinct_) {
      bool in_some = false;
      bool added = false;
      grid_.for_each_window(time, [&](timestamp end) {
        in_some = true;
        if (has_fired(end, hash)) return;
        add(row, end);
        added = true;
      });
      return added || !in_some;
    }
    auto slice = grid_.slice_end(time);
    if (!grid_.first_window(slice)) return true; // between windows
    if (has_fired(grid_.last_window(slice), hash)) return false;
    if (spec_.window.kind == window_kind::cumulate && has_fired(slice, hash))
      slice = first_of_cumulation(slice);
    add(row, slice);
    if (!progress_->groups_differ()) { // most rows are in the slice of the one before
      recent_end_ = grid_.slice_end(time);
      recent_begin_ = recent_end_ - grid_.slice();
      recent_slice_ = slice;
    }
    return true;
  }

  timestamp first_of_cumulation(timestamp end) const {
    return grid_.window_start(end) + grid_.step();
  }

  // -- firing -------------------------------------------------------------------------------------

  void advance(timestamp time) {
    if (time <= progress_->time()) return;
    auto fired = min_timestamp;
    while (!groups_->empty()) {
      auto end = next_window(groups_->first_slice(), fired);
      if (!end) {
        groups_->drop(groups_->first_slice());
      } else if (is_over(*end, time)) {
        fire(*end);
        fired = *end;
      } else {
        break;
      }
    }
    if (distinct_ && fired != min_timestamp) groups_->drop_distinct(fired);
    progress_->reach(time);
  }

  /// The first window of a slice that has not fired.
  std::optional<timestamp> next_window(std::int64_t slice, timestamp fired) const {
    auto end = single_ ? slice : *grid_.first_window(slice);
    auto last = single_ ? slice : grid_.last_window(slice);
    while (end <= last && (end <= fired || is_over(end, progress_->time()))) end += grid_.step();
    return end <= last ? std::optional(end) : std::nullopt;
  }

  void fire(timestamp end) {
    std::function<bool(key_group)> passes;
    if (progress_->groups_differ())
      passes = [&](key_group g) { return !is_over(end, progress_->time_of(g)); };
    auto first = end;
    if (!single_ && spec_.window.kind == window_kind::cumulate) {
      first = first_of_cumulation(end);
      groups_->merge_into(first, end);
      groups_->results(first, first, passes, taker_of(end));
      if (grid_.last_window(first) <= end) groups_->drop(first);
      return;
    }
    if (!single_) first = end - spec_.window.size + 1;
    groups_->results(first, end, passes, taker_of(end));
    while (!groups_->empty() && groups_->first_slice() <= end
           && (single_ || grid_.last_window(groups_->first_slice()) <= end))
      groups_->drop(groups_->first_slice());
  }

  detail::window_groups::taker taker_of(timestamp end) {
    return [this, end](std::vector<column_ptr> columns, std::size_t n) {
      for (auto property : spec_.properties) columns.push_back(property_of(property, end, n));
      out_.assign(std::move(columns), n);
      ports_[0].push(out_);
    };
  }

  column_ptr property_of(std::uint8_t property, timestamp end, std::size_t n) const {
    auto type = data_type::timestamp(3).not_null();
    auto value = end;
    if (property == 0) {
      value = grid_.window_start(end);
    } else if (property == 2) {
      value = end - detail::window_time_before_end;
      if (spec_.window.local_time) {
        value = zone_.to_utc(value);
        type = data_type::timestamp_ltz(3).not_null();
      }
    }
    column one(type);
    one.append(value);
    return column::constant(one, n);
  }

  void request_timer() {
    if (!by_clock_ || groups_->empty()) return;
    auto end = next_window(groups_->first_slice(), min_timestamp);
    auto at = end ? over_at(*end) : context_->processing_clock().now();
    if (at >= requested_) return;
    requested_ = at;
    context_->request_processing_time(at);
  }

  window_aggregate_spec spec_;
  time_zone zone_;
  detail::window_grid grid_;
  bool distinct_;
  bool single_; ///< each slice is a window
  bool by_clock_ = false;
  std::optional<detail::window_groups> groups_;
  std::optional<detail::window_progress> progress_;
  timestamp requested_ = max_timestamp;

  std::vector<std::uint32_t> rows_;
  std::vector<std::int64_t> slices_;
  timestamp recent_begin_ = 0; ///< rows in this time go to `recent_slice_`
  timestamp recent_end_ = 0;
  std::int64_t recent_slice_ = 0;
  columnar_batch out_;
};

} // namespace

operator_factory make_window_aggregate(window_aggregate_spec spec, operator_settings settings) {
  return [spec = std::move(spec), zone = settings.zone] {
    return std::make_unique<window_aggregate>(spec, zone);
  };
}

} // namespace sluice::table
