/// Assigning event timestamps and generating watermarks.
#pragma once

#include "sluice/core/errors.hpp"
#include "sluice/ops/operator.hpp"
#include "sluice/ops/record_loop.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

namespace sluice {

/// Where a watermark generator's watermarks go.
class watermark_output {
public:
  virtual ~watermark_output() = default;

  /// No record earlier than or at `w` is expected any more. Going back has no effect.
  virtual void emit_watermark(timestamp w) = 0;

  /// The stream has nothing to say about time until its next record.
  virtual void mark_idle() = 0;
};

/// A user's own way to generate watermarks. One per source split, or per subtask.
template <class T>
class watermark_generator {
public:
  virtual ~watermark_generator() = default;

  /// Called for each record. A watermark emitted here takes effect right behind this record.
  virtual void on_event(const T& record, timestamp time, watermark_output& out) = 0;

  /// Called now and then: after each batch of records.
  virtual void on_periodic_emit(watermark_output& out) = 0;
};

namespace ops {

/// What `watermark_assigner` talks to.
class assigned_output {
public:
  virtual ~assigned_output() = default;
  virtual void push(batch& b) = 0;
  virtual void watermark(timestamp w, bool exact) = 0;
  virtual void idle() = 0;
};

/// Timestamps and watermarks of one stream of records: of a split, or of a subtask.
class watermark_assigner {
public:
  virtual ~watermark_assigner() = default;

  /// Gives the records of `b` their timestamps and passes them on, with watermarks.
  virtual void process(batch& b, assigned_output& out) = 0;
};

using assigner_factory = std::function<std::unique_ptr<watermark_assigner>()>;

/// How to make assigners, and when a silent split counts as idle.
struct watermark_settings {
  assigner_factory make; ///< empty: no watermarks, timestamps as the source gives them
  std::optional<duration> idleness = std::nullopt;
};

/// Watermarks that trail the greatest timestamp by a fixed bound (0: monotonous timestamps).
template <class T, class TimeF>
class bounded_assigner final : public watermark_assigner {
public:
  bounded_assigner(TimeF time_of, duration bound)
    : time_of_(std::move(time_of)), bound_(bound.count()) {}

  void process(batch& b, assigned_output& out) override {
    auto& in = batch_as<T>(b);
    auto n = in.size();
    if (n == 0) return;
    auto had_times = in.has_timestamps();
    auto* times = in.make_timestamps();
    const auto* rows = in.data();
    auto greatest = greatest_;
    detail::for_each_record(b, n, [&](std::size_t i) {
      auto t = static_cast<timestamp>(time_of_(rows[i], had_times ? times[i] : min_timestamp));
      times[i] = t;
      greatest = t > greatest ? t : greatest;
    });
    auto advanced = greatest > greatest_;
    greatest_ = greatest;
    out.push(b);
    if (advanced) out.watermark(saturating_add(greatest, -bound_ - 1), false);
  }

private:
  TimeF time_of_;
  std::int64_t bound_;
  timestamp greatest_ = min_timestamp;
};

/// Timestamps without watermarks.
template <class T, class TimeF>
class timestamp_assigner final : public watermark_assigner {
public:
  explicit timestamp_assigner(TimeF time_of) : time_of_(std::move(time_of)) {}

  void process(batch& b, assigned_output& out) override {
    auto& in = batch_as<T>(b);
    auto had_times = in.has_timestamps();
    auto* times = in.make_timestamps();
    detail::for_each_record(b, in.size(), [&](std::size_t i) {
      times[i] = static_cast<timestamp>(time_of_(in[i], had_times ? times[i] : min_timestamp));
    });
    out.push(b);
  }

private:
  TimeF time_of_;
};

/// Watermarks by a user's generator; one given in `on_event` takes effect at once.
template <class T, class TimeF>
class custom_assigner final : public watermark_assigner, private watermark_output {
public:
  custom_assigner(TimeF time_of, std::unique_ptr<watermark_generator<T>> generator)
    : time_of_(std::move(time_of)), generator_(std::move(generator)) {
    if (!generator_) throw plan_error("for_generator(make): the function returned no generator");
  }

