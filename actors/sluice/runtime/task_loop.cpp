/// Feedback loops: what an iteration head does besides passing records on.
///
/// The head never refuses what comes back, so a loop cannot block itself: it buffers. A loop over
/// bounded input is over when it is empty. To find out, the job has all heads of the loop send a
/// probe. It travels in the channels like a barrier and pushes every record in front of it; a task
/// passes it on when each of its inputs has brought it or has ended, a head (of a loop within the
/// loop, for example) when, besides, its buffer is empty. If it comes round to all heads, and no
/// record has come back to any since it sent its own, the loop is empty: a record that is still
/// under way behind the probes descends from one that a head got after it had sent its own. With
/// `max_idle`, a head sends the probe only when nothing has come back for that long.
#include "sluice/runtime/task.hpp"

#include <fmt/format.h>

namespace sluice::runtime {

void task::on_feedback(std::uint32_t channel, channel_element& e) {
  switch (e.kind) {
  case channel_element::type::records:
    came_back(channel, e.records.take());
    return;
  case channel_element::type::barrier:
    if (e.mark.kind == barrier_kind::checkpoint) {
      // A barrier that overtook may come round from another head before this one has started: what
      // follows it does not belong to the checkpoint, so that has to be taken now.
      if (e.mark.overtake_at != max_timestamp && e.mark.id > last_checkpoint_
          && e.mark.id > gate_.settled())
        arm_overtake(e.mark);
      if (logging_ && logging_->id == e.mark.id) {
        logging_->barrier_back.insert(channel);
        write_snapshot_if_complete();
      }
    } else {
      begin_round(e.mark.id);
      ++probes_back_;
      report_probed();
    }
    return;
  case channel_element::type::watermark:
  case channel_element::type::status:
  case channel_element::type::end_of_input:
    return; // a loop's own time and end say nothing new
  }
}

void task::came_back(std::uint32_t channel, std::unique_ptr<batch> b) {
  auto& head = chain_->node(0);
  if (phase_ >= phase::emptying && phase_ <= phase::finished)
    throw error(fmt::format("{} records came back after the loop had ended: {}", b->size(),
                            head.max_idle ? "an operator in the loop holds them for longer than "
                                            "iterate's max_idle, or emits them at its end"
                                          : "an operator in the loop emits them at the end of its "
                                            "input, or by a timer (see iterate's max_idle)"));
  came_back_ += b->size();
  if (head.max_idle) last_came_back_ = spec_.io->processing_clock().now();
  std::shared_ptr<const std::string> bytes;
  if (logging_ && !logging_->barrier_back.contains(channel)) {
    stored_batch logged;
    logged.bytes = bytes = encoded(*b, 0);
    logging_->loop.push_back(std::move(logged));
  }
  auto size = static_cast<std::int64_t>(b->bytes());
  loop_buffer_->push(std::move(b), std::move(bytes),
                     [this, channel, size] { return_credit(channel, size, batch_box{}); });
}

void task::run_loop_buffer() {
  while (may_produce()) {
    if (!loop_batch_) {
      if (!loop_buffer_->has_next()) break;
      loop_batch_ = loop_buffer_->take();
      loop_done_ = 0;
    }
    if (feed_slice(*loop_batch_, 0, loop_done_)) loop_batch_.reset();
  }
  if (loop_batch_ || loop_buffer_->has_next()) blocked_ = true;
  if (!loop_batch_ && loop_buffer_->empty() && probe_to_send_
      && (inputs_ended_ || probe_came_in_ == *probe_to_send_) && loop_is_quiet())
    send_pending_probe();
}

/// Whether nothing has come back for as long as the program wants; if not, looks again when it may
/// be so.
bool task::loop_is_quiet() {
  auto& max_idle = chain_->node(0).max_idle;
  if (!max_idle) return true;
  auto quiet_at = saturating_add(last_came_back_, max_idle->count());
  if (spec_.io->processing_clock().now() >= quiet_at) return true;
  request_timer(quiet_at);
  return false;
}

void task::on_probe_loop(probe_loop_msg m) {
  if (phase_ >= phase::emptying) return;
  probe_to_send_ = m.round;
  run();
}

void task::send_pending_probe() {
  auto round = *std::exchange(probe_to_send_, std::nullopt);
  begin_round(round);
  probe_sent_ = round;
  came_back_ = 0;
  forward_probe({round, barrier_kind::loop_probe, loop_of_head()});
  report_probed();
}

/// A probe may come round from another head before this one has sent its own.
void task::begin_round(std::uint64_t round) {
  if (std::exchange(probe_round_, round) != round) probes_back_ = 0;
}

void task::report_probed() {
  if (probe_sent_ != probe_round_ || probes_back_ < num_feedback_) return;
  probe_sent_ = 0;
  self_->send<caf::message_priority::high>(
    spec_.job, loop_probed_msg{spec_.attempt, spec_.id, probe_round_, came_back_});
}

std::uint32_t task::loop_of_head() const {
  auto& v = spec_.graph->vertices[spec_.id.vertex];
  for (auto index : v.inputs)
    if (spec_.graph->edges[index].feedback) return (*spec_.loops)[index];
  return no_loop;
}

void task::forward_probe(barrier mark) {
  auto& v = spec_.graph->vertices[spec_.id.vertex];
  for (auto& e : chain_->edges()) {
    auto index = v.outputs[static_cast<std::size_t>(&e - chain_->edges().data())];
    if ((*spec_.loops)[index] != mark.loop) continue;
    for (auto& c : e->channels()) c->control(mark);
  }
}

void task::on_end_loop() {
  if (phase_ != phase::running || !inputs_ended_) return;
  guarded([&] { finish_inputs(); });
  run();
}

} // namespace sluice::runtime
