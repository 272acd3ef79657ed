#include "sluice/ops/watermarks.hpp"

namespace sluice::ops {

/// Remembers what one stream says of time and passes its records on.
class watermark_multiplexer::stream_output final : public assigned_output {
public:
  stream_output(watermark_multiplexer& owner, stream& of, std::vector<output_port>& ports)
    : owner_(owner), stream_(of), ports_(ports) {}

  void push(batch& b) override { ports_[0].push(b); }

  void watermark(timestamp w, bool exact) override {
    if (w <= stream_.watermark) return;
    stream_.watermark = w;
    owner_.update(ports_, exact);
  }

  void idle() override {
    stream_.idle = true;
    owner_.update(ports_, false);
  }

private:
  watermark_multiplexer& owner_;
  stream& stream_;
  std::vector<output_port>& ports_;
};

watermark_multiplexer::watermark_multiplexer(watermark_settings settings, const clock& time)
  : settings_(std::move(settings)), clock_(time) {}

watermark_multiplexer::stream& watermark_multiplexer::find_or_add(std::uint32_t id) {
  auto [at, fresh] = streams_.try_emplace(id);
  if (fresh) {
    if (settings_.make) at->second.assigner = settings_.make();
    if (settings_.idleness) at->second.last_activity = clock_.now();
  }
  return at->second;
}

void watermark_multiplexer::add(std::uint32_t id) { find_or_add(id); }

void watermark_multiplexer::process(std::uint32_t id, batch& b, std::vector<output_port>& ports) {
  if (b.empty()) return;
  auto& s = find_or_add(id);
  if (settings_.idleness) s.last_activity = clock_.now();
  if (s.idle || idle_) {
    s.idle = false;
    update(ports, false);
  }
  if (!s.assigner) {
    ports[0].push(b);
    return;
  }
  stream_output out(*this, s, ports);
  s.assigner->process(b, out);
}

void watermark_multiplexer::remove(std::uint32_t id, std::vector<output_port>& ports) {
  if (streams_.erase(id) > 0) update(ports, false);
}

std::optional<timestamp> watermark_multiplexer::check_idleness(std::vector<output_port>& ports) {
  if (!settings_.idleness) return std::nullopt;
  auto now = clock_.now();
  std::optional<timestamp> next;
  bool changed = false;
  for (auto& [id, s] : streams_) {
    if (s.idle) continue;
    auto deadline = saturating_add(s.last_activity, settings_.idleness->count());
    if (deadline <= now) {
      s.idle = changed = true;
    } else if (!next || deadline < *next) {
      next = deadline;
    }
  }
  if (changed) update(ports, false);
  return next;
}

void watermark_multiplexer::update(std::vector<output_port>& ports, bool exact) {
  if (streams_.empty()) return; // whoever ends last must not let time jump: end of input does
  auto least = max_timestamp;
  bool any_active = false;
  for (auto& [id, s] : streams_) {
    if (s.idle) continue;
    any_active = true;
    least = std::min(least, s.watermark);
  }
  if (any_active && least > emitted_) {
    emitted_ = least;
    for (auto& p : ports) p.watermark(least, exact);
  }
  if (any_active == idle_) {
    idle_ = !any_active;
    for (auto& p : ports) p.status(idle_);
  }
}

void watermark_operator::open(operator_context& context) {
  stream_operator::open(context);
  streams_.emplace(settings_, context.processing_clock());
  streams_->add(0);
  if (settings_.idleness)
    context.request_processing_time(
      saturating_add(context.processing_clock().now(), settings_.idleness->count()));
}

void watermark_operator::process(batch& b, std::uint32_t) {
  auto was_idle = streams_->idle();
  streams_->process(0, b, ports_);
  if (was_idle && settings_.idleness)
    context_->request_processing_time(
      saturating_add(context_->processing_clock().now(), settings_.idleness->count()));
}

void watermark_operator::on_watermark(timestamp w, bool exact) {
  if (w == max_timestamp) forward_watermark(w, exact);
}

void watermark_operator::on_status(bool) {
  // Idleness upstream says nothing here: this operator's own strategy decides.
}

void watermark_operator::on_processing_time(timestamp) {
  if (auto next = streams_->check_idleness(ports_)) context_->request_processing_time(*next);
}

} // namespace sluice::ops