  void process(batch& b, assigned_output& out) override {
    auto& in = batch_as<T>(b);
    auto n = in.size();
    auto had_times = in.has_timestamps();
    auto* times = in.make_timestamps();
    std::size_t begin = 0;
    detail::for_each_record(b, n, [&](std::size_t i) {
      times[i] = static_cast<timestamp>(time_of_(in[i], had_times ? times[i] : min_timestamp));
      generator_->on_event(in[i], times[i], *this);
      if (!pending_) return;
      push_part(in, begin, i + 1, out);
      begin = i + 1;
      emit(out, true);
    });
    push_part(in, begin, n, out);
    detail::guarded({}, [&] { generator_->on_periodic_emit(*this); });
    emit(out, false);
    if (std::exchange(idle_, false)) out.idle();
  }

private:
  void emit_watermark(timestamp w) override {
    if (w > last_) pending_ = last_ = w;
  }
  void mark_idle() override { idle_ = true; }

  void push_part(typed_batch<T>& in, std::size_t begin, std::size_t end, assigned_output& out) {
    if (begin == end) return;
    if (begin == 0 && end == in.size()) {
      out.push(in);
      return;
    }
    part_.clear();
    part_.append_move(in, begin, end);
    out.push(part_);
  }

  void emit(assigned_output& out, bool exact) {
    if (pending_) out.watermark(*std::exchange(pending_, std::nullopt), exact);
  }

  TimeF time_of_;
  std::unique_ptr<watermark_generator<T>> generator_;
  typed_batch<T> part_;
  std::optional<timestamp> pending_;
  timestamp last_ = min_timestamp;
  bool idle_ = false;
};

/// Combines the watermarks of several streams (splits, or one) into their minimum over active ones,
/// and notices idleness. Owner: one operator.
class watermark_multiplexer {
public:
  watermark_multiplexer(watermark_settings settings, const clock& time);

  /// Sends the records of stream `id` on through the first of `ports`, and what time they tell
  /// through all.
  void process(std::uint32_t id, batch& b, std::vector<output_port>& ports);

  /// Stream `id` is known to exist, though nothing came from it yet: it holds time back.
  void add(std::uint32_t id);

  /// Stream `id` has ended: it does not hold back the others any more.
  void remove(std::uint32_t id, std::vector<output_port>& ports);

  /// Marks streams idle that were silent for too long. Returns when to look again.
  std::optional<timestamp> check_idleness(std::vector<output_port>& ports);

  /// What was sent on last.
  timestamp watermark() const noexcept { return emitted_; }

  bool empty() const noexcept { return streams_.empty(); }
  bool idle() const noexcept { return idle_; }

private:
  struct stream {
    std::unique_ptr<watermark_assigner> assigner;
    timestamp watermark = min_timestamp;
    timestamp last_activity = 0;
    bool idle = false;
  };

  class stream_output;

  stream& find_or_add(std::uint32_t id);
  void update(std::vector<output_port>& ports, bool exact);

  watermark_settings settings_;
  const clock& clock_;
  std::unordered_map<std::uint32_t, stream> streams_;
  timestamp emitted_ = min_timestamp;
  bool idle_ = false;
};

/// `assign_timestamps_and_watermarks` in the middle of a stream: what comes from upstream is
/// replaced, but for the watermark at the end of time.
class watermark_operator final : public stream_operator {
public:
  explicit watermark_operator(watermark_settings settings) : settings_(std::move(settings)) {}

  void open(operator_context& context) override;
  void process(batch& b, std::uint32_t input) override;
  void on_watermark(timestamp w, bool exact) override;
  void on_status(bool idle) override;
  void on_processing_time(timestamp now) override;

private:
  watermark_settings settings_;
  std::optional<watermark_multiplexer> streams_;
};

} // namespace ops
} // namespace sluice
